import type { Knex } from 'knex';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { parseMoney } from '../../../platform/money.ts';
import { fingerprint } from '../../kit/fingerprint.ts';
import { Refusal, referenceReused } from '../../kit/refusal.ts';
import type { GlDocument, GlDocumentRequest, PostingPeriod } from '../wire.ts';
import { bookDocuments } from './accounting.ts';
import { refuseUnknownAccounts } from './accounts.ts';

/**
 * Books a G/L document (SA) once per external reference.
 *
 * @throws Refusal 409 REFERENCE_REUSED, 422 DOES_NOT_BALANCE, 422 UNKNOWN_ACCOUNT, 422 PERIOD_CLOSED
 */
export async function createGlDocument(
  knex: Knex,
  request: GlDocumentRequest,
): Promise<{ document: GlDocument; created: boolean }> {
  return inTransaction(knex, async (trx) => {
    const { rows: inserted } = await trx.raw<{ rows: unknown[] }>(
      `insert into erp.gl_document (external_ref, fingerprint, posting_period) values (?, ?, ?)
       on conflict do nothing returning 1`,
      [request.externalRef, fingerprint(request), request.postingPeriod],
    );
    if (inserted.length === 0) return { document: await repeated(trx, request), created: false };
    const lines = request.lines.map(({ amount, ...line }) => ({
      ...line,
      amountMinor: parseMoney(amount, request.currency).amountMinor,
    }));
    const balance = lines.reduce((sum, { debitCredit, amountMinor }) => sum + (debitCredit === 'S' ? amountMinor : -amountMinor), 0n); // biome-ignore format: one thought
    if (balance !== 0n) throw new Refusal(422, 'DOES_NOT_BALANCE', 'debits and credits are not equal');
    await refuseUnknownAccounts(
      trx,
      lines.map((line) => line.account),
    );
    await refuseClosedPeriod(trx, request.postingPeriod);
    const { headerText, currency } = request;
    const [accountingDocNo] = await bookDocuments(trx, [
      { docType: 'SA', billingNo: null, headerText, currency, lines },
    ]);
    await trx.raw('update erp.gl_document set accounting_doc_no = ? where external_ref = ?', [
      accountingDocNo ?? null,
      request.externalRef,
    ]);
    return { document: await requireGlDocument(trx, request.externalRef), created: true };
  });
}

async function repeated(trx: Knex.Transaction, request: GlDocumentRequest): Promise<GlDocument> {
  const { rows } = await trx.raw<{ rows: { fingerprint: string }[] }>(
    'select fingerprint from erp.gl_document where external_ref = ?',
    [request.externalRef],
  );
  if (rows[0]?.fingerprint !== fingerprint(request)) throw referenceReused(request.externalRef);
  return requireGlDocument(trx, request.externalRef);
}

/** The lock holds off whoever closes the period until this is booked. */
async function refuseClosedPeriod(trx: Knex.Transaction, period: string): Promise<void> {
  await trx.raw('insert into erp.posting_period (posting_period) values (?) on conflict do nothing', [period]);
  const { rows } = await trx.raw<{ rows: { status: string }[] }>(
    'select status from erp.posting_period where posting_period = ? for share',
    [period],
  );
  if (rows[0]?.status === 'CLOSED') throw new Refusal(422, 'PERIOD_CLOSED', `posting period ${period} is closed`);
}

/** Null when there is none. */
export async function findGlDocument(knex: Knex, externalRef: string): Promise<GlDocument | null> {
  const { rows } = await knex.raw<{
    rows: { external_ref: string; posting_period: string; accounting_doc_no: string; posted_at: Date }[];
  }>(
    // biome-ignore format: a row
    `select external_ref, posting_period, accounting_doc_no, posted_at
     from erp.gl_document join erp.accounting_document using (accounting_doc_no) where external_ref = ?`,
    [externalRef],
  );
  const [row] = rows;
  if (!row) return null;
  return {
    externalRef: row.external_ref,
    accountingDocNo: row.accounting_doc_no,
    postingPeriod: row.posting_period,
    postedAt: row.posted_at.toISOString(),
  };
}

async function requireGlDocument(knex: Knex, externalRef: string): Promise<GlDocument> {
  const found = await findGlDocument(knex, externalRef);
  if (!found) throw new Error(`G/L document ${externalRef} has vanished`);
  return found;
}

/** Closes a month to G/L documents, or opens it again. */
export async function putPostingPeriod(knex: Knex, { postingPeriod, status }: PostingPeriod): Promise<void> {
  await knex.raw(
    `insert into erp.posting_period (posting_period, status) values (?, ?)
     on conflict (posting_period) do update set status = excluded.status`,
    [postingPeriod, status],
  );
}
