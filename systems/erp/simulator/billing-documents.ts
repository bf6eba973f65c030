import type { Knex } from 'knex';
import { formatAmount } from '../../../platform/money.ts';
import type { BillingDocument } from '../wire.ts';

interface BillingRow {
  billing_no: string;
  external_ref: string;
  doc_type: 'F2' | 'G2';
  sold_to: string;
  order_ref: string;
  currency: string;
  items: BillingDocument['items'];
  net_minor: string;
  tax_minor: string;
  gross_minor: string;
  paid_minor: string;
  status: BillingDocument['status'];
  created_at: Date;
  change_no: string;
  accounting_doc_no: string | null;
  posted_at: Date | null;
}

const SELECT = `
  select billing.*, accounting.accounting_doc_no, accounting.posted_at
  from erp.billing_document billing
  left join erp.accounting_document accounting on accounting.billing_no = billing.billing_no and accounting.doc_type = 'RV'`;

/** Null when there is none. */
export async function findBilling(
  knex: Knex,
  by: 'billing_no' | 'external_ref',
  key: string,
): Promise<BillingDocument | null> {
  const { rows } = await knex.raw<{ rows: BillingRow[] }>(`${SELECT} where billing.${by} = ?`, [key]);
  return rows[0] ? toDocument(rows[0]) : null;
}

/** @throws Error when a document that was just written cannot be found */
export async function requireBilling(knex: Knex, billingNo: string): Promise<BillingDocument> {
  const found = await findBilling(knex, 'billing_no', billingNo);
  if (!found) throw new Error(`billing document ${billingNo} has vanished`);
  return found;
}

/** Documents changed after a number, oldest change first. */
export async function readBillingChanges(knex: Knex, after: number, limit: number): Promise<BillingDocument[]> {
  const { rows } = await knex.raw<{ rows: BillingRow[] }>(
    `${SELECT} where billing.change_no > ? order by billing.change_no limit ?`,
    [after, limit],
  );
  return rows.map(toDocument);
}

function toDocument(row: BillingRow): BillingDocument {
  const amount = (minor: string) => formatAmount({ amountMinor: BigInt(minor), currencyCode: row.currency });
  return {
    billingNo: row.billing_no,
    externalRef: row.external_ref,
    docType: row.doc_type,
    soldTo: row.sold_to,
    orderRef: row.order_ref,
    currency: row.currency,
    items: row.items,
    netAmount: amount(row.net_minor),
    taxAmount: amount(row.tax_minor),
    grossAmount: amount(row.gross_minor),
    paidAmount: amount(row.paid_minor),
    status: row.status,
    createdAt: row.created_at.toISOString(),
    posting:
      row.accounting_doc_no === null || row.posted_at === null
        ? null
        : { accountingDocNo: row.accounting_doc_no, postedAt: row.posted_at.toISOString() },
    changeNo: Number(row.change_no),
  };
}
