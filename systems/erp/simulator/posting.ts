import type { Knex } from 'knex';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { takeFeedNumbers } from '../../kit/feed.ts';
import { bookDocuments, type NewAccountingDocument } from './accounting.ts';
import { ACCOUNTS } from './accounts.ts';

const MOST_AT_ONCE = 500;

interface DueRow {
  readonly billing_no: string;
  readonly doc_type: 'F2' | 'G2';
  readonly order_ref: string;
  readonly currency: string;
  readonly net_minor: string;
  readonly tax_minor: string;
  readonly gross_minor: string;
}

/**
 * Books the billing documents whose time has come.
 *
 * @returns how many, and the milliseconds until more are due (null: nothing known)
 */
export async function postDueBilling(knex: Knex): Promise<{ posted: number; nextDueMillis: number | null }> {
  const posted = await inTransaction(knex, async (trx) => {
    const { rows } = await trx.raw<{ rows: DueRow[] }>(
      `select billing_no, doc_type, order_ref, currency, net_minor, tax_minor, gross_minor
       from erp.billing_document where status = 'OPEN' and posting_due_at <= now()
       order by posting_due_at, billing_no limit ? for no key update skip locked`,
      [MOST_AT_ONCE],
    );
    if (rows.length === 0) return 0;
    const first = await takeFeedNumbers(trx, 'erp', 'billing_document', rows.length);
    await trx.raw(
      `update erp.billing_document billing set status = given.status, change_no = ? + place - 1
       from unnest(?::text[], ?::text[]) with ordinality as given (billing_no, status, place)
       where billing.billing_no = given.billing_no`,
      [first, rows.map((row) => row.billing_no), rows.map((row) => postedStatus(BigInt(row.gross_minor)))],
    );
    await bookDocuments(trx, rows.map(ofRow));
    return rows.length;
  });
  const { rows } = await knex.raw<{ rows: { millis: string | null }[] }>(
    `select extract(epoch from min(posting_due_at) - clock_timestamp()) * 1000 as millis
     from erp.billing_document where status = 'OPEN'`,
  );
  const millis = rows[0]?.millis ?? null;
  return { posted, nextDueMillis: millis === null ? null : Math.max(0, Math.ceil(Number(millis))) };
}

/** Status of a document once it is in the books: there may be nothing to pay. */
export const postedStatus = (grossMinor: bigint): 'POSTED' | 'CLEARED' => (grossMinor === 0n ? 'CLEARED' : 'POSTED');

/** How a billing document is booked: an invoice debits receivables and credits revenue and tax, a credit memo the opposite. */
export function accountingOfBilling(billing: {
  readonly billingNo: string;
  readonly docType: 'F2' | 'G2';
  readonly orderRef: string;
  readonly currency: string;
  readonly netMinor: bigint;
  readonly taxMinor: bigint;
  readonly grossMinor: bigint;
}): NewAccountingDocument {
  const { billingNo, docType, orderRef, currency, netMinor, taxMinor, grossMinor } = billing;
  const [receivablesSide, revenueSide] = docType === 'F2' ? (['S', 'H'] as const) : (['H', 'S'] as const);
  return {
    docType: 'RV',
    billingNo,
    headerText: `${docType === 'F2' ? 'Invoice' : 'Credit memo'} ${billingNo}, order ${orderRef}`,
    currency,
    lines: [
      { account: ACCOUNTS.receivables, debitCredit: receivablesSide, amountMinor: grossMinor },
      { account: ACCOUNTS.revenue, debitCredit: revenueSide, amountMinor: netMinor },
      ...(taxMinor === 0n ? [] : [{ account: ACCOUNTS.outputTax, debitCredit: revenueSide, amountMinor: taxMinor }]),
    ],
  };
}

const ofRow = (row: DueRow): NewAccountingDocument =>
  accountingOfBilling({
    billingNo: row.billing_no,
    docType: row.doc_type,
    orderRef: row.order_ref,
    currency: row.currency,
    netMinor: BigInt(row.net_minor),
    taxMinor: BigInt(row.tax_minor),
    grossMinor: BigInt(row.gross_minor),
  });
