import type { Knex } from 'knex';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { parseMoney } from '../../../platform/money.ts';
import { fingerprint } from '../../kit/fingerprint.ts';
import { Refusal, referenceReused } from '../../kit/refusal.ts';
import type { BillingDocument, BillingRequest } from '../wire.ts';
import { bookDocuments } from './accounting.ts';
import { requireBilling } from './billing-documents.ts';
import { missingRecords } from './master-data.ts';
import { accountingOfBilling, postedStatus } from './posting.ts';

export interface CreatedBilling {
  readonly document: BillingDocument;
  /** False when the request was a repetition. */
  readonly created: boolean;
}

/**
 * Stores a billing document once per external reference. It goes into the books when `postingDelayMillis` have passed;
 * with 0 it does so in the same transaction.
 *
 * @throws Refusal 409 REFERENCE_REUSED, 422 AMOUNTS_DO_NOT_ADD_UP, 422 UNKNOWN_MATERIAL
 */
export async function createBilling(
  knex: Knex,
  request: BillingRequest,
  postingDelayMillis: number,
): Promise<CreatedBilling> {
  const known = await repeated(knex, request);
  if (known) return known;
  const totals = totalsOf(request);
  await refuseUnknownMaterials(knex, request);
  const billingNo = await inTransaction(knex, async (trx) => {
    await trx.raw('insert into erp.customer_account (sold_to) values (?) on conflict do nothing', [request.soldTo]);
    const inserted = await insertBilling(trx, request, totals, postingDelayMillis);
    if (inserted !== null && postingDelayMillis === 0) {
      await bookDocuments(trx, [accountingOfBilling({ ...request, ...totals, billingNo: inserted })]);
    }
    return inserted;
  });
  if (billingNo !== null) return { document: await requireBilling(knex, billingNo), created: true };
  const meanwhile = await repeated(knex, request);
  if (!meanwhile) throw new Error('a billing document that exists cannot be found');
  return meanwhile;
}

/** The document that was made of this request before. Null when there is none. @throws Refusal 409 when it says something else */
async function repeated(knex: Knex, request: BillingRequest): Promise<CreatedBilling | null> {
  const { rows } = await knex.raw<{ rows: { billing_no: string; fingerprint: string }[] }>(
    'select billing_no, fingerprint from erp.billing_document where external_ref = ?',
    [request.externalRef],
  );
  const [known] = rows;
  if (!known) return null;
  if (known.fingerprint !== fingerprint(request)) throw referenceReused(request.externalRef);
  return { document: await requireBilling(knex, known.billing_no), created: false };
}

/** @returns number of the new document, null when its reference exists */
async function insertBilling(
  trx: Knex.Transaction,
  request: BillingRequest,
  totals: Totals,
  postingDelayMillis: number,
): Promise<string | null> {
  const { rows } = await trx.raw<{ rows: { billing_no: string }[] }>(
    `insert into erp.billing_document
       (external_ref, fingerprint, doc_type, sold_to, order_ref, currency, items,
        net_minor, tax_minor, gross_minor, status, posting_due_at, change_no)
     values (?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?, now() + ?::float8 * interval '1 millisecond',
       erp.take_feed_numbers('billing_document', 1))
     on conflict do nothing
     returning billing_no`,
    [
      request.externalRef,
      fingerprint(request),
      request.docType,
      request.soldTo,
      request.orderRef,
      request.currency,
      JSON.stringify(request.items),
      totals.netMinor.toString(),
      totals.taxMinor.toString(),
      totals.grossMinor.toString(),
      postingDelayMillis === 0 ? postedStatus(totals.grossMinor) : 'OPEN',
      postingDelayMillis,
    ],
  );
  return rows[0]?.billing_no ?? null;
}

async function refuseUnknownMaterials(knex: Knex, request: BillingRequest): Promise<void> {
  const named = request.items.flatMap((item) => item.materialNo ?? []);
  const [unknown] = await missingRecords(knex, 'material', named);
  if (unknown !== undefined) {
    throw new Refusal(422, 'UNKNOWN_MATERIAL', `no material ${unknown}`, { materialNo: unknown });
  }
}

interface Totals {
  readonly netMinor: bigint;
  readonly taxMinor: bigint;
  readonly grossMinor: bigint;
}

function totalsOf({ items, currency }: BillingRequest): Totals {
  let [netMinor, taxMinor, grossMinor] = [0n, 0n, 0n];
  for (const item of items) {
    const net = parseMoney(item.netAmount, currency).amountMinor;
    const tax = parseMoney(item.taxAmount, currency).amountMinor;
    const gross = parseMoney(item.grossAmount, currency).amountMinor;
    if (net + tax !== gross) {
      throw new Refusal(422, 'AMOUNTS_DO_NOT_ADD_UP', `item ${item.ref}: net and tax are not the gross amount`);
    }
    netMinor += net;
    taxMinor += tax;
    grossMinor += gross;
  }
  return { netMinor, taxMinor, grossMinor };
}
