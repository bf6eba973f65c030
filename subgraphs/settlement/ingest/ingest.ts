import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { derivedId } from '../../../platform/ids.ts';
import { loadPostingRules, type PostingRules } from '../ledger/posting-rules.ts';
import { openForMatching } from '../matching/due.ts';
import { recordStatementPayout } from '../payouts/statement-payout.ts';
import { REPORT_FORMATS } from '../reports/formats.ts';
import type { SettlementLine, SettlementReport } from '../reports/model.ts';
import { ReportRefusal, unreadable } from '../reports/refusal.ts';
import { NO_THROTTLE, type Throttle } from '../throttle.ts';
import { type Digest, digestOf, type IngestOutcome, type IngestProgress, type ReportSource } from './source.ts';
import {
  appendLines,
  appendPart,
  beginLoad,
  channelExists,
  clearLoad,
  describeStatement,
  noSuchChannel,
  reversedOfBytes,
  statementOfBytes,
  statementOfExternalId,
  writeRefusal,
} from './store.ts';

export interface IngestOptions {
  /** How the money of a payout is posted that came before its statement. Without them: those of the installation. */
  readonly rules?: PostingRules;
  readonly throttle?: Throttle;
  onProgress?(progress: IngestProgress): void;
  readonly signal?: AbortSignal;
}

/** Lines and bytes that one transaction writes: small ones hold no snapshot that keeps busy tables from being cleaned. */
const LINES_PER_WRITE = 5_000;
const PART_BYTES = 1024 * 1024;

/**
 * Takes in a report: the original bytes with their hash, its lines, and the payout it announces. The lines are written
 * in small transactions under a statement that nobody sees; the last one makes all of them visible at once. A process
 * that is killed leaves nothing that anybody sees, and the next ingest of the same file clears it away and begins anew.
 *
 * With a transaction as `db` everything happens inside it; for small reports only.
 *
 * @throws CommerceError OVERLOADED when the same file is being taken in at this moment, REQUEST_ABORTED, DATABASE_UNAVAILABLE
 */
export async function ingestReport(
  db: Knex,
  source: ReportSource,
  options: IngestOptions = {},
): Promise<IngestOutcome> {
  const digest = await digestOf(source);
  if (!(await channelExists(db, source.channelCode))) {
    return refuse(db, source, digest, {
      kind: 'REFUSED',
      code: 'UNKNOWN_CHANNEL',
      message: await noSuchChannel(db, source.channelCode),
      lineNumber: null,
      column: null,
    });
  }
  // The lock ends with its transaction, and so with this process, whatever way it ends.
  return inTransaction(db, async (lock) => {
    await lockFile(lock, source, digest);
    const known = await statementOfBytes(db, source.channelCode, digest.sha256);
    if (known !== null) return { kind: 'DUPLICATE', settlementId: known };
    const reversed = await reversedOfBytes(db, source.channelCode, digest.sha256);
    const id = derivedId('settlement', source.channelCode, digest.sha256.toString('hex'), String(reversed));
    await clearLoad(db, id);
    try {
      return await load(db, id, source, digest, options);
    } catch (error) {
      await clearLoad(db, id);
      if (!(error instanceof ReportRefusal || error instanceof ContentChanged)) throw error;
      return refuse(db, source, digest, {
        kind: 'REFUSED',
        code: error.code,
        message: error.message,
        lineNumber: error.lineNumber,
        column: error.column,
      });
    }
  });
}

async function lockFile(lock: Knex.Transaction, source: ReportSource, { sha256 }: Digest): Promise<void> {
  const [row] = await query<{ locked: boolean }>(
    lock,
    `select pg_try_advisory_xact_lock(hashtextextended('settlement.ingest:' || ?, 0)) as locked`,
    [`${source.channelCode}:${sha256.toString('hex')}`],
  );
  if (!row?.locked)
    throw new CommerceError('OVERLOADED', 'This file is being taken in at this moment. Try again shortly.');
}

