import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { CommerceError } from '../../../platform/errors.ts';
import {
  type Connection,
  type PageArgs,
  readPage,
  timeKey,
  toConnection,
} from '../../../platform/graphql/connection.ts';
import { type Money, money } from '../../../platform/money.ts';
import { type Reversal, readReversals } from './reversal.ts';

/** A channel's statement, as the graph shows it. */
export interface Statement {
  readonly id: string;
  readonly channelCode: string;
  readonly externalId: string;
  readonly state: string;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly total: Money;
}

/** Sums over the lines of a statement; rows of class PAYOUT are the total itself and count in none. */
export interface StatementTotals {
  readonly sales: Money;
  readonly refunds: Money;
  readonly fees: Money;
  readonly other: Money;
  readonly matchedLineCount: number;
  readonly exceptionLineCount: number;
  /** Of its lines and of its payout. */
  readonly openDifferenceCount: number;
  readonly openDifference: Money;
}

export interface StatementLine {
  readonly statementId: string;
  readonly lineNumber: string;
  readonly kind: string;
  readonly description: string;
  readonly amount: Money;
  readonly matchState: 'PENDING' | 'MATCHED' | 'EXCEPTION';
  readonly orderId: string | null;
  readonly exceptionId: string | null;
}

export interface StatementFilter {
  readonly channelCode?: string | null;
  /** Of the settlement, or of its payout. */
  readonly externalId?: string | null;
  readonly payoutId?: string | null;
  readonly state?: readonly string[] | null;
  readonly periodEndSince?: string | null;
}

interface StatementRow extends Omit<Statement, 'total'> {
  readonly totalMinor: string;
  readonly currencyCode: string;
  readonly sortKey: string;
}

const PERIOD_KEY = '(extract(epoch from s.period_end) * 1000000)::bigint';
const STATEMENTS = `select s.id, s.channel_code as "channelCode", s.external_id as "externalId", s.state, s.period_start as "periodStart",
  s.period_end as "periodEnd", s.total_minor as "totalMinor", s.currency_code as "currencyCode", ${PERIOD_KEY} as "sortKey"
  from settlement.statement s where s.state <> 'LOADING'`;

/** Differences `d` of a statement `s` that nobody decided about: of its lines and of its payout. */
const UNDECIDED = `d.statement_id = s.id and d.state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED')`;

