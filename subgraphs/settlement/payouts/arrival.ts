import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { appendEntries } from '../ledger/append.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import type { FoundDifference } from '../matching/model.ts';
import { undoDecisions } from '../matching/store.ts';
import { type DifferenceState, differenceIdOf, storeDifferences } from '../matching/store-differences.ts';
import { reconcileStatementsOf } from '../statements/advance.ts';
import { bookSent, lockPayout, movePayout, type StoredPayout } from './change.ts';
import { judgePayout, type PayoutFacts } from './expected.ts';
import { type Arrived, differencesOf } from './explain.ts';
import { hasArrived, leadsTo, type PayoutState } from './states.ts';
import { readTakenOff, shareOutCarried } from './take-off.ts';

/**
 * Has news of payouts taken one at a time, and decisions about them: two that match at once would give one payout two receipts.
 * Locks the differences that may be looked at again too, because they come before the ledger's head. Held until the transaction ends.
 */
export async function lockArrivals(trx: Knex.Transaction): Promise<void> {
  await query(trx, `select pg_advisory_xact_lock(hashtext('settlement.receipts'))`);
  await query(
    trx,
    `select id from settlement.difference where starts_with(group_key, 'payout:') and state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED') order by id for update`,
  );
}

/**
 * Compares the statement of a payout, what was taken off it, what the channel announced, and what arrived; and that of others,
 * where what is known now says that something was taken off otherwise. What is left is a difference, and one that later news
 * explains closes by itself: so it does not matter what came first.
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
  if (!payout) return 0n;
  // Before anything is shared out: what came back announces nothing, and nothing that was taken off it is on its way.
  await comeBackIfTakenBack(trx, rules, payout, actor);
  const others = await shareOutCarried(trx, rules, payout, actor);
  for (const id of others) if (id !== payoutId) await judgeAlone(trx, rules, id, actor, 'taken off otherwise');
  return judgeAlone(trx, rules, payoutId, actor, note);
}

/** The payout is PARTIALLY_PAID until all of it arrived, or PAID_SHORT once people gave up what did not. */
async function judgeAlone(
  trx: Knex.Transaction,
  rules: PostingRules,
  payoutId: string,
  actor: string,
  note: string,
): Promise<bigint> {
  const payout = await lockPayout(trx, payoutId);
  if (!payout || payout.state === 'CARRIED_FORWARD') return 0n;
  const [told] = await query<Arrived>(
    trx,
    `select sum(counted_minor)::text as minor, sum(counted_minor) filter (where amount_minor > 0)::text as "creditedMinor", count(*) filter (where amount_minor > 0)::int as credits,
       to_char(coalesce(max(booked_on) filter (where amount_minor > 0), max(booked_on)), 'YYYY-MM-DD') as "bookedOn",
       to_char(max(booked_on) filter (where amount_minor < 0), 'YYYY-MM-DD') as "takenBackOn",
       coalesce(jsonb_agg(jsonb_build_object('minor', amount_minor::text, 'currencyCode', currency_code) order by booked_on, id) filter (where payout_minor > 0), '[]') as converted
     from settlement.bank_receipt where payout_id = ? having count(*) > 0`,
    [payoutId],
  );
  const arrived = told?.minor === '0' ? undefined : told;
  const facts: PayoutFacts = {
    statementMinor: payout.amountMinor,
    announcedMinor: announces(payout, arrived !== undefined) ? payout.announcedMinor : null,
    receivedMinor: arrived ? BigInt(arrived.minor) : isMissing(payout) ? 0n : null,
  };
  const takenMinor = (await readTakenOff(trx, payoutId)).reduce((sum, { minor }) => sum + minor, 0n);
  const verdict = judgePayout(facts, takenMinor);
  const found = await asDecided(trx, differencesOf(payout, facts, takenMinor, verdict, arrived), payout.channelCode);
  const { states, overtaken } = await storeDifferences(trx, payout.channelCode, [`payout:${payoutId}`], found);
  if (arrived || (!told && hasArrived(payout.state)))
    await movePayout(trx, payout, stateOf(arrived, verdict.arrivedOffMinor, [...states.values()]), actor, note);
  await reconcileStatementsOf(trx, payoutId);
  await appendEntries(trx, rules, await undoDecisions(trx, overtaken));
  return verdict.arrivedOffMinor;
}

/**
 * A payout of which the bank took all money back is FAILED, as one that the channel says came back: it has to be sent again. Older news
 * of the channel count no more; what it said later counts now.
 */
async function comeBackIfTakenBack(
  trx: Knex.Transaction,
  rules: PostingRules,
  payout: StoredPayout,
  actor: string,
): Promise<void> {
  if (!hasArrived(payout.state)) return;
  const [gone] = await query<{ day: string }>(
    trx,
    `select to_char(coalesce(max(booked_on) filter (where amount_minor < 0), max(booked_on)), 'YYYY-MM-DD') as day
     from settlement.bank_receipt where payout_id = ? having sum(counted_minor) = 0`,
    [payout.id],
  );
  if (!gone) return;
  await movePayout(trx, payout, 'FAILED', actor, `the bank took it back on ${gone.day}`);
  await change(trx, `update settlement.payout set told_at = greatest(told_at, ?::date + interval '1 day'), missing_since = null where id = ?`, [gone.day, payout.id]); // biome-ignore format: one thought
  const to = newestWord(payout, gone.day);
  const isSent = to === 'IN_TRANSIT';
  if (to !== null)
    await movePayout(trx, { ...payout, state: 'FAILED' }, to, actor, `the channel says ${payout.toldStatus}`);
  await bookSent(trx, rules, payout, isSent ? payout.amountMinor : 0n, { bookedAt: dayOf(gone.day), actor });
}

const DAY = 86_400_000;

/**
 * Where the channel's newest word puts a payout, with a date and later than the day on which the bank took its money back. Null where there is none.
 *
 * @param takenBackOn YYYY-MM-DD; null where the bank took nothing back
 */
export function newestWord({ toldAt, toldStatus }: StoredPayout, takenBackOn: string | null): PayoutState | null {
  if (toldAt === null || toldStatus === null) return null;
  const isOlder = takenBackOn !== null && toldAt.getTime() <= dayOf(takenBackOn).getTime() + DAY;
  return isOlder ? null : leadsTo(toldStatus);
}

/**
 * Whether what the channel announced counts. One that is not paid announces nothing, unless the bank shows money of it all the same: the
 * first money of one that failed is compared as all later news will compare it. Without its statement there is nothing to compare it with.
 */
export function announces({ statementId, state }: StoredPayout, hasMoney: boolean): boolean {
  return statementId !== null && (hasMoney || (state !== 'FAILED' && state !== 'CANCELLED'));
}

/** Whether nothing of a payout came in the time that it had, and nobody says that nothing comes. */
function isMissing({ state, missingSince }: StoredPayout): boolean {
  return missingSince !== null && (state === 'SCHEDULED' || state === 'IN_TRANSIT' || state === 'FAILED');
}

function stateOf(arrived: Arrived | undefined, offMinor: bigint, states: readonly DifferenceState[]): PayoutState {
  if (!arrived) return 'IN_TRANSIT';
  if (offMinor >= 0n) return 'PAID';
  return states.every((state) => state === 'RESOLVED' || state === 'WRITTEN_OFF') ? 'PAID_SHORT' : 'PARTIALLY_PAID';
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
  // What nobody sent stands on another account than what was decided about.
  if (!only || more.length > 0 || only.scope === 'unsent') return [...found];
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

/** @param day YYYY-MM-DD */
export function dayOf(day: string): Date {
  return new Date(`${day}T00:00:00Z`);
}
