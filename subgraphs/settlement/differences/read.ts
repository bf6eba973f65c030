import type { Knex } from 'knex';
import { groupBy } from '../../../platform/batch.ts';
import { query } from '../../../platform/db/query.ts';
import {
  type Connection,
  type PageArgs,
  readPage,
  timeKey,
  toConnection,
} from '../../../platform/graphql/connection.ts';
import { type Money, money } from '../../../platform/money.ts';
import type { DifferenceState } from '../matching/store-differences.ts';
import type { ReconciliationReason } from '../model.ts';
import { readGroups } from './groups.ts';

/** What is stored, and differences of a settlement that was reversed: nobody decided about them and nothing explained them. */
type ShownState = DifferenceState | 'REVERSED';

export interface Difference {
  readonly id: string;
  readonly reason: ReconciliationReason;
  readonly state: ShownState;
  readonly expected: Money | null;
  readonly actual: Money | null;
  readonly difference: Money;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
  readonly orderId: string | null;
  readonly channelOrderId: string | null;
  readonly sku: string | null;
  readonly statementId: string | null;
  readonly explanation: string;
}

export interface Decision {
  readonly id: string;
  readonly exceptionId: string;
  readonly resolution: string;
  readonly state: string;
  readonly actor: string;
  readonly approvedBy: string | null;
  readonly note: string;
  readonly madeAt: Date;
  readonly entryId: string | null;
  /** When it was undone, and by which entry. Null while it holds; the entry also where nothing was posted. */
  readonly undoneAt: Date | null;
  readonly undoneByEntryId: string | null;
}

export interface DifferenceFilter {
  readonly state?: readonly string[] | null;
  readonly reason?: readonly string[] | null;
  readonly settlementId?: string | null;
  readonly channelCode?: string | null;
}

interface Row {
  id: string; reason: ReconciliationReason; state: ShownState; expectedMinor: string | null; actualMinor: string | null; differenceMinor: string; currencyCode: string;
  openedAt: Date; closedAt: Date | null; orderId: string | null; channelOrderId: string | null; sku: string | null; statementId: string | null; explanation: string; sortKey: string;
} // biome-ignore format: a table

/** Whether a difference `d` went with its settlement. */
const IS_REVERSED = `d.state = 'RESOLVED' and exists (select from settlement.statement s where s.id = d.statement_id and s.state = 'REVERSED')`;

/** The state of a difference `d` as it is shown. */
export const SHOWN_STATE = `case when ${IS_REVERSED} then 'REVERSED' else d.state end`;

const COLUMNS = `d.id, d.reason, ${SHOWN_STATE} as state, d.expected_minor as "expectedMinor", d.actual_minor as "actualMinor", d.difference_minor as "differenceMinor",
  d.currency_code as "currencyCode", d.opened_at as "openedAt", d.closed_at as "closedAt", d.order_id as "orderId", d.channel_order_id as "channelOrderId", d.sku,
  d.statement_id as "statementId", d.explanation, (extract(epoch from d.opened_at) * 1000000)::bigint as "sortKey"`;

