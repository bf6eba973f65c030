import type { Knex } from 'knex';
import { copyRows } from '../../../platform/db/copy.ts';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { fingerprintOf } from '../reports/fingerprint.ts';
import type { SettlementLine, SettlementReport } from '../reports/model.ts';
import type { Digest, IngestOutcome, ReportSource } from './source.ts';

const LINE_COLUMNS = [
  'statement_id', 'line_number', 'channel_code', 'kind', 'class', 'word_transaction', 'word_type', 'word_description',
  'channel_order_id', 'merchant_order_id', 'sku', 'quantity', 'amount_minor', 'currency_code', 'original_minor',
  'original_currency_code', 'posted_at', 'reference', 'fingerprint',
]; // biome-ignore format: a table

/** Lines that one statement removes when a load is cleared away. */
const CLEAR_LINES = 10_000;

/** Begins a load: the file and a statement that nobody sees. What stands in the statement is known at its end. */
export async function beginLoad(
  trx: Knex.Transaction,
  id: string,
  source: ReportSource,
  digest: Digest,
): Promise<void> {
  await trx.raw(
    `insert into settlement.report_file (id, channel_code, format, file_name, sha256, size_bytes, received_by) values (?, ?, ?, ?, ?, ?, ?)`,
    [fileId(id), source.channelCode, source.format, source.fileName, digest.sha256, digest.sizeBytes, source.receivedBy] as Knex.RawBinding[], // biome-ignore format: one thought
  );
  // ISO 4217's code for no currency, and no period: the file says them at its end, and nobody sees a statement before.
  await change(
    trx,
    `insert into settlement.statement (id, channel_code, external_id, format, file_id, state, period_start, period_end, currency_code, total_minor)
     values (?, ?, ?, ?, ?, 'LOADING', 'epoch', 'epoch', 'XXX', 0)`,
    [id, source.channelCode, id, source.format, fileId(id)],
  );
}

/** Adds lines to a load. */
export async function appendLines(
  trx: Knex.Transaction,
  id: string,
  channelCode: string,
  lines: readonly SettlementLine[],
): Promise<void> {
  await copyRows(
    trx,
    'settlement.statement_line',
    LINE_COLUMNS,
    lines.map((line) => [
      id,
      line.lineNumber,
      channelCode,
      line.kind,
      line.class,
      line.words.transaction,
      line.words.type,
      line.words.description,
      line.channelOrderId,
      line.merchantOrderId,
      line.sku,
      line.quantity,
      line.amountMinor,
      line.currencyCode,
      line.original?.amountMinor ?? null,
      line.original?.currencyCode ?? null,
      line.postedAt,
      JSON.stringify(line.references),
      fingerprintOf(channelCode, line),
    ]),
  );
}

/** Adds the next piece of the original bytes; parts are numbered from 1. */
export async function appendPart(trx: Knex.Transaction, id: string, part: number, content: Buffer): Promise<void> {
  await trx.raw('insert into settlement.report_file_part (file_id, part, content) values (?, ?, ?)', [fileId(id), part, content]); // biome-ignore format: one thought
}

/** Writes what the report says of itself, now that all of it was read. */
export async function describeStatement(trx: Knex.Transaction, id: string, report: SettlementReport): Promise<void> {
  await change(
    trx,
    `update settlement.statement set external_id = ?, period_start = ?, period_end = ?, currency_code = ?, total_minor = ?,
       payout_external_id = ?, payout_reference = ?, deposit_at = ? where id = ? and state = 'LOADING'`,
    [
      report.externalId,
      report.periodStart,
      report.periodEnd,
      report.currencyCode,
      report.totalMinor.toString(),
      report.payout?.externalId ?? null,
      report.payout?.reference ?? null,
      report.payout?.depositAt ?? null,
      id,
    ],
  );
}

