import { createHash } from 'node:crypto';
import type { ReportFormat } from '../reports/model.ts';

/** A report as somebody hands it in. */
export interface ReportSource {
  readonly channelCode: string;
  readonly format: ReportFormat;
  /** Name of the file, without its folder. Null when it came as text. */
  readonly fileName: string | null;
  /** Who handed it in: a client id, `cli:<user>`, `drop`, `pull`. */
  readonly receivedBy: string;
  /** Encoding, where the bytes do not tell. */
  readonly encoding?: string;
  /** The bytes from the beginning; called twice, and must give the same both times. */
  bytes(): AsyncIterable<Uint8Array>;
}

export interface Digest {
  readonly sha256: Buffer;
  readonly sizeBytes: number;
}

/** Reads a report to its end, holding none of it. */
export async function digestOf(source: ReportSource): Promise<Digest> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const piece of source.bytes()) {
    hash.update(piece);
    sizeBytes += piece.length;
  }
  return { sha256: hash.digest(), sizeBytes };
}

/** What became of a report. */
export type IngestOutcome =
  | { readonly kind: 'INGESTED'; readonly settlementId: string; readonly lineCount: number }
  /** The same bytes were taken in before, as this settlement. Nothing was done. */
  | { readonly kind: 'DUPLICATE'; readonly settlementId: string }
  /** Nothing of the report is stored but the fact that it was refused. */
  | {
      readonly kind: 'REFUSED';
      readonly code: IngestRefusalCode;
      readonly message: string;
      readonly lineNumber: number | null;
      readonly column: string | null;
    };

export type IngestRefusalCode =
  | 'TOTAL_MISMATCH'
  | 'UNREADABLE'
  | 'CURRENCY_MISMATCH'
  | 'UNKNOWN_CHANNEL'
  | 'CONTENT_CHANGED';

/** How far an ingest is. */
export interface IngestProgress {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly lines: number;
}
