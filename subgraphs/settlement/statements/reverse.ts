import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { CommerceError } from '../../../platform/errors.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { LINES_PER_BLOCK } from '../matching/due.ts';
import { lockJudging } from '../matching/judge-due.ts';
import { judgeArrival, lockArrivals } from '../payouts/arrival.ts';
import { bookSent, lockPayout } from '../payouts/change.ts';

/**
 * Takes a settlement back, so that the channel's corrected file can be taken in. It counts in nothing from then on; its
 * orders and lines are due, and the matching reverses what it posted, closes its differences and undoes their decisions.
 * The file, its lines and the entries stay. Its payout waits for the corrected statement.
 *
 * Locks in the order of the matching: judging, payouts and differences, ledger.
 *
 * @param actor who answers for it
 * @throws CommerceError NOT_FOUND; BAD_USER_INPUT when it is reversed already, or its money is at the bank: then what the
 *   corrected file says differently is decided about by hand
 */
export async function reverseStatement(
  trx: Knex.Transaction,
  rules: PostingRules,
  id: string,
  actor: string,
): Promise<void> {
  await lockJudging(trx);
  await lockArrivals(trx);
  const [statement] = await query<{ state: string }>(
    trx,
    `select state from settlement.statement where id = ? and state <> 'LOADING' for update`,
    [id],
  );
  if (!statement) throw new CommerceError('NOT_FOUND', `There is no settlement ${id}.`);
  if (statement.state === 'REVERSED') throw new CommerceError('BAD_USER_INPUT', `${id} is reversed already.`);
  const payouts = await query<{ id: string; settled: boolean }>(
    trx,
    `select p.id, p.state = 'PAID' or p.carried_into is not null as settled from settlement.payout p where p.statement_id = ? order by p.id`,
    [id],
  );
  if (payouts.some(({ settled }) => settled))
    throw new CommerceError(
      'BAD_USER_INPUT',
      `The bank has settled the payout of ${id}, so it cannot be reversed. Decide about its differences (reconciliationExceptionResolve), or have the channel correct it in its next statement.`,
    );
  await change(trx, `update settlement.statement set state = 'REVERSED' where id = ?`, [id]);
  await change(trx, 'delete from settlement.manual_match where statement_id = ?', [id]);
  await lookAgainAtLines(trx, id);
  for (const { id: payoutId } of payouts) {
    const payout = await lockPayout(trx, payoutId);
    // Last: it holds the ledger's lock until the end of the transaction.
    if (payout) await bookSent(trx, rules, payout, 0n, { bookedAt: new Date(), actor });
    await change(
      trx,
      `update settlement.payout set statement_id = null, amount_minor = coalesce(announced_minor, 0), changed_at = clock_timestamp(),
         state = case state when 'CARRIED_FORWARD' then 'SCHEDULED' else state end where id = ?`,
      [payoutId],
    );
    await judgeArrival(trx, rules, payoutId, actor);
  }
}

async function lookAgainAtLines(trx: Knex.Transaction, id: string): Promise<void> {
  await change(
    trx,
    `insert into settlement.match_due (channel_code, order_key)
     select distinct channel_code, key from settlement.statement_line
     cross join lateral (values (channel_order_id), (merchant_order_id)) as k(key) where statement_id = ? and key is not null order by key`,
    [id],
  );
  await change(
    trx,
    `insert into settlement.match_due (channel_code, statement_id, block)
     select distinct channel_code, statement_id, line_number / ? from settlement.statement_line
     where statement_id = ? and coalesce(channel_order_id, merchant_order_id) is null`,
    [LINES_PER_BLOCK, id],
  );
}