/** Takes away a load that was cut short or refused, in small transactions. What anybody saw is never touched. */
export async function clearLoad(db: Knex, id: string): Promise<void> {
  for (;;) {
    const removed = await inTransaction(db, (trx) =>
      change(
        trx,
        `delete from settlement.statement_line l where l.statement_id = ? and l.line_number in (
           select line_number from settlement.statement_line where statement_id = ? order by line_number limit ?)`,
        [id, id, CLEAR_LINES],
      ),
    );
    if (removed < CLEAR_LINES) break;
  }
  await inTransaction(db, async (trx) => {
    const cleared = await change(trx, `delete from settlement.statement where id = ? and state = 'LOADING'`, [id]);
    if (cleared === 0) return;
    await change(trx, 'delete from settlement.report_file_part where file_id = ?', [fileId(id)]);
    await change(trx, 'delete from settlement.report_file where id = ?', [fileId(id)]);
  });
}

/** The audit of a refusal. Its message names places and sums, never what a cell holds. */
export async function writeRefusal(
  trx: Knex,
  source: ReportSource,
  digest: Digest,
  refusal: Extract<IngestOutcome, { kind: 'REFUSED' }>,
): Promise<void> {
  await trx.raw(
    `insert into settlement.report_refusal (channel_code, format, file_name, sha256, size_bytes, code, message, line_number, refused_by)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      source.channelCode,
      source.format,
      source.fileName,
      digest.sha256,
      digest.sizeBytes,
      refusal.code,
      refusal.message,
      refusal.lineNumber,
      source.receivedBy,
    ] as Knex.RawBinding[],
  );
}

/** What to say of a code that no channel has. */
export async function noSuchChannel(db: Knex, code: string): Promise<string> {
  const known = await query<{ code: string }>(db, 'select code from integration.channel order by code');
  return `There is no channel ${code.slice(0, 50)}; there are ${known.map((one) => one.code).join(', ') || 'none'}.`;
}

/** @throws CommerceError BAD_USER_INPUT, naming those there are, when there is no channel of this code */
export async function requireChannel(db: Knex, code: string): Promise<void> {
  if (!(await channelExists(db, code))) throw new CommerceError('BAD_USER_INPUT', await noSuchChannel(db, code));
}

export async function channelExists(db: Knex, code: string): Promise<boolean> {
  const rows = await query<unknown>(db, 'select 1 from integration.channel where code = ?', [code]);
  return rows.length > 0;
}

/** The statement that came from exactly these bytes, and stands. */
export async function statementOfBytes(db: Knex, channelCode: string, sha256: Buffer): Promise<string | null> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select s.id from settlement.report_file f join settlement.statement s on s.file_id = f.id
     where f.channel_code = ? and f.sha256 = ? and s.state not in ('LOADING', 'REVERSED') limit 1`,
    [channelCode, sha256],
  );
  return rows[0]?.id ?? null;
}

/** How many statements came from these bytes and were reversed: a file may be taken in anew after that. */
export async function reversedOfBytes(db: Knex, channelCode: string, sha256: Buffer): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `select count(*)::int as count from settlement.report_file f join settlement.statement s on s.file_id = f.id
     where f.channel_code = ? and f.sha256 = ? and s.state = 'REVERSED'`,
    [channelCode, sha256],
  );
  return rows[0]?.count ?? 0;
}

/** The statement that the channel knows by this id, and stands. */
export async function statementOfExternalId(
  db: Knex,
  channelCode: string,
  externalId: string,
): Promise<{ id: string; sha256: string } | null> {
  const [row] = await query<{ id: string; sha256: string }>(
    db,
    `select s.id, encode(f.sha256, 'hex') as sha256 from settlement.statement s join settlement.report_file f on f.id = s.file_id
     where s.channel_code = ? and s.external_id = ? and s.state not in ('LOADING', 'REVERSED')`,
    [channelCode, externalId],
  );
  return row ?? null;
}

function fileId(statementId: string): string {
  return `file:${statementId}`;
}
