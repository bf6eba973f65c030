import type { Knex } from 'knex';
import { groupBy } from '../../platform/batch.ts';
import type { Caller } from '../../platform/caller.ts';
import { query } from '../../platform/db/query.ts';
import { type Connection, type PageArgs, readPage, timeKey, toConnection } from '../../platform/graphql/connection.ts';
import { money } from '../../platform/money.ts';
import {
  type BookingSide,
  type Invoice,
  type InvoiceStatus,
  type JournalEntry,
  type JournalLine,
  type Refund,
  refundStatusOf,
} from './model.ts';

interface InvoiceRow {
  id: string; number: string; orderId: string; channelCode: string; customerId: string | null; status: InvoiceStatus; issuedAt: Date;
  netMinor: string; taxMinor: string; totalMinor: string; currencyCode: string;
} // biome-ignore format: a table

const INVOICES = `select d.id, d.number, d.order_id as "orderId", d.channel_code as "channelCode", d.customer_id as "customerId",
  coalesce(s.status, 'DRAFT') as status, d.issued_at as "issuedAt", d.net_minor as "netMinor", d.tax_minor as "taxMinor",
  d.total_minor as "totalMinor", d.currency_code as "currencyCode"
  from settlement.document d left join settlement.document_state s on s.number = d.number where d.kind = 'INVOICE'`;

export interface InvoiceFilter {
  readonly customerId?: string | null;
  readonly status?: readonly string[] | null;
  readonly issuedSince?: string | null;
}

export interface JournalEntryFilter {
  readonly account?: string | null;
  readonly orderId?: string | null;
  readonly settlementId?: string | null;
  readonly book?: string | null;
  readonly postedSince?: string | null;
  readonly postedUntil?: string | null;
}

/** Entries of settlements that one request gets; `journalEntries` pages through all of them. */
const MAX_ENTRIES = 1_000;

