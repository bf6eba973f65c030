import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { writeEvents } from '../../events/outbox.ts';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { lockDocuments, saveDocumentStates } from './feeds.ts';
import { type ClearedDocument, clearingLines } from './ledger/clearing.ts';
import { condensed } from './ledger/model.ts';
import type { PostingRules } from './ledger/posting-rules.ts';
import type { SettlementSettings } from './matching/settings.ts';
import { lookAgain } from './own-events.ts';
import type { FinanceSystem, PostedDocument, ValuedGoods } from './port.ts';

export interface FinanceDocument {
  /** Names the effect; the ERP's external reference: one document per key. */
  readonly key: string;
  readonly orderId: string;
  readonly orderNumber: string;
  readonly channelCode: string;
  readonly customerId: string | null;
  readonly currencyCode: string;
  readonly lines: readonly {
    readonly lineId: string;
    readonly sku: string;
    readonly quantity: number;
    readonly netMinor: bigint;
    readonly taxMinor: bigint;
  }[];
  /** Whether the money was authorised when the order was placed. */
  readonly paid: boolean;
  readonly traceId: string;
}

/** Has documents posted in the ERP and keeps our record of them. Every command may be repeated. */
export function createFinance(deps: {
  readonly knex: Knex;
  readonly erp: FinanceSystem;
  readonly rules: PostingRules;
  readonly settings: SettlementSettings;
}) {
  const { knex, erp, rules, settings } = deps;
  return {
    async postInvoice(document: FinanceDocument, signal: AbortSignal): Promise<{ invoiceId: string; number: string }> {
      const posted = await erp.post({ ...document, kind: 'INVOICE', account: accountOf(document) }, signal);
      const id = await inTransaction(knex, (trx) => record(trx, 'INVOICE', document, null, posted));
      return { invoiceId: id, number: posted.number };
    },

    async postCreditMemo(
      document: FinanceDocument & { returnId: string },
      signal: AbortSignal,
    ): Promise<{ creditMemoId: string; number: string }> {
      const posted = await erp.post({ ...document, kind: 'CREDIT_MEMO', account: accountOf(document) }, signal);
      const id = await inTransaction(knex, (trx) => record(trx, 'CREDIT_MEMO', document, document.returnId, posted));
      return { creditMemoId: id, number: posted.number };
    },

    /**
     * Clears a document: what the buyer owed is with the payment provider from then on, or owed by the marketplace, on the
     * accounts that the channel ledger uses. False while it is not in the books yet.
     */
    async clear(documentId: string, signal: AbortSignal): Promise<boolean> {
      const [document] = await query<ClearedDocument & { number: string; totalMinor: string }>(
        knex,
        `select d.number, d.kind, d.channel_code as "channelCode", coalesce(o.channel_kind, c.kind) as "channelKind", d.currency_code as "currencyCode",
           d.net_minor as "netMinor", d.tax_minor as "taxMinor", d.total_minor as "totalMinor"
         from settlement.document d left join settlement.channel_order o on o.order_id = d.order_id left join integration.channel c on c.code = d.channel_code
         where d.id = ?`,
        [documentId],
      );
      if (!document) throw new CommerceError('NOT_FOUND', 'no such document', { documentId });
      return erp.clear(
        {
          key: `${documentId}:clear`,
          number: document.number,
          currencyCode: document.currencyCode,
          amountMinor: BigInt(document.totalMinor),
          accounts: clearingAccounts(document, rules, settings),
        },
        signal,
      );
    },
  };
}

/** What a document is cleared to: the same accounts as in the channel ledger, without the buyer's. */
function clearingAccounts(document: ClearedDocument, rules: PostingRules, settings: SettlementSettings) {
  const receivable = rules.account('customer-receivable');
  return condensed(clearingLines(document, rules, settings))
    .filter((line) => line.account !== receivable)
    .map(({ account, amountMinor }) => ({ account, amountMinor }));
}

/** What the goods of a line cost. Null where the ERP does not know it in the currency of the document: nothing is converted. */
function costOf(
  { sku, quantity }: FinanceDocument['lines'][number],
  currencyCode: string,
  { unitCosts }: ValuedGoods,
): bigint | null {
  const cost = unitCosts.get(sku);
  return cost?.currencyCode === currencyCode ? cost.amountMinor * BigInt(quantity) : null;
}

