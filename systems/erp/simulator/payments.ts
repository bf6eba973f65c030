import type { Knex } from 'knex';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { formatAmount, parseMoney } from '../../../platform/money.ts';
import { fingerprint } from '../../kit/fingerprint.ts';
import { Refusal, referenceReused, unknownRecord } from '../../kit/refusal.ts';
import type { CustomerAccount, PaymentAnswer, PaymentRequest } from '../wire.ts';
import { bookDocuments, type NewAccountingDocument } from './accounting.ts';
import { ACCOUNTS, refuseUnknownAccounts } from './accounts.ts';
import { requireBilling } from './billing-documents.ts';

interface OpenItem {
  doc_type: 'F2' | 'G2';
  currency: string;
  status: 'OPEN' | 'POSTED' | 'CLEARED';
  unpaid: string;
}

/**
 * Books money received for an invoice, or paid out for a credit memo, once per payment reference. The document is
 * CLEARED when nothing remains to be paid.
 *
 * @throws Refusal 404 UNKNOWN_BILLING_DOCUMENT, 409 REFERENCE_REUSED, 409 NOT_POSTED (try again later),
 * 422 WRONG_CURRENCY, 422 MORE_THAN_OPEN, 422 UNKNOWN_ACCOUNT, 422 AMOUNTS_DO_NOT_ADD_UP
 */
export async function takePayment(
  knex: Knex,
  request: PaymentRequest,
): Promise<{ answer: PaymentAnswer; created: boolean }> {
  return inTransaction(knex, async (trx) => {
    const { rows: inserted } = await trx.raw<{ rows: unknown[] }>(
      `insert into erp.payment (payment_ref, fingerprint, billing_no)
       select ?, ?, billing_no from erp.billing_document where billing_no = ?
       on conflict do nothing returning 1`,
      [request.paymentRef, fingerprint(request), request.billingNo],
    );
    if (inserted.length === 0) return { answer: await repeated(trx, request), created: false };
    const { rows } = await trx.raw<{ rows: OpenItem[] }>(
      `select doc_type, currency, status, gross_minor - paid_minor as unpaid from erp.billing_document
       where billing_no = ? for no key update`,
      [request.billingNo],
    );
    const [item] = rows;
    if (!item) throw unknownRecord('BILLING_DOCUMENT', request.billingNo);
    const amountMinor = payable(item, request);
    const parts = clearingParts(request, amountMinor);
    await refuseUnknownAccounts(
      trx,
      parts.map((part) => part.account),
    );
    await trx.raw(
      `update erp.billing_document set paid_minor = paid_minor + paid,
         status = case when paid_minor + paid = gross_minor then 'CLEARED' else status end,
         change_no = erp.take_feed_numbers('billing_document', 1)
       from (select ?::bigint as paid) as payment
       where billing_no = ?`,
      [amountMinor.toString(), request.billingNo],
    );
    const [accountingDocNo] = await bookDocuments(trx, [paymentDocument(item, request, amountMinor, parts)]);
    await trx.raw('update erp.payment set accounting_doc_no = ? where payment_ref = ?', [
      accountingDocNo ?? null,
      request.paymentRef,
    ]);
    return { answer: await readAnswer(trx, request, accountingDocNo ?? ''), created: true };
  });
}

async function repeated(trx: Knex.Transaction, request: PaymentRequest): Promise<PaymentAnswer> {
  const { rows } = await trx.raw<{ rows: { fingerprint: string; accounting_doc_no: string }[] }>(
    'select fingerprint, accounting_doc_no from erp.payment where payment_ref = ?',
    [request.paymentRef],
  );
  const [known] = rows;
  if (!known) throw unknownRecord('BILLING_DOCUMENT', request.billingNo);
  if (known.fingerprint !== fingerprint(request)) throw referenceReused(request.paymentRef);
  return readAnswer(trx, request, known.accounting_doc_no);
}

async function readAnswer(
  trx: Knex.Transaction,
  request: PaymentRequest,
  accountingDocNo: string,
): Promise<PaymentAnswer> {
  const billingDocument = await requireBilling(trx, request.billingNo);
  return { paymentRef: request.paymentRef, accountingDocNo, billingDocument };
}

function payable(item: OpenItem, request: PaymentRequest): bigint {
  if (item.status === 'OPEN') {
    throw new Refusal(409, 'NOT_POSTED', `billing document ${request.billingNo} is not in the books yet`);
  }
  if (item.currency !== request.currency) {
    throw new Refusal(422, 'WRONG_CURRENCY', `billing document ${request.billingNo} is in ${item.currency}`);
  }
  const { amountMinor } = parseMoney(request.amount, request.currency);
  if (amountMinor > BigInt(item.unpaid)) {
    const openAmount = formatAmount({ amountMinor: BigInt(item.unpaid), currencyCode: item.currency });
    throw new Refusal(422, 'MORE_THAN_OPEN', `${openAmount} ${item.currency} remain to be paid`, { openAmount });
  }
  return amountMinor;
}

interface ClearingPart {
  readonly account: string;
  readonly amountMinor: bigint;
}

/** What the money is booked on: the bank, unless the request says otherwise. */
function clearingParts({ clearingAccounts, currency }: PaymentRequest, amountMinor: bigint): ClearingPart[] {
  if (!clearingAccounts) return [{ account: ACCOUNTS.bank, amountMinor }];
  const parts = clearingAccounts.map(({ account, amount }) => ({
    account,
    amountMinor: parseMoney(amount, currency).amountMinor,
  }));
  if (parts.reduce((sum, part) => sum + part.amountMinor, 0n) !== amountMinor) {
    throw new Refusal(422, 'AMOUNTS_DO_NOT_ADD_UP', 'the clearing accounts do not add up to the amount');
  }
  return parts;
}

function paymentDocument(
  item: OpenItem,
  request: PaymentRequest,
  amountMinor: bigint,
  parts: readonly ClearingPart[],
): NewAccountingDocument {
  const [moneySide, receivablesSide] = item.doc_type === 'F2' ? (['S', 'H'] as const) : (['H', 'S'] as const);
  return {
    docType: 'DZ',
    billingNo: request.billingNo,
    headerText: `Payment ${item.doc_type === 'F2' ? 'for invoice' : 'of credit memo'} ${request.billingNo}`,
    currency: item.currency,
    lines: [
      ...parts.map((part) => ({ ...part, debitCredit: moneySide })),
      { account: ACCOUNTS.receivables, debitCredit: receivablesSide, amountMinor },
    ],
  };
}

/** Null when the account was never used. */
export async function findCustomerAccount(knex: Knex, soldTo: string): Promise<CustomerAccount | null> {
  const { rows } = await knex.raw<{ rows: { currency: string | null; balance: string }[] }>(
    `select billing.currency, coalesce(sum(case doc_type when 'F2' then 1 else -1 end * (gross_minor - paid_minor)), 0) as balance
     from erp.customer_account account
     left join erp.billing_document billing on billing.sold_to = account.sold_to and billing.status <> 'OPEN'
     where account.sold_to = ? group by billing.currency order by billing.currency`,
    [soldTo],
  );
  if (rows.length === 0) return null;
  const openBalances = rows.flatMap(({ currency, balance }) =>
    currency === null
      ? []
      : [{ currency, amount: formatAmount({ amountMinor: BigInt(balance), currencyCode: currency }) }],
  );
  return { soldTo, openBalances };
}
