import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { judgeArrival, lockArrivals, newestWord } from './arrival.ts';
import { bookSent, lockPayout, movePayout } from './change.ts';

/**
 * Judges payouts anew that a version before judged by what was told first, each once: a migration marks them. One of which there is no money
 * goes where the channel's newest word leads. What people decided about an amount that is another now is open again, as with any later news.
 *
 * @returns how many payouts were looked at
 */
export async function lookAgainAtPayouts(knex: Knex, rules: PostingRules): Promise<number> {
  const marked = await query<{ id: string }>(knex, 'select id from settlement.payout where look_again order by id');
  for (const { id } of marked)
    await inTransaction(knex, async (trx) => {
      await lockArrivals(trx);
      await followNewestWord(trx, rules, id);
      await judgeArrival(trx, rules, id, 'system');
      await change(trx, 'update settlement.payout set look_again = false where id = ?', [id]);
    });
  return marked.length;
}

const UNPAID = ['IN_TRANSIT', 'FAILED', 'CANCELLED'];

async function followNewestWord(trx: Knex.Transaction, rules: PostingRules, id: string): Promise<void> {
  const payout = await lockPayout(trx, id);
  if (!payout || !UNPAID.includes(payout.state)) return;
  const [gone] = await query<{ day: string | null }>(
    trx,
    `select to_char(max(booked_on), 'YYYY-MM-DD') as day from settlement.bank_receipt where payout_id = ? and amount_minor < 0`,
    [id],
  );
  const to = newestWord(payout, gone?.day ?? null) ?? payout.state;
  await movePayout(trx, payout, to, 'system', `the channel says ${payout.toldStatus}`);
  // What the channel sent is on its way, also where its statement was taken back in between.
  const sentMinor = to === 'IN_TRANSIT' ? payout.amountMinor : 0n;
  await bookSent(trx, rules, payout, sentMinor, { bookedAt: payout.toldAt ?? new Date(), actor: 'system' });
}