/** Ledger account of the buyer: one per customer, one per channel for guests. At most 40 characters. */
function accountOf({ customerId, channelCode }: FinanceDocument): string {
  if (customerId === null) return `CPD-${channelCode}`.slice(0, 40);
  return `C-${createHash('sha256').update(`${channelCode}\n${customerId}`).digest('hex').slice(0, 24)}`;
}

async function record(
  trx: Knex.Transaction,
  kind: 'INVOICE' | 'CREDIT_MEMO',
  document: FinanceDocument,
  returnId: string | null,
  posted: PostedDocument & ValuedGoods,
): Promise<string> {
  const net = document.lines.reduce((sum, line) => sum + line.netMinor, 0n);
  const tax = document.lines.reduce((sum, line) => sum + line.taxMinor, 0n);
  const inserted = await query<{ id: string }>(
    trx,
    `insert into settlement.document (id, kind, posting_key, number, order_id, order_number, return_id, channel_code, customer_id,
       currency_code, net_minor, tax_minor, total_minor, payment_due, issued_at, trace_id)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (posting_key) do nothing returning id`,
    [
      newId('invoice'),
      kind,
      document.key,
      posted.number,
      document.orderId,
      document.orderNumber,
      returnId,
      document.channelCode,
      document.customerId,
      document.currencyCode,
      net.toString(),
      tax.toString(),
      (net + tax).toString(),
      document.paid,
      posted.issuedAt,
      document.traceId,
    ],
  );
  await saveDocumentStates(trx, [posted]);
  const id = inserted[0]?.id;
  if (id === undefined) {
    const [known] = await query<{ id: string }>(trx, 'select id from settlement.document where posting_key = ?', [
      document.key,
    ]);
    if (!known) throw new CommerceError('INTERNAL_SERVER_ERROR', 'a document vanished');
    return known.id;
  }
  await query(
    trx,
    `insert into settlement.document_line (document_id, position, line_id, sku, quantity, net_minor, tax_minor, cost_minor)
     select ?, * from unnest(?::int[], ?::text[], ?::text[], ?::int[], ?::bigint[], ?::bigint[], ?::bigint[])`,
    [
      id,
      document.lines.map((_, index) => index + 1),
      document.lines.map((line) => line.lineId),
      document.lines.map((line) => line.sku),
      document.lines.map((line) => line.quantity),
      document.lines.map((line) => line.netMinor.toString()),
      document.lines.map((line) => line.taxMinor.toString()),
      document.lines.map((line) => costOf(line, document.currencyCode, posted)?.toString() ?? null),
    ],
  );
  await query(
    trx,
    `insert into settlement.posting_due (event, subject_id, at) values ('DOCUMENT', ?, ?) on conflict do nothing`,
    [posted.number, posted.issuedAt],
  );
  await lookAgain(trx, [document.orderId]);
  // Postings may have come through the feed before the document they belong to, or come in this very moment.
  await lockDocuments(trx, [posted.number]);
  await query(trx, 'update settlement.journal_entry set order_id = ? where document_number = ? and order_id is null', [
    document.orderId,
    posted.number,
  ]);
  if (kind === 'CREDIT_MEMO') {
    await query(
      trx,
      'insert into settlement.refund (id, document_id, order_id, return_id, amount_minor, currency_code) values (?, ?, ?, ?, ?, ?)',
      [newId('refund'), id, document.orderId, returnId, (net + tax).toString(), document.currencyCode],
    );
    await writeEvents(trx, [
      {
        type: 'credit-memo-posted.v1',
        subject: id,
        version: 1,
        channelCode: document.channelCode,
        traceId: document.traceId,
        data: {
          creditMemoId: id,
          orderId: document.orderId,
          currencyCode: document.currencyCode,
          totalMinor: (net + tax).toString(),
          lines: document.lines.map(({ lineId, sku, quantity, netMinor, taxMinor }) => ({
            lineId,
            sku,
            quantity,
            grossMinor: (netMinor + taxMinor).toString(),
          })),
        },
      },
    ]);
  } else {
    await writeEvents(trx, [
      {
        type: 'invoice-posted.v1',
        subject: id,
        version: 1,
        channelCode: document.channelCode,
        traceId: document.traceId,
        data: { invoiceId: id, orderId: document.orderId },
      },
    ]);
  }
  return id;
}
