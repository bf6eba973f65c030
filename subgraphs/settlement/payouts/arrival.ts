import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { formatAmount } from '../../../platform/money.ts';
import { appendEntries } from '../ledger/append.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import type { FoundDifference } from '../matching/model.ts';
import { undoDecisions } from '../matching/store.ts';
import { storeDifferences } from '../matching/store-differences.ts';
import { bookSent, lockPayout, type StoredPayout } from './change.ts';

/**
 * Payouts `c` that the channel may take off payout `p`: what earlier settlements owe it and no payout has settled. Those
 * that are taken off it already count too.
 */
export const CARRIED = `c.channel_code = p.channel_code and c.currency_code = p.currency_code and c.state = 'CARRIED_FORWARD'
  and (c.carried_into is null or c.carried_into = p.id)
  and (c.scheduled_at is null or p.scheduled_at is null or c.scheduled_at <= p.scheduled_at)`;

/**
 * Has news of payouts taken one at a time: two that match at once would give one payout two receipts. Locks the differences
 * that may be looked at again too, because they come before the ledger's head. Held until the transaction ends.
 */
export async function lockArrivals(trx: Knex.Transaction): Promise<void> {
  await query(trx, `select pg_advisory_xact_lock(hashtext('settlement.receipts'))`);
  await query(
    trx,
    `select id from settlement.difference where account = 'payout-in-transit' and state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED') order by id for update`,
  );
}

/**
 * Compares what arrived of a payout with what was announced, less what was carried forward where that explains it. What is
 * left is a difference, and one that later news explains closes by itself: so it does not matter what came first.
 *
 * @returns what arrived less what was to arrive; minor units
 */
export async function judgeArrival(
  trx: Knex.Transaction,
  rules: PostingRules,
  payoutId: string,
  actor: string,
): Promise<bigint> {
  const payout = await lockPayout(trx, payoutId);
  const [receipt] = await query<{ minor: string; bookedOn: string }>(
    trx,
    `select amount_minor as minor, to_char(booked_on, 'YYYY-MM-DD') as "bookedOn" from settlement.bank_receipt where payout_id = ? limit 1`,
    [payoutId],
  );
  if (!payout || !receipt) return 0n;
  const received = BigInt(receipt.minor);
  const carried = await query<{ id: string; minor: string }>(
    trx,
    `select c.id, c.amount_minor as minor from settlement.payout c join settlement.payout p on ${CARRIED} where p.id = ? order by c.id`,
    [payoutId],
  );
  const carriedMinor = carried.reduce((sum, { minor }) => sum + BigInt(minor), 0n);
  const isCarried = carriedMinor !== 0n && received === payout.amountMinor + carriedMinor;
  const differenceMinor = isCarried ? 0n : received - payout.amountMinor;
  const found = differenceMinor === 0n ? [] : [differenceOf(payout, received, differenceMinor, receipt.bookedOn)];
  const { overtaken } = await storeDifferences(trx, payout.channelCode, [`payout:${payoutId}`], found);
  const undone = await undoDecisions(trx, overtaken);
  if (isCarried) await takeOff(trx, rules, payoutId, carried, { bookedAt: dayOf(receipt.bookedOn), actor });
  await appendEntries(trx, rules, undone);
  return differenceMinor;
}

/** Looks again at payouts of a channel whose money differs: what was carried forward may have come to light since. */
export async function judgeDiffering(
  trx: Knex.Transaction,
  rules: PostingRules,
  channelCode: string,
  actor: string,
): Promise<void> {
  const differing = await query<{ id: string }>(
    trx,
    `select p.id from settlement.payout p join settlement.difference d on d.channel_code = p.channel_code and d.group_key = 'payout:' || p.id
     where p.channel_code = ? and p.state = 'PAID' and d.state <> 'RESOLVED' order by p.id`,
    [channelCode],
  );
  for (const { id } of differing) await judgeArrival(trx, rules, id, actor);
}

async function takeOff(
  trx: Knex.Transaction,
  rules: PostingRules,
  payoutId: string,
  carried: readonly { readonly id: string }[],
  options: { readonly bookedAt: Date; readonly actor: string },
): Promise<void> {
  for (const { id } of carried) {
    await change(trx, 'update settlement.payout set carried_into = ? where id = ?', [payoutId, id]);
    const taken = await lockPayout(trx, id);
    if (taken) await bookSent(trx, rules, taken, taken.amountMinor, options);
  }
}

function differenceOf(
  payout: StoredPayout,
  received: bigint,
  differenceMinor: bigint,
  bookedOn: string,
): FoundDifference {
  const { currencyCode, statementId, amountMinor } = payout;
  const say = (minor: bigint) => `${formatAmount({ amountMinor: minor, currencyCode })} ${currencyCode}`;
  return {
    scope: 'arrival',
    rawKey: `payout:${payout.id}`,
    reason: 'AMOUNT_DIFFERENCE',
    account: 'payout-in-transit',
    expectedMinor: amountMinor,
    actualMinor: received,
    differenceMinor,
    currencyCode,
    orderId: null,
    channelOrderId: null,
    sku: null,
    statementId,
    explanation: `The channel announced a payout of ${say(amountMinor)}; ${say(received)} arrived at the bank on ${bookedOn}.`,
  };
}

/** @param day YYYY-MM-DD */
export function dayOf(day: string): Date {
  return new Date(`${day}T00:00:00Z`);
}
