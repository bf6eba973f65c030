import type { Columns } from './columns.ts';
import { createDelimitedReader, type DelimitedReader, type DelimitedRow, MAX_RECORD_LENGTH } from './delimited.ts';
import type { SettlementLine, SettlementReport } from './model.ts';
import { unreadable } from './refusal.ts';
import { createTextReader } from './text.ts';

/** Reads a report piece by piece and holds none of it. The pieces may be cut anywhere. */
export interface ReportReader {
  /** The lines that these bytes complete. @throws ReportRefusal */
  push(bytes: Uint8Array): SettlementLine[];
  /** The last lines, and the statement. @throws ReportRefusal, TOTAL_MISMATCH among them */
  end(): { readonly lines: SettlementLine[]; readonly report: SettlementReport };
}

/** Reads the rows of one report of a delimited format. */
export interface RowParser {
  /** A line, or null for a row that has no money. @throws ReportRefusal */
  row(row: DelimitedRow): SettlementLine | null;
  /** @throws ReportRefusal when the total is missing or is not the sum of the lines */
  end(): SettlementReport;
}

export interface ReadOptions {
  /** Code of the channel that sent the report. */
  readonly channelCode: string;
  /** Encoding of the file, where it cannot be told from its bytes. */
  readonly encoding?: string;
}

/**
 * A reader for a format of delimited text with a header line. The delimiter is the one that the header uses most: tools
 * save a comma separated file with semicolons where the comma is the decimal sign.
 */
export function delimitedReport(options: ReadOptions, open: (header: DelimitedRow) => RowParser): ReportReader {
  const text = createTextReader(options.encoding);
  let rows: DelimitedReader | null = null;
  let parser: RowParser | null = null;
  let head = '';

  function take(found: readonly DelimitedRow[]): SettlementLine[] {
    const lines: SettlementLine[] = [];
    for (const row of found) {
      if (!parser) parser = open(row);
      else {
        const line = parser.row(row);
        if (line) lines.push(line);
      }
    }
    return lines;
  }

  function read(piece: string, last: boolean): SettlementLine[] {
    if (piece.includes('\0')) throw unreadable('The file holds null characters; it is no text.');
    if (rows) return take(rows.push(piece));
    head += piece;
    if (!last && !/[^\r\n][^\n]*\n/.test(head)) {
      if (head.length > MAX_RECORD_LENGTH) throw unreadable('The first line is longer than any header.', { lineNumber: 1 }); // biome-ignore format: one thought
      return [];
    }
    const delimiter = delimiterOf(head);
    rows = createDelimitedReader({ delimiter, quoting: delimiter === '\t' ? 'line' : 'csv' });
    return take(rows.push(head));
  }

  return {
    push: (bytes) => read(text.push(bytes), false),
    end() {
      const lines = read(text.end(), true);
      if (rows) lines.push(...take(rows.end()));
      if (!parser) throw unreadable('The file is empty.');
      return { lines, report: parser.end() };
    },
  };
}

function delimiterOf(head: string): string {
  const header = /[^\r\n]+/.exec(head)?.[0] ?? '';
  const count = (delimiter: string) => header.split(delimiter).length;
  return ['\t', ',', ';'].reduce((best, next) => (count(next) > count(best) ? next : best));
}

/** The parser's own names for its columns. */
export type ColumnsOf<Names extends { required: readonly string[]; optional: readonly string[] }> = Columns<
  Names['required'][number] | Names['optional'][number]
>;
