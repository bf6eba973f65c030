import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { formatAmount } from '../../../platform/money.ts';
import { appendEntries } from '../ledger/append.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import type { FoundDifference } from '../matching/model.ts';
import { undoDecisions } from '../matching/store.ts';
import { differenceIdOf, storeDifferences } from '../matching/store-differences.ts';
import { bookSent, lockPayout, movePayout, type StoredPayout } from './change.ts';
import { judgePayout, type PayoutVerdict } from './expected.ts';
import { hasArrived } from './states.ts';

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
 * Compares the statement of a payout, what the channel announced, and what arrived (see `judgePayout`). What is left is a
 * difference, and one that later news explains closes by itself: so it does not matter what came first. The payout is
 * PARTIALLY_PAID until all of it arrived.
 *
 * @param note why it is looked at, for the payout's moves
 * @returns what arrived less what was to arrive; minor units
 */
export async function judgeArrival(
  trx: Knex.Transaction,
  rules: PostingRules,
  payoutId: string,
  actor: string,
  note = 'compared again',
): Promise<bigint> {
  const payout = await lockPayout(trx, payoutId);
  const [receipt] = await query<Arrived>(
    trx,
    `select sum(amount_minor)::text as minor, count(*)::int as credits, to_char(max(booked_on), 'YYYY-MM-DD') as "bookedOn"
     from settlement.bank_receipt where payout_id = ? having count(*) > 0`,
    [payoutId],
  );
  if (!payout || payout.state === 'CARRIED_FORWARD') return 0n;
  const carried = await query<{ id: string; minor: string; taken: boolean }>(
    trx,
    `select c.id, c.amount_minor as minor, c.carried_into is not null as taken
     from settlement.payout c join settlement.payout p on ${CARRIED} where p.id = ? order by c.id`,
    [payoutId],
  );
  const sumOf = (rows: typeof carried) => rows.reduce((sum, { minor }) => sum + BigInt(minor), 0n);
  const owed = carried.filter(({ taken }) => !taken);
  // One that is not paid announces nothing, and without its statement there is nothing to compare the announcement with.
  const announces = payout.statementId !== null && payout.state !== 'FAILED' && payout.state !== 'CANCELLED';
  const announcedMinor = announces ? payout.announcedMinor : null;
  const verdict = judgePayout({
    statementMinor: payout.amountMinor + sumOf(carried.filter(({ taken }) => taken)),
    carriedMinor: sumOf(owed),
    announcedMinor,
    receivedMinor: receipt ? BigInt(receipt.minor) : null,
  });
  const state = receipt ? (verdict.arrivedOffMinor < 0n ? 'PARTIALLY_PAID' : 'PAID') : 'IN_TRANSIT';
  if (receipt || hasArrived(payout.state)) await movePayout(trx, payout, state, actor, note);
  const found = await asDecided(trx, differencesOf(payout, { ...verdict, carriedMinor: sumOf(carried), takenMinor: sumOf(carried) - sumOf(owed), announcedMinor }, receipt), payout.channelCode); // biome-ignore format: one thought
  const { overtaken } = await storeDifferences(trx, payout.channelCode, [`payout:${payoutId}`], found);
  const undone = await undoDecisions(trx, overtaken);
  if (verdict.isCarried && receipt)
    await takeOff(trx, rules, payoutId, owed, { bookedAt: dayOf(receipt.bookedOn), actor });
  await appendEntries(trx, rules, undone);
  return verdict.arrivedOffMinor;
}

/**
 * What people decided about an amount that is missing holds whichever of bank and channel said it first: the one then confirms
 * the other, and it is no other difference.
 */
async function asDecided(
  trx: Knex.Transaction,
  found: readonly FoundDifference[],
  channelCode: string,
): Promise<FoundDifference[]> {
  const [only, ...more] = found;
  if (!only || more.length > 0) return [...found];
  const other = { ...only, scope: only.scope === 'arrival' ? 'announcement' : 'arrival' };
  const decided = await query(
    trx,
    `select 1 from settlement.difference d join settlement.decision c on c.exception_id = d.id and c.state in ('PROPOSED', 'TAKEN') and c.resolution <> 'REOPEN'
     where d.id = ? and d.difference_minor = ? and d.state <> 'OPEN' limit 1`,
    [differenceIdOf(channelCode, other), only.differenceMinor.toString()],
  );
  return [decided.length > 0 ? other : only];
}

