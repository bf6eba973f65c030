import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { newId } from '../../../platform/ids.ts';
import { formatAmount } from '../../../platform/money.ts';
import { appendEntries } from '../ledger/append.ts';
import { bookingDay } from '../ledger/booking-day.ts';
import type { ChainedEntry } from '../ledger/chain.ts';
import type { NewLedgerEntry } from '../ledger/model.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { readEntries, reversalOf } from '../ledger/read.ts';
import { lockJudging } from '../matching/judge-due.ts';
import type { SettlementSettings } from '../matching/settings.ts';
import type { DifferenceState } from '../matching/store-differences.ts';
import { followDecision, isOfPayout, lockForDecision } from '../payouts/follow-decision.ts';
import { advanceStatements } from '../statements/advance.ts';
import { matchByHand, refusalToMatch } from './match-by-hand.ts';
import type { LockedDifference, Refusal, ResolveDeps } from './model.ts';

export interface ResolveInput {
  readonly resolution: 'ACCEPT_ACTUAL' | 'WRITE_OFF' | 'MATCH_TO_ORDER' | 'RAISE_DISPUTE';
  readonly orderId?: string | null;
  readonly note: string;
}

/** What is stored under the idempotency key: both are read anew when it is repeated. */
export interface ResolveResult {
  readonly exceptionId: string | null;
  readonly entryId: string | null;
  readonly userErrors: readonly Refusal[];
}

const MAX_NOTE = 1_000;

/**
 * Takes a decision about a difference: its record, its posting and the new state, all or nothing. A write-off or an
 * acceptance above the configured amount only proposes; the same again by somebody else takes it.
 *
 * @param actor who decides
 * @param together whether it is one of several that need a second person together
 * @throws CommerceError BAD_USER_INPUT when the note says nothing, or an order is missing
 */
export async function resolveDifference(
  trx: Knex.Transaction,
  deps: ResolveDeps,
  exceptionId: string,
  input: ResolveInput,
  actor: string,
  together: { readonly needsTwo: boolean } = { needsTwo: false },
): Promise<ResolveResult> {
  checkNote(input.note);
  if (input.resolution === 'MATCH_TO_ORDER' && !input.orderId)
    throw new CommerceError('BAD_USER_INPUT', 'input.orderId must name the order, with MATCH_TO_ORDER.');
  // The locks in the order in which the matching takes them.
  if (input.resolution === 'MATCH_TO_ORDER') await lockJudging(trx);
  await lockForDecision(trx, exceptionId);
  const difference = await lockDifference(trx, exceptionId);
  if (!difference) return refused(null, 'NOT_FOUND', 'There is no such difference.', 'exceptionId');
  if (difference.state === 'RESOLVED' || difference.state === 'WRITTEN_OFF')
    return refused(exceptionId, 'ALREADY_RESOLVED', 'It is decided already. Reopen it to decide anew.', 'exceptionId');
  const refusal = input.resolution === 'MATCH_TO_ORDER' ? await refusalToMatch(trx, difference, input.orderId ?? '') : null; // biome-ignore format: one thought
  if (refusal) return { exceptionId, entryId: null, userErrors: [refusal] };

  const proposal = await pendingProposal(trx, exceptionId);
  const sameAgain = proposal !== null && proposal.resolution === input.resolution;
  const approves = sameAgain && proposal.actor !== actor;
  // Any other decision puts a proposal aside: nobody approves what he was not asked about.
  const putAside = async () => {
    if (proposal && !sameAgain) await finish(trx, proposal.id, 'UNDONE', null, null);
  };
  if (givesMoneyUp(input.resolution) && (together.needsTwo || needsTwo(deps.settings, difference)) && !approves) {
    if (!sameAgain) {
      await putAside();
      await decide(trx, difference, input, actor, 'PROPOSED');
      await setState(trx, difference, 'AWAITING_APPROVAL');
      await appendEntries(trx, deps.rules, await endDispute(trx, difference, actor, 'Decided otherwise'));
    }
    const above = formatAmount({ amountMinor: deps.settings.secondApproverAbove(difference.currencyCode), currencyCode: difference.currencyCode }); // biome-ignore format: one thought
    return refused(exceptionId, 'SECOND_APPROVER_REQUIRED', `${input.resolution} above ${above} ${difference.currencyCode} is taken when somebody else decides the same. It is proposed.`, 'resolution'); // biome-ignore format: one thought
  }

  const ended = await endDispute(trx, difference, actor, 'Decided otherwise');
  const decisionId = approves && proposal ? proposal.id : await decide(trx, difference, input, actor, 'TAKEN');
  switch (input.resolution) {
    case 'RAISE_DISPUTE': {
      await putAside();
      const entryId = await post(trx, deps.rules, difference, input.resolution, decisionId, actor, ended);
      await finish(trx, decisionId, 'TAKEN', entryId, null);
      await setState(trx, difference, 'DISPUTED');
      await lookAgainAt(trx, difference, actor);
      return { exceptionId, entryId, userErrors: [] };
    }
    case 'MATCH_TO_ORDER':
      await matchByHand(trx, deps, difference, input.orderId ?? '', decisionId);
      await putAside();
      await appendEntries(trx, deps.rules, ended);
      return { exceptionId, entryId: await entryOf(trx, decisionId), userErrors: [] };
    case 'ACCEPT_ACTUAL':
    case 'WRITE_OFF': {
      await putAside();
      const proposedBy = approves ? proposal.actor : null;
      const entryId = await post(trx, deps.rules, difference, input.resolution, decisionId, actor, ended, proposedBy);
      await finish(trx, decisionId, 'TAKEN', entryId, approves ? actor : null);
      await setState(trx, difference, input.resolution === 'WRITE_OFF' ? 'WRITTEN_OFF' : 'RESOLVED');
      await lookAgainAt(trx, difference, actor);
      if (difference.statementId !== null) await advanceStatements(trx, [difference.statementId]);
      return { exceptionId, entryId, userErrors: [] };
    }
  }
}

