import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { isCurrencyCode } from '../../../platform/money.ts';
import { requireChannel } from '../ingest/store.ts';
import { lockJudging } from '../matching/judge-due.ts';
import { RECONCILIATION_REASONS } from '../model.ts';
import { lockArrivals } from '../payouts/arrival.ts';
import { type GroupFilter, UNDECIDED_WITH_WORDS } from './groups.ts';
import type { ResolveDeps } from './model.ts';
import { checkNote, type ResolveInput, resolveDifference } from './resolve.ts';

/** Decided with one call: an answer has to come in seconds, and matching waits for it. */
const MOST_AT_ONCE = 100;

export interface GroupOutcome {
  /** Decided by this call. */
  readonly decided: number;
  /** Proposed by it: they wait for a second person. */
  readonly proposed: number;
  /** What the same call would go on with; 0 when there is nothing left for whoever asks. */
  readonly remaining: number;
}

/**
 * Takes one decision about differences that are alike, at most 100 of them, the oldest first; the same again goes on with the
 * next ones. The amount above which a second person is needed is that of all of them together: many small ones are no way
 * around it. Each keeps its own decision and posting, so each can be reopened alone.
 *
 * @param actor who decides
 * @throws CommerceError BAD_USER_INPUT for a note that says nothing, or a resolution that is about one order, and for a channel, reason or
 *   currency that there is none of
 */
export async function resolveGroup(
  trx: Knex.Transaction,
  deps: ResolveDeps,
  filter: GroupFilter,
  input: ResolveInput,
  actor: string,
  most = MOST_AT_ONCE,
): Promise<GroupOutcome> {
  checkNote(input.note);
  if (input.resolution === 'MATCH_TO_ORDER')
    throw new CommerceError('BAD_USER_INPUT', 'MATCH_TO_ORDER is decided one by one: reconciliationExceptionResolve.');
  if (!isCurrencyCode(filter.currencyCode))
    throw new CommerceError('BAD_USER_INPUT', 'filter.currencyCode must be an ISO 4217 code such as GBP.');
  if (!RECONCILIATION_REASONS.some((reason) => reason === filter.reason))
    throw new CommerceError('BAD_USER_INPUT', `filter.reason must be one of ${RECONCILIATION_REASONS.join(', ')}.`);
  await requireChannel(trx, filter.channelCode);
  // Matching locks differences and the ledger in turns with us otherwise.
  await lockJudging(trx);
  await lockArrivals(trx);
  const { ids, count, totalMinor } = await locked(trx, filter, input.resolution, actor, most);
  const together = { needsTwo: totalMinor > deps.settings.secondApproverAbove(filter.currencyCode) };
  let proposed = 0;
  for (const id of ids) {
    const { userErrors } = await resolveDifference(trx, deps, id, input, actor, together);
    const [refusal] = userErrors;
    if (refusal?.code === 'SECOND_APPROVER_REQUIRED') proposed += 1;
    else if (refusal) throw new Error(`a locked difference was refused: ${refusal.code}`);
  }
  return { decided: ids.length - proposed, proposed, remaining: count - ids.length };
}

/** Those that the caller can decide about, of all that are alike, with the sum of the latter's amounts without their signs. */
async function locked(
  trx: Knex.Transaction,
  filter: GroupFilter,
  resolution: ResolveInput['resolution'],
  actor: string,
  most: number,
): Promise<{ readonly ids: readonly string[]; readonly count: number; readonly totalMinor: bigint }> {
  const rows = await query<{ id: string; minor: string; open: boolean }>(
    trx,
    `select d.id, abs(d.difference_minor)::text as minor, case d.state
       when 'OPEN' then true
       when 'DISPUTED' then ?::text <> 'RAISE_DISPUTE'
       else exists (select from settlement.decision c where c.exception_id = d.id and c.state = 'PROPOSED' and c.resolution = ? and c.actor <> ?) end as open
     from ${UNDECIDED_WITH_WORDS}
     where d.channel_code = ? and d.reason = ? and d.currency_code = ? and (?::text is null or d.words = ?) and (?::text is null or d.statement_id = ?)
     order by d.opened_at, d.id`,
    [resolution, resolution, actor, filter.channelCode, filter.reason, filter.currencyCode, filter.words ?? null, filter.words ?? null, filter.settlementId ?? null, filter.settlementId ?? null],
  ); // biome-ignore format: a table
  const open = rows.filter((row) => row.open);
  const ids = open.slice(0, most).map(({ id }) => id);
  await query(trx, 'select 1 from settlement.difference where id = any(?::text[]) order by id for update', [ids]);
  return { ids, count: open.length, totalMinor: rows.reduce((sum, { minor }) => sum + BigInt(minor), 0n) };
}