/** Looks again at payouts of a channel that differ: what was carried forward may have come to light since. */
export async function judgeDiffering(
  trx: Knex.Transaction,
  rules: PostingRules,
  channelCode: string,
  actor: string,
): Promise<void> {
  const differing = await query<{ id: string }>(
    trx,
    `select distinct p.id from settlement.payout p join settlement.difference d on d.channel_code = p.channel_code and d.group_key = 'payout:' || p.id
     where p.channel_code = ? and d.state <> 'RESOLVED' order by p.id`,
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

/** What arrived of a payout in all, in how many credits, and when the last of them. */
interface Arrived {
  readonly minor: string;
  readonly credits: number;
  readonly bookedOn: string;
}

function differencesOf(
  payout: StoredPayout,
  verdict: PayoutVerdict & {
    readonly carriedMinor: bigint;
    readonly takenMinor: bigint;
    readonly announcedMinor: bigint | null;
  },
  receipt: Arrived | undefined,
): FoundDifference[] {
  const { currencyCode, statementId, amountMinor } = payout;
  const { carriedMinor, takenMinor, announcedMinor, expectedMinor, arrivedOffMinor, announcedOffMinor } = verdict;
  const say = (minor: bigint) => `${formatAmount({ amountMinor: minor, currencyCode })} ${currencyCode}`;
  const difference = (scope: string, expected: bigint, actual: bigint, explanation: string): FoundDifference => ({
    scope,
    rawKey: `payout:${payout.id}`,
    reason: 'AMOUNT_DIFFERENCE',
    account: 'payout-in-transit',
    expectedMinor: expected,
    actualMinor: actual,
    differenceMinor: actual - expected,
    currencyCode,
    orderId: null,
    channelOrderId: null,
    sku: null,
    statementId,
    explanation,
  });
  // Whether the channel took off what is owed to it cannot be told from a sum that something else is missing of too.
  const owedMinor = carriedMinor - takenMinor;
  const splits = !verdict.isCarried && announcedMinor === null && owedMinor < 0n && arrivedOffMinor < owedMinor;
  const parts = splits
    ? `: ${say(-arrivedOffMinor)} short, of which ${say(-owedMinor)} may have been taken off for those and ${say(owedMinor - arrivedOffMinor)} is not explained`
    : '';
  const plain = carriedMinor === 0n && (announcedMinor === null || announcedMinor === amountMinor);
  const said = plain
    ? `${announcedMinor === null && statementId !== null ? 'The statement pays' : 'The channel announced a payout of'} ${say(amountMinor)}`
    : [
        `The statement pays ${say(amountMinor)}`,
        ...(carriedMinor === 0n
          ? []
          : [
              `${say(carriedMinor)} ${verdict.isCarried || takenMinor !== 0n ? 'was carried forward from earlier settlements' : 'is owed to the channel from earlier settlements, and nothing says that it was taken off'}`,
            ]),
        ...(announcedMinor === null ? [] : [`the channel announced a payout of ${say(announcedMinor)}`]),
      ].join('; ');
  const arrived = receipt && `${say(BigInt(receipt.minor))} arrived at the bank ${receipt.credits === 1 ? 'on' : `in ${receipt.credits} credits, the last on`} ${receipt.bookedOn}`; // biome-ignore format: a sentence
  return [
    ...(receipt === undefined || arrivedOffMinor === 0n
      ? []
      : [difference('arrival', expectedMinor, BigInt(receipt.minor), `${said}; ${arrived}${parts}.`)]),
    ...(announcedOffMinor === 0n
      ? []
      : [difference('announcement', expectedMinor - announcedOffMinor, expectedMinor, `${said}${arrived ? `; ${arrived}` : ''}: nothing explains that it announced another amount.`)]),
  ]; // biome-ignore format: a table
}

/** @param day YYYY-MM-DD */
export function dayOf(day: string): Date {
  return new Date(`${day}T00:00:00Z`);
}
