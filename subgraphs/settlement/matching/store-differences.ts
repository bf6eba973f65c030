import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { derivedId } from '../../../platform/ids.ts';
import type { FoundDifference } from './model.ts';

export type DifferenceState = 'OPEN' | 'AWAITING_APPROVAL' | 'DISPUTED' | 'RESOLVED' | 'WRITTEN_OFF';

/** A decision whose ground is gone: its difference changed or explained itself. */
export interface OvertakenDecision {
  readonly decisionId: string;
  readonly entryId: string | null;
}

interface Known {
  id: string;
  groupKey: string;
  state: DifferenceState;
  sku: string | null;
  statementId: string | null;
  differenceMinor: string;
  currencyCode: string;
  decisionId: string | null;
  decided: 'PROPOSED' | 'TAKEN' | null;
  resolution: string | null;
  decidedMinor: string | null;
  entryId: string | null;
}

/** Always the same for the same difference, whenever and however often it is found. */
export function differenceIdOf(
  channelCode: string,
  found: Pick<FoundDifference, 'rawKey' | 'reason' | 'scope'>,
): string {
  return derivedId('reconciliationException', channelCode, found.rawKey, found.reason, found.scope);
}

/**
 * Brings the stored differences of some order ids to what was found now: new ones open, changed ones are open again,
 * those that explain themselves close. What people decided stays while its amount does.
 *
 * @returns the state of each found difference, and the decisions that no longer hold
 */
export async function storeDifferences(
  trx: Knex.Transaction,
  channelCode: string,
  rawKeys: readonly string[],
  found: readonly FoundDifference[],
): Promise<{ states: ReadonlyMap<string, DifferenceState>; overtaken: readonly OvertakenDecision[] }> {
  const known = await readKnown(trx, channelCode, rawKeys);
  const states = new Map<string, DifferenceState>();
  const overtaken: OvertakenDecision[] = [];
  const write: (FoundDifference & { id: string; state: DifferenceState })[] = [];
  for (const one of found) {
    const id = differenceIdOf(channelCode, one);
    const before = known.get(id);
    const state = stateOf(one, before);
    // Lines stay with the order that they were given to, whatever of them is found there.
    if (before?.decisionId && state === 'OPEN' && before.decided !== null && before.resolution !== 'MATCH_TO_ORDER')
      overtaken.push({ decisionId: before.decisionId, entryId: before.entryId });
    states.set(id, state);
    write.push({ ...one, id, state });
  }
  const gone = [...known.values()].filter((one) => !states.has(one.id));
  for (const one of gone)
    if (one.decisionId && one.resolution !== 'MATCH_TO_ORDER')
      overtaken.push({ decisionId: one.decisionId, entryId: one.entryId });
  await writeFound(trx, channelCode, write);
  await noteSuccessors(
    trx,
    gone.filter(stood),
    write.filter(({ id, needsNobody }) => !needsNobody && !stood(known.get(id))),
  );
  await change(
    trx,
    `update settlement.difference set state = 'RESOLVED', closed_at = coalesce(closed_at, clock_timestamp())
     where id = any(?::text[]) and state <> 'RESOLVED'`,
    [gone.map((one) => one.id)],
  );
  return { states, overtaken };
}

/** Whether a difference was open or decided about, and not one that had explained itself. */
function stood(known: Known | undefined): boolean {
  return known !== undefined && (known.state !== 'RESOLVED' || known.decided !== null);
}

/** Notes which new difference stands in the place of one that is found no more: about the same order or payout, SKU and statement. */
async function noteSuccessors(
  trx: Knex.Transaction,
  gone: readonly Known[],
  arisen: readonly (FoundDifference & { readonly id: string })[],
): Promise<void> {
  const same = (one: string | null, other: string | null) => one === null || other === null || one === other;
  const pairs = gone.flatMap((old) =>
    arisen
      .filter((one) => one.rawKey === old.groupKey && one.currencyCode === old.currencyCode)
      .filter((one) => same(one.sku, old.sku) && same(one.statementId, old.statementId))
      .map((one) => [old.id, one.id] as const),
  );
  if (pairs.length === 0) return;
  await query(
    trx,
    `insert into settlement.difference_successor (difference_id, successor_id) select * from unnest(?::text[], ?::text[]) on conflict do nothing`,
    [pairs.map(([old]) => old), pairs.map(([, successor]) => successor)],
  );
}

