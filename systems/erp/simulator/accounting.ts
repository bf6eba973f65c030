import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { formatAmount } from '../../../platform/money.ts';
import type { AccountingDocument } from '../wire.ts';

/** A document to be booked. Its debits and credits must be equal, which the database checks at commit. */
export interface NewAccountingDocument {
  readonly docType: AccountingDocument['docType'];
  readonly billingNo: string | null;
  readonly headerText: string;
  readonly currency: string;
  readonly lines: readonly {
    readonly account: string;
    readonly debitCredit: 'S' | 'H';
    readonly amountMinor: bigint;
  }[];
}

/** A document has its place in `documents`, a line that of its document. */
const BOOK = `
  with booked as (
    insert into erp.accounting_document (doc_type, billing_no, header_text, currency, change_no)
    select doc_type, billing_no, header_text, currency, first + place - 1
    from unnest(?::text[], ?::text[], ?::text[], ?::text[])
      with ordinality as given (doc_type, billing_no, header_text, currency, place),
      (select erp.take_feed_numbers('accounting_document', ?) as first) as numbers
    returning accounting_doc_no, change_no
  ), placed as (
    select accounting_doc_no, row_number() over (order by change_no) as place from booked
  ), lines as (
    insert into erp.accounting_line (accounting_doc_no, line_no, account, debit_credit, amount_minor)
    select accounting_doc_no, line_no, account, debit_credit, amount_minor
    from unnest(?::bigint[], ?::int[], ?::text[], ?::text[], ?::bigint[])
      as given (place, line_no, account, debit_credit, amount_minor)
    join placed using (place)
  )
  select accounting_doc_no from placed order by place`;

/**
 * Books documents in the given order, in one statement: it locks the feed's counter until the transaction ends.
 *
 * @returns their numbers, in the same order
 */
export async function bookDocuments(
  trx: Knex.Transaction,
  documents: readonly NewAccountingDocument[],
): Promise<string[]> {
  if (documents.length === 0) return [];
  const lines = documents.flatMap((one, index) =>
    one.lines.map((line, lineIndex) => ({ ...line, place: index + 1, lineNo: lineIndex + 1 })),
  );
  const rows = await query<{ accounting_doc_no: string }>(trx, BOOK, [
    documents.map((one) => one.docType),
    documents.map((one) => one.billingNo),
    documents.map((one) => one.headerText),
    documents.map((one) => one.currency),
    documents.length,
    lines.map((line) => line.place),
    lines.map((line) => line.lineNo),
    lines.map((line) => line.account),
    lines.map((line) => line.debitCredit),
    lines.map((line) => line.amountMinor.toString()),
  ]);
  return rows.map((row) => row.accounting_doc_no);
}

interface AccountingRow {
  accounting_doc_no: string;
  doc_type: AccountingDocument['docType'];
  billing_no: string | null;
  header_text: string;
  currency: string;
  posted_at: Date;
  change_no: string;
  lines: { account: string; accountName: string; debitCredit: 'S' | 'H'; amountMinor: string }[];
}

/** Documents booked after a number, oldest first. Booked documents never change. */
export async function readAccountingChanges(knex: Knex, after: number, limit: number): Promise<AccountingDocument[]> {
  const { rows } = await knex.raw<{ rows: AccountingRow[] }>(
    `select document.*, (
       select jsonb_agg(jsonb_build_object(
         'account', account, 'accountName', account_name, 'debitCredit', debit_credit, 'amountMinor', amount_minor::text)
         order by line_no)
       from erp.accounting_line line join erp.gl_account using (account) where line.accounting_doc_no = document.accounting_doc_no) as lines
     from erp.accounting_document document where change_no > ? order by change_no limit ?`,
    [after, limit],
  );
  return rows.map((row) => ({
    accountingDocNo: row.accounting_doc_no,
    docType: row.doc_type,
    billingNo: row.billing_no,
    headerText: row.header_text,
    postedAt: row.posted_at.toISOString(),
    lines: row.lines.map(({ account, accountName, debitCredit, amountMinor }) => ({
      account,
      accountName,
      debitCredit,
      amount: formatAmount({ amountMinor: BigInt(amountMinor), currencyCode: row.currency }),
      currency: row.currency,
    })),
    changeNo: Number(row.change_no),
  }));
}