/** Set-based reads of statements and their lines. */
export function createStatementReader(knex: Knex) {
  return {
    async statementsById(ids: readonly string[]): Promise<Map<string, Statement>> {
      const rows = await query<StatementRow>(knex, `${STATEMENTS} and s.id = any(?)`, [ids]);
      return new Map(rows.map((row) => [row.id, toStatement(row)]));
    },

    /** Newest period first. @throws CommerceError BAD_USER_INPUT for an unusable page */
    async statements(filter: StatementFilter, args: PageArgs): Promise<Connection<Statement>> {
      const page = readPage(args, 2);
      const forward = page.direction === 'forward';
      const select = knex
        .from(knex.raw(`(${STATEMENTS}) as s`))
        .select('*')
        .limit(page.size + 1);
      if (filter.channelCode != null) select.where('channelCode', filter.channelCode);
      if (filter.externalId != null)
        select.whereRaw(`("externalId" = ? or exists (select from settlement.payout p where p.statement_id = s.id and p.external_id = ?))`, [filter.externalId, filter.externalId]); // biome-ignore format: one thought
      if (filter.payoutId != null)
        select.whereRaw('exists (select from settlement.payout p where p.statement_id = s.id and p.id = ?)', [filter.payoutId]); // biome-ignore format: one thought
      if (filter.state != null) select.whereIn('state', [...filter.state]);
      if (filter.periodEndSince != null) select.where('periodEnd', '>=', filter.periodEndSince);
      if (page.cursor) {
        select.whereRaw(`("periodEnd", id) ${forward ? '<' : '>'} (to_timestamp(0) + (?::bigint * interval '1 microsecond'), ?)`, [
          timeKey(page.cursor[0]),
          String(page.cursor[1]),
        ]); // biome-ignore format: one thought
      }
      select.orderByRaw(`"periodEnd" ${forward ? 'desc' : 'asc'}, id ${forward ? 'desc' : 'asc'}`);
      const rows = (await select) as StatementRow[];
      return toConnection(rows, page, { key: (row) => [row.sortKey, row.id], node: toStatement });
    },

    async totals(ids: readonly string[]): Promise<Map<string, StatementTotals>> {
      const rows = await query<{
        id: string;
        currencyCode: string;
        sales: string;
        refunds: string;
        fees: string;
        other: string;
        matched: number;
        exceptions: number;
        openCount: number;
        open: string;
      }>(
        knex,
        `select s.id, s.currency_code as "currencyCode",
           coalesce(sum(l.amount_minor) filter (where l.class in ('SALE', 'SALE_TAX', 'SHIPPING', 'SHIPPING_TAX', 'PROMOTION') and l.kind <> 'REFUND'), 0)::text as sales,
           coalesce(sum(l.amount_minor) filter (where l.class in ('REFUND', 'REFUND_TAX', 'CHARGEBACK') or (l.class in ('SALE', 'SALE_TAX', 'SHIPPING', 'SHIPPING_TAX', 'PROMOTION') and l.kind = 'REFUND')), 0)::text as refunds,
           coalesce(sum(l.amount_minor) filter (where l.class in ('COMMISSION', 'FEE')), 0)::text as fees,
           coalesce(sum(l.amount_minor) filter (where l.class in ('TAX_WITHHELD', 'RESERVE', 'RESERVE_RELEASE', 'ADJUSTMENT', 'EXCHANGE', 'OTHER')), 0)::text as other,
           (count(m.statement_id) filter (where m.state = 'MATCHED'))::int as matched, (count(m.statement_id) filter (where m.state = 'EXCEPTION'))::int as exceptions,
           (select count(*)::int from settlement.difference d where ${UNDECIDED}) as "openCount",
           (select coalesce(sum(d.difference_minor), 0)::text from settlement.difference d where ${UNDECIDED} and d.currency_code = s.currency_code) as open
         from settlement.statement s left join settlement.statement_line l on l.statement_id = s.id
         left join settlement.line_match m on m.statement_id = l.statement_id and m.line_number = l.line_number
         where s.id = any(?) group by s.id`,
        [ids],
      );
      return new Map(
        rows.map(({ id, currencyCode, sales, refunds, fees, other, matched, exceptions, openCount, open }) => [
          id,
          {
            sales: money(sales, currencyCode),
            refunds: money(refunds, currencyCode),
            fees: money(fees, currencyCode),
            other: money(other, currencyCode),
            matchedLineCount: matched,
            exceptionLineCount: exceptions,
            openDifferenceCount: openCount,
            openDifference: money(open, currencyCode),
          },
        ]),
      );
    },

    reversals: (ids: readonly string[]): Promise<Map<string, Reversal>> => readReversals(knex, ids),

    /** In the order of the file. @throws CommerceError BAD_USER_INPUT for an unusable page */
    async lines(
      statementId: string,
      filter: { matchState?: string | null },
      args: PageArgs,
    ): Promise<Connection<StatementLine>> {
      const page = readPage(args, 1);
      const forward = page.direction === 'forward';
      const after = page.cursor?.[0];
      if (after !== undefined && !/^\d{1,18}$/.test(String(after))) {
        throw new CommerceError('BAD_USER_INPUT', 'The cursor is not one of this list.');
      }
      const rows = await query<Omit<StatementLine, 'amount'> & { amountMinor: string; currencyCode: string }>(
        knex,
        `select l.statement_id as "statementId", l.line_number as "lineNumber", coalesce(nullif(l.word_transaction, ''), l.kind) as kind,
           coalesce(nullif(concat_ws(': ', nullif(l.word_type, ''), nullif(l.word_description, '')), ''), l.class) as description,
           l.amount_minor as "amountMinor", l.currency_code as "currencyCode", coalesce(m.state, 'PENDING') as "matchState", m.order_id as "orderId", m.exception_id as "exceptionId"
         from settlement.statement_line l left join settlement.line_match m on m.statement_id = l.statement_id and m.line_number = l.line_number
         where l.statement_id = ? and (?::bigint is null or l.line_number ${forward ? '>' : '<'} ?::bigint) and (?::text is null or coalesce(m.state, 'PENDING') = ?)
         order by l.line_number ${forward ? 'asc' : 'desc'} limit ?`,
        [
          statementId,
          after ?? null,
          after ?? null,
          filter.matchState ?? null,
          filter.matchState ?? null,
          page.size + 1,
        ],
      );
      return toConnection(rows, page, {
        key: (row) => [row.lineNumber],
        node: ({ amountMinor, currencyCode, ...row }) => ({ ...row, amount: money(amountMinor, currencyCode) }),
      });
    },
  };
}

export type StatementReader = ReturnType<typeof createStatementReader>;

function toStatement({ totalMinor, currencyCode, sortKey: _, ...row }: StatementRow): Statement {
  return { ...row, total: money(totalMinor, currencyCode) };
}
