import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { type Carried, type Claimant, shareOut } from './carried.ts';
import { bookSent, lockPayout, type StoredPayout } from './change.ts';
import type { PayoutState } from './states.ts';

/** A carried settlement that counts as taken off a payout. */
export interface TakenOff {
  readonly id: string;
  /** Minor units; negative. */
  readonly minor: bigint;
}

/**
 * Brings what counts as taken off the payouts of a channel and currency to what is known now, and its postings with it: what is
 * owed is on its way, with the other sign, as long as the payout is that it was taken off. Money of one payout may say that what
 * another seemed to lack was taken off here. The caller holds the lock of arrivals.
 *
 * @returns ids of the payouts that something more or less was taken off
 */
export async function shareOutCarried(
  trx: Knex.Transaction,
  rules: PostingRules,
  { channelCode, currencyCode }: Pick<StoredPayout, 'channelCode' | 'currencyCode'>,
  actor: string,
): Promise<string[]> {
  const carried = await readCarried(trx, channelCode, currencyCode);
  if (carried.length === 0) return [];
  const claimants = await readClaimants(trx, channelCode, currencyCode);
  const owed = carried.filter(({ state }) => state === 'CARRIED_FORWARD');
  const taken = shareOut(claimants, owed);
  const changed = new Set<string>();
  for (const { id, takenBy, isCertain } of carried) {
    const found = taken.get(id);
    const into = found?.payoutId ?? null;
    if (into !== takenBy || (found?.isCertain ?? null) !== isCertain)
      await change(trx, 'update settlement.payout set carried_into = ?, carried_certain = ? where id = ?', [into, found?.isCertain ?? null, id]); // biome-ignore format: one thought
    if (into !== takenBy) for (const payoutId of [into, takenBy]) if (payoutId !== null) changed.add(payoutId);
    const payer = claimants.find((claimant) => claimant.id === into);
    const payout = await lockPayout(trx, id);
    if (payout)
      await bookSent(trx, rules, payout, payer?.isSent ? payout.amountMinor : 0n, { bookedAt: payer?.bookedAt ?? new Date(), actor }); // biome-ignore format: one thought
  }
  return [...changed].sort();
}

/** What counts as taken off a payout, the oldest first. */
export async function readTakenOff(trx: Knex.Transaction, payoutId: string): Promise<TakenOff[]> {
  const rows = await query<{ id: string; minor: string }>(
    trx,
    'select id, amount_minor as minor from settlement.payout where carried_into = ? order by scheduled_at, id',
    [payoutId],
  );
  return rows.map(({ id, minor }) => ({ id, minor: BigInt(minor) }));
}

/** When a payout `p` of a statement `s` was due: by this what is owed goes before what it is taken off. */
const END_OF_PERIOD = 'coalesce(s.period_end, p.scheduled_at)';
/** By the channel's names: ours depend on what was told first. */
const BY_NAME = 'coalesce(s.external_id, p.external_id), p.id';

async function readCarried(
  trx: Knex.Transaction,
  channelCode: string,
  currencyCode: string,
): Promise<(Carried & { readonly state: PayoutState; readonly isCertain: boolean | null })[]> {
  const rows = await query<{
    id: string;
    minor: string;
    at: Date | null;
    takenBy: string | null;
    isCertain: boolean | null;
    state: PayoutState;
  }>(
    trx,
    `select p.id, p.amount_minor as minor, ${END_OF_PERIOD} as at, p.carried_into as "takenBy", p.carried_certain as "isCertain", p.state
     from settlement.payout p left join settlement.statement s on s.id = p.statement_id
     where p.channel_code = ? and p.currency_code = ? and (p.state = 'CARRIED_FORWARD' or p.carried_into is not null) order by ${BY_NAME}`,
    [channelCode, currencyCode],
  );
  return rows.map((row) => ({ ...row, minor: BigInt(row.minor), at: row.at?.getTime() ?? null }));
}

async function readClaimants(
  trx: Knex.Transaction,
  channelCode: string,
  currencyCode: string,
): Promise<(Claimant & { readonly isSent: boolean; readonly bookedAt: Date | null })[]> {
  const rows = await query<{
    id: string;
    statementMinor: string;
    announcedMinor: string | null;
    receivedMinor: string | null;
    at: Date | null;
    isDecided: boolean;
    isSent: boolean;
    bookedAt: Date | null;
  }>(
    trx,
    `select p.id, p.amount_minor as "statementMinor", case when ${ANNOUNCES} then p.announced_minor end as "announcedMinor", r.minor as "receivedMinor",
       ${END_OF_PERIOD} as at, p.sent_minor <> 0 as "isSent", coalesce(r.booked_on::timestamp at time zone 'UTC', p.scheduled_at, s.period_end) as "bookedAt",
       exists (select from settlement.difference d join settlement.decision c on c.exception_id = d.id and c.state = 'TAKEN' and c.resolution in ('ACCEPT_ACTUAL', 'WRITE_OFF')
               where d.channel_code = p.channel_code and d.group_key = 'payout:' || p.id) as "isDecided"
     from settlement.payout p left join settlement.statement s on s.id = p.statement_id
     left join lateral (select nullif(sum(counted_minor), 0)::text as minor, max(booked_on) as booked_on from settlement.bank_receipt where payout_id = p.id) r on true
     where p.channel_code = ? and p.currency_code = ? and p.state <> 'CARRIED_FORWARD'
       and (r.minor is not null or (p.announced_minor is not null and ${ANNOUNCES})) order by ${BY_NAME}`,
    [channelCode, currencyCode],
  );
  return rows.map(({ statementMinor, announcedMinor, receivedMinor, at, ...row }) => ({
    ...row,
    at: at?.getTime() ?? null,
    facts: {
      statementMinor: BigInt(statementMinor),
      announcedMinor: announcedMinor === null ? null : BigInt(announcedMinor),
      receivedMinor: receivedMinor === null ? null : BigInt(receivedMinor),
    },
  }));
}

/** As `announces`, of a payout `p` with money `r`. */
const ANNOUNCES = `p.statement_id is not null and (r.minor is not null or p.state not in ('FAILED', 'CANCELLED'))`;
