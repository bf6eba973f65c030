import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { judgeArrival, lockArrivals } from './arrival.ts';
import { bookSent, lockPayout } from './change.ts';

/**
 * Judges payouts anew that a version before judged by what was told first, each once: a migration marks them. What people decided about
 * an amount that is another now is open again, as with any later news.
 *
 * @returns how many payouts were looked at
 */
export async function lookAgainAtPayouts(knex: Knex, rules: PostingRules): Promise<number> {
  const marked = await query<{ id: string }>(knex, 'select id from settlement.payout where look_again order by id');
  for (const { id } of marked)
    await inTransaction(knex, async (trx) => {
      await lockArrivals(trx);
      const payout = await lockPayout(trx, id);
      // What the channel sent is on its way, also where its statement was taken back in between.
      if (payout?.state === 'IN_TRANSIT')
        await bookSent(trx, rules, payout, payout.amountMinor, { bookedAt: new Date(), actor: 'system' });
      await judgeArrival(trx, rules, id, 'system');
      await change(trx, 'update settlement.payout set look_again = false where id = ?', [id]);
    });
  return marked.length;
}