/** What was decided holds as long as the amount is what was decided about. */
function stateOf(found: FoundDifference, before: Known | undefined): DifferenceState {
  if (found.needsNobody)
    return before?.decided === 'TAKEN' && before.state === 'WRITTEN_OFF' ? before.state : 'RESOLVED';
  if (!before) return 'OPEN';
  const same =
    before.differenceMinor === found.differenceMinor.toString() && before.currencyCode === found.currencyCode;
  if (before.decided === 'TAKEN' && before.resolution !== 'RAISE_DISPUTE')
    return before.decidedMinor === found.differenceMinor.toString() && before.resolution !== 'MATCH_TO_ORDER' ? before.state : 'OPEN'; // biome-ignore format: one thought
  // What is asked about another amount is another question.
  return same && (before.state === 'AWAITING_APPROVAL' || before.state === 'DISPUTED') ? before.state : 'OPEN';
}

async function readKnown(trx: Knex.Transaction, channelCode: string, rawKeys: readonly string[]) {
  const rows = await query<Known>(
    trx,
    `select d.id, d.group_key as "groupKey", d.state, d.sku, d.statement_id as "statementId", d.difference_minor as "differenceMinor", d.currency_code as "currencyCode", c.id as "decisionId", c.state as decided,
       c.resolution, c.amount_minor as "decidedMinor", c.entry_id as "entryId"
     from settlement.difference d
     left join lateral (select * from settlement.decision where exception_id = d.id and state in ('PROPOSED', 'TAKEN') and resolution <> 'REOPEN'
                        order by made_at desc limit 1) c on true
     where d.channel_code = ? and d.group_key = any(?::text[]) order by d.id for update of d`,
    [channelCode, rawKeys],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

async function writeFound(
  trx: Knex.Transaction,
  channelCode: string,
  found: readonly (FoundDifference & { id: string; state: DifferenceState })[],
): Promise<void> {
  if (found.length === 0) return;
  await query(
    trx,
    `insert into settlement.difference as known (id, channel_code, group_key, reason, state, account, expected_minor, actual_minor, difference_minor, currency_code,
       order_id, channel_order_id, sku, statement_id, explanation, opened_at, closed_at)
     select id, ?, group_key, reason, state, account, expected, actual, difference, currency, order_id, channel_order_id, sku, statement_id, explanation,
       found.at, case when state = 'RESOLVED' then found.at end
     from (select clock_timestamp() as at) found, unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
       as f(id, group_key, reason, state, account, expected, actual, difference, currency, order_id, channel_order_id, sku, statement_id, explanation)
     on conflict (id) do update set state = excluded.state, account = excluded.account, expected_minor = excluded.expected_minor, actual_minor = excluded.actual_minor,
       difference_minor = excluded.difference_minor, currency_code = excluded.currency_code, order_id = excluded.order_id, statement_id = excluded.statement_id,
       explanation = excluded.explanation,
       closed_at = case when excluded.state in ('RESOLVED', 'WRITTEN_OFF') then coalesce(known.closed_at, excluded.closed_at) end
     where (known.state, known.account, known.expected_minor, known.actual_minor, known.difference_minor, known.currency_code, known.order_id, known.statement_id, known.explanation)
       is distinct from (excluded.state, excluded.account, excluded.expected_minor, excluded.actual_minor, excluded.difference_minor, excluded.currency_code, excluded.order_id, excluded.statement_id, excluded.explanation)`,
    [
      channelCode,
      found.map((one) => one.id),
      found.map((one) => one.rawKey),
      found.map((one) => one.reason),
      found.map((one) => one.state),
      found.map((one) => one.account),
      found.map((one) => one.expectedMinor?.toString() ?? null),
      found.map((one) => one.actualMinor?.toString() ?? null),
      found.map((one) => one.differenceMinor.toString()),
      found.map((one) => one.currencyCode),
      found.map((one) => one.orderId),
      found.map((one) => one.channelOrderId),
      found.map((one) => one.sku),
      found.map((one) => one.statementId),
      found.map((one) => one.explanation),
    ],
  );
}
