import type { Knex } from 'knex';
import { groupBy } from '../../../platform/batch.ts';
import { query } from '../../../platform/db/query.ts';
import { type Connection, type PageArgs, readPage, toConnection } from '../../../platform/graphql/connection.ts';
import { checkMonth } from '../ledger/model.ts';
import type { Voucher, VoucherState } from './model.ts';
import { readUnposted, readVoucherLines, VOUCHERS, type VoucherLine } from './read.ts';

export interface VoucherFilter {
  readonly month?: string | null;
  readonly channelCode?: string | null;
  readonly state?: readonly VoucherState[] | null;
}

export interface AccountingPeriod {
  readonly month: string;
  readonly closedAt: Date | null;
  readonly entriesWithoutVoucherCount: number;
  readonly vouchersNotAcceptedCount: number;
}

/** More are not shown with one settlement; the list of vouchers has all. */
const MOST_PER_STATEMENT = 100;

/** Set-based reads of vouchers, for the graph. */
export function createVoucherReader(knex: Knex) {
  return {
    /** Newest first: ids grow with time. @throws CommerceError BAD_USER_INPUT for an unusable page or month */
    async list(filter: VoucherFilter, args: PageArgs): Promise<Connection<Voucher>> {
      if (filter.month != null) checkMonth(filter.month);
      const page = readPage(args, 1);
      const forward = page.direction === 'forward';
      const select = knex
        .from(knex.raw(`(${VOUCHERS}) as v`))
        .select('*')
        .limit(page.size + 1)
        .orderBy('id', forward ? 'desc' : 'asc');
      if (filter.month != null) select.where('period', filter.month);
      if (filter.channelCode != null) select.where('channelCode', filter.channelCode);
      if (filter.state != null) select.whereIn('state', [...filter.state]);
      if (page.cursor) select.where('id', forward ? '<' : '>', String(page.cursor[0]));
      const rows = (await select) as Voucher[];
      return toConnection(rows, page, { key: (row) => [row.id], node: (row) => row });
    },

    /** Vouchers with an entry of a statement, oldest first. */
    async byStatement(ids: readonly string[]): Promise<Map<string, Voucher[]>> {
      const rows = await query<Voucher & { statementId: string }>(
        knex,
        `select s.id as "statementId", v.* from unnest(?::text[]) as s(id) cross join lateral (
           select * from (${VOUCHERS}) v where v.id in (
             select m.voucher_id from settlement.ledger_entry e join settlement.voucher_entry m on m.entry_id = e.id where e.statement_id = s.id)
           order by v.id limit ${MOST_PER_STATEMENT}) v`,
        [ids],
      );
      return groupBy(rows, (row) => row.statementId);
    },

    async linesOf(ids: readonly string[]): Promise<Map<string, VoucherLine[]>> {
      return groupBy(await readVoucherLines(knex, ids), (line) => line.voucherId);
    },

    /** @throws CommerceError BAD_USER_INPUT when it is no month */
    async period(month: string): Promise<AccountingPeriod> {
      checkMonth(month);
      const [closed] = await query<{ closedAt: Date }>(
        knex,
        'select closed_at as "closedAt" from settlement.accounting_period where code = ?',
        [month],
      );
      const { entries, vouchers } = await readUnposted(knex, { period: month, channelCode: null });
      return {
        month,
        closedAt: closed?.closedAt ?? null,
        entriesWithoutVoucherCount: entries,
        vouchersNotAcceptedCount: vouchers,
      };
    },
  };
}

export type VoucherReader = ReturnType<typeof createVoucherReader>;