/** Set-based reads: one statement per call, whatever the number of keys. */
export function createSettlementReader(knex: Knex) {
  return {
    async invoicesById(ids: readonly string[]): Promise<Map<string, Invoice>> {
      const rows = await query<InvoiceRow>(knex, `${INVOICES} and d.id = any(?)`, [ids]);
      return new Map(rows.map((row) => [row.id, toInvoice(row)]));
    },

    async invoicesByOrder(orderIds: readonly string[]): Promise<Map<string, Invoice[]>> {
      const rows = await query<InvoiceRow>(knex, `${INVOICES} and d.order_id = any(?) order by d.issued_at, d.id`, [
        orderIds,
      ]);
      return groupBy(rows.map(toInvoice), (invoice) => invoice.orderId);
    },

    async refundsByOrder(orderIds: readonly string[]): Promise<Map<string, Refund[]>> {
      const rows = await query<{
        id: string;
        orderId: string;
        amountMinor: string;
        currencyCode: string;
        status: InvoiceStatus;
        number: string;
      }>(
        knex,
        `select r.id, r.order_id as "orderId", r.amount_minor as "amountMinor", r.currency_code as "currencyCode", coalesce(s.status, 'DRAFT') as status, d.number
         from settlement.refund r join settlement.document d on d.id = r.document_id left join settlement.document_state s on s.number = d.number
         where r.order_id = any(?) order by r.created_at, r.id`,
        [orderIds],
      );
      const refunds = rows.map((row) => ({
        id: row.id,
        orderId: row.orderId,
        amount: money(row.amountMinor, row.currencyCode),
        status: refundStatusOf(row.status),
        creditMemoNumber: row.number,
      }));
      return groupBy(refunds, (refund) => refund.orderId);
    },

    /** Newest first. Only what the caller may see. @throws CommerceError BAD_USER_INPUT for an unusable page */
    async invoices(caller: Caller, filter: InvoiceFilter, args: PageArgs): Promise<Connection<Invoice>> {
      const page = readPage(args, 2);
      const select = knex
        .from(knex.raw(`(${INVOICES}) as i`))
        .select(knex.raw(`i.*, ${microseconds('"issuedAt"')} as "sortKey"`))
        .limit(page.size + 1);
      if (caller.channel) select.where('channelCode', caller.channel.code);
      if (caller.customerId !== null) select.where('customerId', caller.customerId);
      if (filter.customerId != null) select.where('customerId', filter.customerId);
      if (filter.status != null) select.whereIn('status', [...filter.status]);
      if (filter.issuedSince != null) select.where('issuedAt', '>=', filter.issuedSince);
      newestFirst(select, '"issuedAt"', page);
      const rows = (await select) as (InvoiceRow & { sortKey: string })[];
      return toConnection(rows, page, { key: (row) => [row.sortKey, row.id], node: toInvoice });
    },

    /** Newest first. @throws CommerceError BAD_USER_INPUT for an unusable page */
    async journalEntries(filter: JournalEntryFilter, args: PageArgs): Promise<Connection<JournalEntry>> {
      const page = readPage(args, 2);
      const select = knex('settlement.journal as e')
        .select(
          knex.raw(
            `e.id, e.number, e.book, e.posted_at as "postedAt", e.description, ${microseconds('e.posted_at')} as "sortKey"`,
          ),
        )
        .limit(page.size + 1);
      if (filter.account != null)
        select.whereRaw(
          `(exists (select 1 from settlement.journal_line l where l.entry_id = e.id and l.account = ?)
            or exists (select 1 from settlement.ledger_line l where l.entry_id = e.id and l.account = ?))`,
          [filter.account, filter.account],
        );
      if (filter.orderId != null) select.where('e.order_id', filter.orderId);
      if (filter.settlementId != null) select.where('e.statement_id', filter.settlementId);
      if (filter.book != null) select.where('e.book', filter.book);
      if (filter.postedSince != null) select.where('e.posted_at', '>=', filter.postedSince);
      if (filter.postedUntil != null) select.where('e.posted_at', '<=', filter.postedUntil);
      newestFirst(select, 'e.posted_at', page, 'e.id');
      const rows = (await select) as (JournalEntry & { sortKey: string })[];
      return toConnection(rows, page, { key: (row) => [row.sortKey, row.id], node: (row) => row });
    },

    async journalEntriesById(ids: readonly string[]): Promise<Map<string, JournalEntry>> {
      const rows = await query<JournalEntry>(
        knex,
        'select id, number, book, posted_at as "postedAt", description from settlement.journal where id = any(?)',
        [ids],
      );
      return new Map(rows.map((row) => [row.id, row]));
    },

    /** What was posted for settlements, oldest first. */
    async entriesByStatement(ids: readonly string[]): Promise<Map<string, JournalEntry[]>> {
      const rows = await query<JournalEntry & { statementId: string }>(
        knex,
        `select id, number, book, posted_at as "postedAt", description, statement_id as "statementId" from settlement.journal
         where statement_id = any(?::text[]) order by posted_at, id limit ${MAX_ENTRIES}`,
        [ids],
      );
      return groupBy(rows, (row) => row.statementId);
    },

    async linesByEntry(ids: readonly string[]): Promise<Map<string, JournalLine[]>> {
      const rows = await query<{
        entryId: string;
        account: string;
        side: BookingSide;
        amountMinor: string;
        currencyCode: string;
      }>(
        knex,
        `select entry_id as "entryId", account, side, amount_minor as "amountMinor", currency_code as "currencyCode"
         from (select * from settlement.journal_line where entry_id = any(?::text[])
               union all select entry_id, position, account, side, amount_minor, currency_code from settlement.ledger_line where entry_id = any(?::text[])) as lines
         order by entry_id, position`,
        [ids, ids],
      );
      return groupBy(
        rows.map((row) => ({
          entryId: row.entryId,
          account: row.account,
          side: row.side,
          amount: money(row.amountMinor, row.currencyCode),
        })),
        (line) => line.entryId,
      );
    },
  };
}

export type SettlementReader = ReturnType<typeof createSettlementReader>;

/** A timestamp as whole microseconds: a JavaScript Date would round the key and skip or repeat rows. */
function microseconds(column: string): string {
  return `(extract(epoch from ${column}) * 1000000)::bigint`;
}

function newestFirst(select: Knex.QueryBuilder, time: string, page: ReturnType<typeof readPage>, id = 'id'): void {
  const forward = page.direction === 'forward';
  if (page.cursor) {
    select.whereRaw(
      `(${time}, ${id}) ${forward ? '<' : '>'} (to_timestamp(0) + (?::bigint * interval '1 microsecond'), ?)`,
      [timeKey(page.cursor[0]), String(page.cursor[1])],
    );
  }
  select.orderByRaw(`${time} ${forward ? 'desc' : 'asc'}, ${id} ${forward ? 'desc' : 'asc'}`);
}

function toInvoice(row: InvoiceRow): Invoice {
  const amount = (minor: string) => money(minor, row.currencyCode);
  return {
    id: row.id,
    number: row.number,
    orderId: row.orderId,
    channelCode: row.channelCode,
    customerId: row.customerId,
    status: row.status,
    issuedAt: row.issuedAt,
    net: amount(row.netMinor),
    tax: amount(row.taxMinor),
    total: amount(row.totalMinor),
  };
}