async function load(
  db: Knex,
  id: string,
  source: ReportSource,
  digest: Digest,
  { throttle = NO_THROTTLE, onProgress, signal, rules = loadPostingRules() }: IngestOptions,
): Promise<IngestOutcome> {
  const reader = REPORT_FORMATS[source.format]({
    channelCode: source.channelCode,
    ...(source.encoding === undefined ? {} : { encoding: source.encoding }),
  });
  await inTransaction(db, (trx) => beginLoad(trx, id, source, digest));
  let lines: SettlementLine[] = [];
  let pieces: Uint8Array[] = [];
  let pendingBytes = 0;
  let part = 0;
  const done = { bytes: 0, totalBytes: digest.sizeBytes, lines: 0 };

  async function write(last: boolean): Promise<void> {
    if (!last && lines.length < LINES_PER_WRITE && pendingBytes < PART_BYTES) return;
    const [written, content] = [lines, Buffer.concat(pieces)];
    lines = [];
    pieces = [];
    pendingBytes = 0;
    part += content.length > 0 ? 1 : 0;
    const piece = () =>
      inTransaction(db, async (trx) => {
        if (content.length > 0) await appendPart(trx, id, part, content);
        await appendLines(trx, id, source.channelCode, written);
      });
    await (last ? piece() : throttle.work(piece, signal));
    done.lines += written.length;
    onProgress?.({ ...done });
  }

  for await (const bytes of source.bytes()) {
    if (signal?.aborted) throw new CommerceError('REQUEST_ABORTED', 'The ingest was stopped. Nothing of it is kept.');
    done.bytes += bytes.length;
    pendingBytes += bytes.length;
    pieces.push(bytes);
    for (const line of reader.push(bytes)) lines.push(storable(line));
    await write(false);
  }
  const end = reader.end();
  for (const line of end.lines) lines.push(storable(line));
  await write(true);
  await inTransaction(db, (trx) => open(trx, rules, id, end.report, source, digest));
  return { kind: 'INGESTED', settlementId: id, lineCount: done.lines };
}

const LONGEST_ID = 255;
const LONGEST_WORDS = 2_000;

/** @throws ReportRefusal UNREADABLE for a line with an id or words of a length that no channel has, and no index takes */
function storable(line: SettlementLine): SettlementLine {
  const { channelOrderId, merchantOrderId, sku, words, references } = line;
  const ids = [channelOrderId, merchantOrderId, sku].some((id) => (id?.length ?? 0) > LONGEST_ID);
  const texts = [...Object.values(words), ...Object.values(references)].some((text) => text.length > LONGEST_WORDS);
  if (!ids && !texts) return line;
  throw unreadable(`An id has more than ${LONGEST_ID} characters, or a text more than ${LONGEST_WORDS}.`, {
    lineNumber: line.lineNumber,
  });
}

/** Makes the statement visible with all of its lines. */
async function open(
  trx: Knex.Transaction,
  rules: PostingRules,
  id: string,
  report: SettlementReport,
  source: ReportSource,
  { sha256 }: Digest,
): Promise<void> {
  // Two files of one settlement that come at once: the second waits here and then finds the first.
  await query(trx, `select pg_advisory_xact_lock(hashtextextended('settlement.statement:' || ?, 0))`, [
    `${report.channelCode}:${report.externalId}`,
  ]);
  const known = await statementOfExternalId(trx, report.channelCode, report.externalId);
  if (known) throw new ContentChanged(report.externalId, known, sha256.toString('hex'));
  await describeStatement(trx, id, report);
  await openForMatching(trx, id);
  // Last: it may hold the ledger's lock until the end of the transaction.
  await recordStatementPayout(trx, rules, id, report, source.receivedBy);
}

async function refuse(
  db: Knex,
  source: ReportSource,
  digest: Digest,
  refusal: Extract<IngestOutcome, { kind: 'REFUSED' }>,
): Promise<IngestOutcome> {
  await writeRefusal(db, source, digest, refusal);
  return refusal;
}

/** The channel's id is known with other bytes: a corrected report, or a tampered one. A person has to say which. */
class ContentChanged extends Error {
  readonly code = 'CONTENT_CHANGED';
  readonly lineNumber = null;
  readonly column = null;

  constructor(externalId: string, known: { id: string; sha256: string }, sha256: string) {
    super(
      `Settlement ${externalId} was taken in before as ${known.id} from a file with the SHA-256 ${known.sha256.slice(0, 12)}…; ` +
        `this one has ${sha256.slice(0, 12)}…, so it says something else. If the channel corrected it, take the first back (commerce settlement reverse ${known.id}) and send this file again.`,
    );
    this.name = 'ContentChanged';
  }
}
