import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { appendEntries } from '../ledger/append.ts';
import type { NewLedgerEntry } from '../ledger/model.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { readEntries, reversalOf } from '../ledger/read.ts';
import type { GroupVerdict, LineVerdict, OrderSettlement } from './model.ts';
import { type DifferenceState, differenceIdOf, type OvertakenDecision, storeDifferences } from './store-differences.ts';
import { notePostings, replacePostings } from './store-postings.ts';

/**
 * Stores what was found out about some order ids or blocks of a channel, in one transaction with its postings. The
 * same verdicts again change nothing.
 *
 * @param rawKeys every key that was looked at: what is stored under one of them and was not found again is taken back
 */
export async function storeVerdicts(
  trx: Knex.Transaction,
  rules: PostingRules,
  channelCode: string,
  rawKeys: readonly string[],
  verdicts: readonly GroupVerdict[],
): Promise<void> {
  const differences = verdicts.flatMap((verdict) => verdict.differences);
  const { states, overtaken } = await storeDifferences(trx, channelCode, rawKeys, differences);
  await storeLines(trx, channelCode, verdicts);
  await storeSettlements(trx, channelCode, verdicts, states);
  const statements = new Set(verdicts.flatMap((verdict) => verdict.lines.map((one) => one.line.statementId)));
  await change(
    trx,
    `update settlement.statement set state = 'MATCHING'
     where id = any(?::text[]) and state in ('INGESTED', 'MATCHED', 'PARTIALLY_MATCHED', 'DISPUTED', 'ADJUSTED')`,
    [[...statements].sort()],
  );
  const postings = verdicts.flatMap((verdict) => verdict.postings);
  const { entries, notes } = await replacePostings(trx, rules, channelCode, rawKeys, postings);
  const undone = await undoDecisions(trx, overtaken);
  // Last: it holds the ledger's lock until the end of the transaction.
  await appendEntries(trx, rules, [...undone, ...entries]);
  await notePostings(trx, channelCode, notes);
}

async function storeLines(
  trx: Knex.Transaction,
  channelCode: string,
  verdicts: readonly GroupVerdict[],
): Promise<void> {
  const rows = verdicts.flatMap((verdict) => {
    const ids = new Map(verdict.differences.map((found) => [found.scope, differenceIdOf(channelCode, found)]));
    const orderId = verdict.settlement?.orderId ?? null;
    return verdict.lines.map((one) => ({ ...one, orderId, differenceId: one.difference === null ? null : (ids.get(one.difference) ?? null) })); // biome-ignore format: one thought
  });
  if (rows.length === 0) return;
  const column = <T>(of: (row: LineVerdict & { orderId: string | null; differenceId: string | null }) => T) => rows.map(of); // biome-ignore format: one thought
  await query(
    trx,
    `insert into settlement.line_match as known (statement_id, line_number, state, rule, target, target_id, order_id, exception_id)
     select * from unnest(?::text[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
     on conflict (statement_id, line_number) do update set state = excluded.state, rule = excluded.rule, target = excluded.target,
       target_id = excluded.target_id, order_id = excluded.order_id, exception_id = excluded.exception_id
     where (known.state, known.rule, known.target, known.target_id, known.order_id, known.exception_id)
       is distinct from (excluded.state, excluded.rule, excluded.target, excluded.target_id, excluded.order_id, excluded.exception_id)`,
    [
      column((row) => row.line.statementId),
      column((row) => row.line.lineNumber),
      column((row) => (row.differenceId === null ? 'MATCHED' : 'EXCEPTION')),
      column((row) => row.rule),
      column((row) => row.target),
      column((row) => row.targetId),
      column((row) => row.orderId),
      column((row) => row.differenceId),
    ],
  );
}

async function storeSettlements(
  trx: Knex.Transaction,
  channelCode: string,
  verdicts: readonly GroupVerdict[],
  states: ReadonlyMap<string, DifferenceState>,
): Promise<void> {
  const rows = verdicts.flatMap(({ settlement, differences, lines }) => {
    if (!settlement) return [];
    const open = differences.some((found) => isUndecided(states.get(differenceIdOf(channelCode, found))));
    return [{ ...settlement, status: statusOf(settlement, open, lines.length > 0) }];
  });
  if (rows.length === 0) return;
  await query(
    trx,
    `insert into settlement.order_settlement (order_id, status, currency_code, expected_minor, settled_minor, fees_minor, due_at)
     select * from unnest(?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::timestamptz[])
     on conflict (order_id) do update set status = excluded.status, currency_code = excluded.currency_code, expected_minor = excluded.expected_minor,
       settled_minor = excluded.settled_minor, fees_minor = excluded.fees_minor, due_at = excluded.due_at`,
    [
      rows.map((row) => row.orderId),
      rows.map((row) => row.status),
      rows.map((row) => row.currencyCode),
      rows.map((row) => row.expectedMinor.toString()),
      rows.map((row) => row.settledMinor.toString()),
      rows.map((row) => row.feesMinor.toString()),
      rows.map((row) => row.dueAt),
    ],
  );
}

function isUndecided(state: DifferenceState | undefined): boolean {
  return state === 'OPEN' || state === 'AWAITING_APPROVAL' || state === 'DISPUTED';
}

function statusOf(settlement: OrderSettlement, open: boolean, anyLine: boolean): string {
  if (open) return 'IN_DISPUTE';
  if (!anyLine || (settlement.settledMinor === 0n && settlement.dueAt !== null)) return 'AWAITING_SETTLEMENT';
  return settlement.dueAt === null ? 'SETTLED' : 'PARTIALLY_SETTLED';
}

/** Marks decisions that no longer hold, and takes their postings back. */
export async function undoDecisions(
  trx: Knex.Transaction,
  overtaken: readonly OvertakenDecision[],
): Promise<NewLedgerEntry[]> {
  if (overtaken.length === 0) return [];
  await change(
    trx,
    `update settlement.decision set state = 'UNDONE', settled_at = clock_timestamp() where id = any(?::text[])`,
    [overtaken.map((one) => one.decisionId)],
  );
  const entries = await readEntries(
    trx,
    overtaken.flatMap((one) => one.entryId ?? []),
  );
  return [...entries.values()].map((entry) =>
    reversalOf(entry, `Overtaken by later news: ${entry.description}`, 'system', entry.bookedAt),
  );
}
