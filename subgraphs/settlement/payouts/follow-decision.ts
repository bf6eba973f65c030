import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { reconcileStatementsOf } from '../statements/advance.ts';
import { lockArrivals } from './arrival.ts';
import { lockPayout, movePayout, type StoredPayout } from './change.ts';

const OF_PAYOUT = 'payout:';

/** Whether a difference is about a payout. @param groupKey of the difference */
export function isOfPayout(groupKey: string): boolean {
  return groupKey.startsWith(OF_PAYOUT);
}

/** Before a decision about a difference of a payout: it waits for news of payouts, which lock the payout before the difference. */
export async function lockForDecision(trx: Knex.Transaction, differenceId: string): Promise<void> {
  const about = await query(trx, `select 1 from settlement.difference where id = ? and starts_with(group_key, '${OF_PAYOUT}')`, [differenceId]); // biome-ignore format: one thought
  if (about.length > 0) await lockArrivals(trx);
}

/**
 * Has a payout that arrived short follow what people decided: it is PAID_SHORT once nothing of what it lacks is undecided, and
 * PARTIALLY_PAID when they take that back. Its statement is RECONCILED while nothing of it is undecided.
 *
 * @param groupKey of the difference that was decided about
 */
export async function followDecision(trx: Knex.Transaction, groupKey: string, actor: string): Promise<void> {
  const payout = await lockPayout(trx, groupKey.slice(OF_PAYOUT.length));
  if (!payout) return;
  await followShortage(trx, payout, groupKey, actor);
  await reconcileStatementsOf(trx, payout.id);
}

async function followShortage(
  trx: Knex.Transaction,
  payout: StoredPayout,
  groupKey: string,
  actor: string,
): Promise<void> {
  if (payout.state !== 'PARTIALLY_PAID' && payout.state !== 'PAID_SHORT') return;
  const [open] = await query(
    trx,
    `select 1 from settlement.difference where channel_code = ? and group_key = ? and state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED') limit 1`,
    [payout.channelCode, groupKey],
  );
  const [to, note] = open ? (['PARTIALLY_PAID', 'what is missing is open again'] as const) : (['PAID_SHORT', 'what is missing was given up'] as const); // biome-ignore format: one thought
  await movePayout(trx, payout, to, actor, note);
}