/** @throws CommerceError BAD_USER_INPUT */
export function checkNote(note: string): void {
  if (note.trim() === '' || note.length > MAX_NOTE || note.includes('\0'))
    throw new CommerceError('BAD_USER_INPUT', `input.note must say in 1 to ${MAX_NOTE} characters why.`);
}

export async function lockDifference(trx: Knex.Transaction, id: string): Promise<LockedDifference | null> {
  const [found] = await query<LockedDifference>(
    trx,
    `select id, channel_code as "channelCode", group_key as "groupKey", reason, state, account, difference_minor as "differenceMinor",
       currency_code as "currencyCode", order_id as "orderId", statement_id as "statementId",
       (select greatest(s.period_start, s.period_end - interval '1 millisecond') from settlement.statement s
        where s.id = d.statement_id and not starts_with(d.group_key, 'payout:')) as "bookedAt"
     from settlement.difference d where id = ? for update`,
    [id],
  );
  return found ?? null;
}

/** Whether a decision takes an amount off what a channel owes, or owes us an explanation for, by our word alone. */
function givesMoneyUp(resolution: ResolveInput['resolution']): resolution is 'ACCEPT_ACTUAL' | 'WRITE_OFF' {
  return resolution === 'ACCEPT_ACTUAL' || resolution === 'WRITE_OFF';
}

function needsTwo(settings: SettlementSettings, difference: LockedDifference): boolean {
  const amount = BigInt(difference.differenceMinor);
  return (amount < 0n ? -amount : amount) > settings.secondApproverAbove(difference.currencyCode);
}

async function pendingProposal(trx: Knex.Transaction, exceptionId: string) {
  const [found] = await query<{ id: string; actor: string; resolution: ResolveInput['resolution'] }>(
    trx,
    `select id, actor, resolution from settlement.decision where exception_id = ? and state = 'PROPOSED'`,
    [exceptionId],
  );
  return found ?? null;
}

async function decide(
  trx: Knex.Transaction,
  difference: LockedDifference,
  input: ResolveInput,
  actor: string,
  state: 'PROPOSED' | 'TAKEN',
): Promise<string> {
  const id = newId('decision');
  await query(
    trx,
    `insert into settlement.decision (id, exception_id, resolution, order_id, note, actor, amount_minor, currency_code, state, settled_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, case when ?::text = 'TAKEN' then clock_timestamp() end)`,
    [id, difference.id, input.resolution, input.orderId ?? null, input.note, actor, difference.differenceMinor, difference.currencyCode, state, state],
  ); // biome-ignore format: a table
  return id;
}

async function finish(
  trx: Knex.Transaction,
  decisionId: string,
  state: 'TAKEN' | 'UNDONE',
  entryId: string | null,
  approvedBy: string | null,
): Promise<void> {
  await change(
    trx,
    'update settlement.decision set state = ?, entry_id = ?, approved_by = ?, settled_at = clock_timestamp() where id = ?',
    [state, entryId, approvedBy, decisionId],
  );
}

export async function setState(
  trx: Knex.Transaction,
  { id }: { readonly id: string },
  state: DifferenceState,
): Promise<void> {
  await change(
    trx,
    `update settlement.difference set state = ?, closed_at = case when ?::text in ('RESOLVED', 'WRITTEN_OFF') then clock_timestamp() end where id = ?`,
    [state, state, id],
  );
}

