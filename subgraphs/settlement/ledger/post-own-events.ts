import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { SettlementSettings } from '../matching/settings.ts';
import { appendEntries } from './append.ts';
import { clearingLines } from './clearing.ts';
import { condensed, type LedgerLine, type NewLedgerEntry } from './model.ts';
import type { PostingEvent, PostingRules } from './posting-rules.ts';

/** Most events posted in one transaction. */
export const EVENTS_PER_STEP = 500;

interface DueRow {
  id: string;
  event: 'CAPTURED' | 'CANCELLED' | 'DOCUMENT' | 'CLEARED';
  at: Date;
  amountMinor: string | null;
  orderId: string;
  number: string;
  channelCode: string;
  channelKind: string;
  currencyCode: string;
  documentId: string | null;
  kind: 'INVOICE' | 'CREDIT_MEMO' | null;
  netMinor: string | null;
  taxMinor: string | null;
}

/**
 * Posts what happened to orders and their documents: once per event, in the order in which it was noted. What belongs
 * to an order or a document that is not known yet waits.
 *
 * @returns how many events were posted
 */
export async function postOwnEvents(
  knex: Knex,
  rules: PostingRules,
  settings: SettlementSettings,
  most = EVENTS_PER_STEP,
): Promise<number> {
  return inTransaction(knex, async (trx) => {
    const due = await query<DueRow>(
      trx,
      `select p.id, p.event, p.at, p.amount_minor as "amountMinor", o.order_id as "orderId", o.number, o.channel_code as "channelCode", o.channel_kind as "channelKind",
         coalesce(d.currency_code, o.currency_code) as "currencyCode", d.id as "documentId", d.kind, d.net_minor as "netMinor", d.tax_minor as "taxMinor"
       from settlement.posting_due p
       left join settlement.document d on p.event in ('DOCUMENT', 'CLEARED') and d.number = p.subject_id
       join settlement.channel_order o on o.order_id = case when p.event in ('DOCUMENT', 'CLEARED') then d.order_id else p.subject_id end
       order by p.id limit ? for update of p skip locked`,
      [most],
    );
    if (due.length === 0) return 0;
    const entries = due.flatMap((row) => entriesOf(row, rules, settings));
    await change(trx, 'delete from settlement.posting_due where id = any(?::bigint[])', [due.map((row) => row.id)]);
    await appendEntries(trx, rules, entries);
    return due.length;
  });
}

function entriesOf(row: DueRow, rules: PostingRules, settings: SettlementSettings): NewLedgerEntry[] {
  const { currencyCode } = row;
  const [net, tax] = [BigInt(row.netMinor ?? 0), BigInt(row.taxMinor ?? 0)];
  const isMarketplace = row.channelKind === 'MARKETPLACE';
  const entry = (event: PostingEvent, cause: string, description: string, lines: readonly LedgerLine[]) => {
    const left = condensed(lines);
    if (left.length === 0) return [];
    const { channelCode, orderId, at } = row;
    return [{ cause, event, erp: rules.erpOf(event), bookedAt: at, description, channelCode, orderId, statementId: null, reversalOf: null, actor: 'system', lines: left }]; // biome-ignore format: one thought
  };
  const clearing = () =>
    clearingLines({ ...row, kind: row.kind ?? 'INVOICE', netMinor: net.toString(), taxMinor: tax.toString() }, rules, settings); // biome-ignore format: one thought
  switch (row.event) {
    case 'CAPTURED':
      return entry('ORDER_CAPTURED', `order:${row.orderId}:captured`, `Order ${row.number} taken`, rules.lines('ORDER_CAPTURED', 'TOTAL', BigInt(row.amountMinor ?? 0), currencyCode)); // biome-ignore format: one thought
    case 'CANCELLED':
      return entry('ORDER_CANCELLED', `order:${row.orderId}:cancelled:${row.at.toISOString()}`, `Units of order ${row.number} cancelled`, rules.lines('ORDER_CANCELLED', 'TOTAL', BigInt(row.amountMinor ?? 0), currencyCode)); // biome-ignore format: one thought
    case 'CLEARED': {
      // A channel pays by its settlements: what it owes stands in the books since the document was issued.
      if (isMarketplace) return [];
      const event = row.kind === 'INVOICE' ? 'PAYMENT' : 'REFUND';
      const what = row.kind === 'INVOICE' ? 'Payment' : 'Refund';
      return entry(event, `document:${row.documentId}:cleared`, `${what} of order ${row.number}`, clearing()); // biome-ignore format: one thought
    }
    case 'DOCUMENT': {
      const isInvoice = row.kind === 'INVOICE';
      const event = isInvoice ? 'INVOICE' : 'CREDIT_MEMO';
      const cleared = isInvoice ? 'PAYMENT' : 'REFUND';
      const what = isInvoice ? 'Invoice' : 'Credit memo';
      return [
        ...entry(event, `document:${row.documentId}:issued`, `${what} of order ${row.number}`, [
          ...rules.lines(event, 'NET', net, currencyCode),
          ...rules.lines(event, 'TAX', tax, currencyCode),
        ]),
        ...(isInvoice
          ? entry('ORDER_INVOICED', `document:${row.documentId}:fulfilled`, `Order ${row.number} invoiced`, rules.lines('ORDER_INVOICED', 'TOTAL', net + tax, currencyCode)) // biome-ignore format: one thought
          : []),
        ...(isMarketplace
          ? entry(
              cleared,
              `document:${row.documentId}:channel`,
              `${what} of order ${row.number}: the channel ${isInvoice ? 'collects' : 'pays'}`,
              clearing(),
            )
          : []),
      ];
    }
  }
}