/** Set-based reads of differences and what was decided about them. */
export function createDifferenceReader(knex: Knex) {
  const filtered = (filter: DifferenceFilter) => {
    const select = knex('settlement.difference as d');
    const { state } = filter;
    if (state != null)
      select.where((either) => {
        either.where((stored) => {
          stored.whereIn('d.state', [...state]);
          if (state.includes('RESOLVED')) stored.whereRaw(`not (${IS_REVERSED})`);
        });
        if (state.includes('REVERSED')) either.orWhereRaw(`(${IS_REVERSED})`);
      });
    if (filter.reason != null) select.whereIn('d.reason', [...filter.reason]);
    if (filter.settlementId != null) select.where('d.statement_id', filter.settlementId);
    if (filter.channelCode != null) select.where('d.channel_code', filter.channelCode);
    return select;
  };
  return {
    async byId(ids: readonly string[]): Promise<Map<string, Difference>> {
      const rows = await query<Row>(knex, `select ${COLUMNS} from settlement.difference d where d.id = any(?::text[])`, [ids]); // biome-ignore format: one thought
      return new Map(rows.map((row) => [row.id, toDifference(row)]));
    },

    /** Oldest first. @throws CommerceError BAD_USER_INPUT for an unusable page */
    async list(
      filter: DifferenceFilter,
      args: PageArgs,
    ): Promise<Connection<Difference> & { filter: DifferenceFilter }> {
      const page = readPage(args, 2);
      const forward = page.direction === 'forward';
      const select = filtered(filter)
        .select(knex.raw(COLUMNS))
        .limit(page.size + 1);
      if (page.cursor)
        select.whereRaw(`(d.opened_at, d.id) ${forward ? '>' : '<'} (to_timestamp(0) + (?::bigint * interval '1 microsecond'), ?)`, [
          timeKey(page.cursor[0]),
          String(page.cursor[1]),
        ]); // biome-ignore format: one thought
      select.orderByRaw(`d.opened_at ${forward ? 'asc' : 'desc'}, d.id ${forward ? 'asc' : 'desc'}`);
      const rows = (await select) as unknown as Row[];
      return { ...toConnection(rows, page, { key: (row) => [row.sortKey, row.id], node: toDifference }), filter };
    },

    async count(filter: DifferenceFilter): Promise<number> {
      const [row] = (await filtered(filter).count('* as count')) as { count: string }[];
      return Number(row?.count ?? 0);
    },

    groups: (channelCode: string | null, settlementId: string | null) => readGroups(knex, channelCode, settlementId),

    async decisionsOf(ids: readonly string[]): Promise<Map<string, Decision[]>> {
      const rows = await query<Decision>(
        knex,
        `select c.id, c.exception_id as "exceptionId", c.resolution, c.state, c.actor, c.approved_by as "approvedBy", c.note, c.made_at as "madeAt", c.entry_id as "entryId",
           case c.state when 'UNDONE' then c.settled_at end as "undoneAt", r.id as "undoneByEntryId"
         from settlement.decision c left join settlement.ledger_entry r on r.reversal_of = c.entry_id
         where c.exception_id = any(?::text[]) order by c.made_at, c.id`,
        [ids],
      );
      return groupBy(rows, (row) => row.exceptionId);
    },

    /** By the first of two differences, those that took its place, the oldest first; by the second, what they took the place of. */
    async linked(ids: readonly string[], by: 'replaced' | 'successor'): Promise<Map<string, Difference[]>> {
      const [from, to] = by === 'replaced' ? ['difference_id', 'successor_id'] : ['successor_id', 'difference_id'];
      const rows = await query<Row & { linkedTo: string }>(
        knex,
        `select l.${from} as "linkedTo", ${COLUMNS} from settlement.difference_successor l join settlement.difference d on d.id = l.${to}
         where l.${from} = any(?::text[]) order by l.since, d.id`,
        [ids],
      );
      const byId = groupBy(rows, ({ linkedTo }) => linkedTo);
      return new Map([...byId].map(([id, linked]) => [id, linked.map(toDifference)]));
    },

    async statusOfOrders(ids: readonly string[]): Promise<Map<string, string>> {
      const rows = await query<{ id: string; status: string }>(
        knex,
        'select order_id as id, status from settlement.order_settlement where order_id = any(?::text[])',
        [ids],
      );
      return new Map(rows.map((row) => [row.id, row.status]));
    },
  };
}

export type DifferenceReader = ReturnType<typeof createDifferenceReader>;

function toDifference(row: Row): Difference {
  const amount = (minor: string | null) => (minor === null ? null : money(minor, row.currencyCode));
  const { id, reason, state, openedAt, closedAt, orderId, channelOrderId, sku, statementId, explanation } = row;
  return {
    id,
    reason,
    state,
    openedAt,
    closedAt,
    orderId,
    channelOrderId,
    sku,
    statementId,
    explanation,
    expected: amount(row.expectedMinor),
    actual: amount(row.actualMinor),
    difference: money(row.differenceMinor, row.currencyCode),
  };
}