/** Has the order's settlement status, or the payout's state, and the state of the statement follow. */
export async function lookAgainAt(trx: Knex.Transaction, difference: LockedDifference, actor: string): Promise<void> {
  // How the lines of its statement match does not depend on it.
  if (isOfPayout(difference.groupKey)) return followDecision(trx, difference.groupKey, actor);
  // Of lines without an order (`#`) there is no status.
  if (!difference.groupKey.startsWith('#'))
    await change(trx, 'insert into settlement.match_due (channel_code, order_key) values (?, ?)', [difference.channelCode, difference.groupKey]); // biome-ignore format: one thought
  if (difference.statementId !== null)
    await change(
      trx,
      `update settlement.statement set state = 'MATCHING' where id = ? and state in ('MATCHED', 'PARTIALLY_MATCHED', 'DISPUTED', 'ADJUSTED')`,
      [difference.statementId],
    );
}

/** Marks a standing dispute as over. @returns what takes its posting back; the caller appends it */
async function endDispute(
  trx: Knex.Transaction,
  { id }: LockedDifference,
  actor: string,
  why: string,
): Promise<NewLedgerEntry[]> {
  const disputes = await query<{ entryId: string | null }>(
    trx,
    `update settlement.decision set state = 'UNDONE', settled_at = clock_timestamp()
     where exception_id = ? and resolution = 'RAISE_DISPUTE' and state = 'TAKEN' returning entry_id as "entryId"`,
    [id],
  );
  const entries = await readEntries(
    trx,
    disputes.flatMap(({ entryId }) => entryId ?? []),
  );
  return takenBackToday(trx, [...entries.values()], why, actor);
}

/** What takes entries of decisions back: in their month while that is open. */
export async function takenBackToday(
  trx: Knex.Transaction,
  entries: readonly ChainedEntry[],
  why: string,
  actor: string,
): Promise<NewLedgerEntry[]> {
  const reversals: NewLedgerEntry[] = [];
  for (const entry of entries) {
    const at = await bookingDay(trx, entry.bookedAt, new Date());
    reversals.push(reversalOf(entry, `${why}: ${entry.description}`, actor, at));
  }
  return reversals;
}

const POSTED_AS = {
  ACCEPT_ACTUAL: { event: 'ACCEPTANCE', what: 'Accepted' },
  WRITE_OFF: { event: 'WRITE_OFF', what: 'Written off' },
  RAISE_DISPUTE: { event: 'DISPUTE', what: 'In dispute' },
} as const;

async function post(
  trx: Knex.Transaction,
  rules: PostingRules,
  difference: LockedDifference,
  resolution: 'ACCEPT_ACTUAL' | 'WRITE_OFF' | 'RAISE_DISPUTE',
  decisionId: string,
  actor: string,
  ended: readonly NewLedgerEntry[],
  proposedBy: string | null = null,
): Promise<string | null> {
  const amount = BigInt(difference.differenceMinor);
  const { event, what } = POSTED_AS[resolution];
  const account = rules.account(difference.account);
  const cause = `decision:${decisionId}`;
  const entry: NewLedgerEntry = {
    cause,
    event,
    erp: rules.erpOf(event),
    bookedAt: await bookingDay(trx, difference.bookedAt, new Date()),
    // With both people under the hash of the entry (ledger/record-faults.ts compares them).
    description: `${what}: ${difference.reason} ${difference.id}${proposedBy === null ? '' : `, proposed by ${proposedBy}`}`,
    channelCode: difference.channelCode,
    orderId: difference.orderId,
    statementId: difference.statementId,
    reversalOf: null,
    actor,
    lines:
      event === 'ACCEPTANCE'
        ? rules.lines(event, difference.reason, amount, difference.currencyCode, account)
        : rules.lines(event, 'TOTAL', amount, difference.currencyCode, account),
  };
  return (await appendEntries(trx, rules, [...ended, ...(entry.lines.length === 0 ? [] : [entry])])).get(cause) ?? null;
}

/** What comparing the lines again posted for a match by hand. Null when there is nothing to post yet: the order is not invoiced. */
async function entryOf(trx: Knex.Transaction, decisionId: string): Promise<string | null> {
  const [decision] = await query<{ entryId: string | null }>(trx, 'select entry_id as "entryId" from settlement.decision where id = ?', [decisionId]); // biome-ignore format: one thought
  return decision?.entryId ?? null;
}

export function refused(exceptionId: string | null, code: string, message: string, field: string): ResolveResult {
  return { exceptionId, entryId: null, userErrors: [{ code, message, field: field === 'exceptionId' ? [field] : ['input', field] }] }; // biome-ignore format: one thought
}
