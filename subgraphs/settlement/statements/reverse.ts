import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { LINES_PER_BLOCK } from '../matching/due.ts';
import { lockJudging } from '../matching/judge-due.ts';
import { judgeArrival, lockArrivals } from '../payouts/arrival.ts';
import { bookSent, lockPayout, movePayout } from '../payouts/change.ts';

/** Why a settlement cannot be taken back. */
export interface ReversalObstacle {
  readonly code: 'NOT_FOUND' | 'ALREADY_REVERSED' | 'PAYOUT_SETTLED';
  readonly message: string;
}

/**
 * Locks a settlement for its reversal, in the order of the matching: judging, payouts and differences, ledger.
 *
 * @returns why it cannot be taken back; null when it can
 */
export async function lockForReversal(trx: Knex.Transaction, id: string): Promise<ReversalObstacle | null> {
  await lockJudging(trx);
  await lockArrivals(trx);
  const [statement] = await query<{ state: string; settled: boolean }>(
    trx,
    `select s.state, exists (
       select from settlement.payout p where p.statement_id = s.id and (p.state in ('PAID', 'PAID_SHORT', 'PARTIALLY_PAID')
         or exists (select from settlement.bank_receipt r where r.payout_id = p.carried_into))) as settled
     from settlement.statement s where s.id = ? and s.state <> 'LOADING' for update`,
    [id],
  );
  if (!statement) return { code: 'NOT_FOUND', message: `There is no settlement ${id}.` };
  if (statement.state === 'REVERSED') return { code: 'ALREADY_REVERSED', message: `${id} is reversed already.` };
  if (!statement.settled) return null;
  return {
    code: 'PAYOUT_SETTLED',
    message: `The bank has settled the payout of ${id}, so it cannot be reversed. Decide about its differences (reconciliationExceptionResolve), or have the channel correct it in its next statement.`,
  };
}

/**
 * Takes a settlement back, so that the channel's corrected file can be taken in. It counts in nothing from then on; its
 * orders and lines are due, and the matching reverses what it posted, closes its differences and undoes their decisions.
 * The file, its lines and the entries stay. Its payout waits for the corrected statement. What the ERP has of it is not
 * touched either: the reversals reach it in a voucher of their own. Entries of a closed month are reversed in the next open one.
 *
 * @param actor who answers for it
 */
export async function reverseStatement(
  trx: Knex.Transaction,
  rules: PostingRules,
  id: string,
  actor: string,
): Promise<void> {
  const payouts = await query<{ id: string }>(trx, 'select id from settlement.payout where statement_id = ? order by id', [id]); // biome-ignore format: one thought
  await change(trx, `update settlement.statement set state = 'REVERSED' where id = ?`, [id]);
  await undoMatchesByHand(trx, id);
  await lookAgainAtLines(trx, id);
  for (const { id: payoutId } of payouts) {
    const carried = await lockPayout(trx, payoutId);
    if (carried?.state === 'CARRIED_FORWARD')
      await movePayout(trx, carried, 'SCHEDULED', actor, 'its statement was taken back');
    await change(
      trx,
      `update settlement.payout set statement_id = null, amount_minor = coalesce(announced_minor, 0), changed_at = clock_timestamp() where id = ?`,
      [payoutId],
    );
    // Last: it holds the ledger's lock until the end of the transaction. What the channel sent is on its way as it was before the statement.
    const payout = await lockPayout(trx, payoutId);
    const isSent = payout?.state === 'IN_TRANSIT';
    if (payout) await bookSent(trx, rules, payout, isSent ? payout.amountMinor : 0n, { bookedAt: new Date(), actor, anew: isSent }); // biome-ignore format: one thought
    await judgeArrival(trx, rules, payoutId, actor);
  }
}

/** Orders that lines were given to are looked at again too; the decisions end, and comparing reverses what they posted. */
async function undoMatchesByHand(trx: Knex.Transaction, id: string): Promise<void> {
  await change(
    trx,
    `with gone as (delete from settlement.manual_match where statement_id = ? returning order_id, decision_id),
     due as (
       insert into settlement.match_due (channel_code, order_key)
       select distinct o.channel_code, coalesce(o.channel_order_id, o.number) from gone g join settlement.channel_order o using (order_id) order by 1, 2)
     update settlement.decision d set state = 'UNDONE', settled_at = clock_timestamp() from gone g
     where d.id = g.decision_id and not exists (select from settlement.manual_match m where m.decision_id = d.id and m.statement_id <> ?)`,
    [id, id],
  );
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
