import { unreadable } from './refusal.ts';

/** One record of a delimited file. */
export interface DelimitedRow {
  /** Line of the file on which the record begins; the first line is 1. */
  readonly lineNumber: number;
  readonly fields: readonly string[];
}

export interface DelimitedReader {
  /** The records that this piece of text completes. @throws ReportRefusal UNREADABLE */
  push(text: string): DelimitedRow[];
  /** The last record, when the file does not end with a line break. */
  end(): DelimitedRow[];
}

/** Longest record, in characters. More is a quote that was never closed, or no report at all. */
export const MAX_RECORD_LENGTH = 256 * 1024;

/**
 * Reads delimited text as it comes, holding one record at most. Lines end with LF or CRLF; empty lines are skipped.
 *
 * With `quoting: 'csv'` (RFC 4180) a field in double quotes may hold delimiters, line breaks and doubled quotes.
 * With `quoting: 'line'` (Amazon's tab separated files) quotes are ordinary characters, except around a whole field.
 */
export function createDelimitedReader(options: { delimiter: string; quoting: 'csv' | 'line' }): DelimitedReader {
  const { delimiter, quoting } = options;
  let rest = '';
  let line = 1;

  function take(rows: DelimitedRow[], text: string): void {
    const record = text.endsWith('\r') ? text.slice(0, -1) : text;
    const lineNumber = line;
    if (!record.includes('"')) {
      line += 1;
      if (record !== '') rows.push({ lineNumber, fields: record.split(delimiter) });
    } else if (quoting === 'line') {
      line += 1;
      rows.push({ lineNumber, fields: record.split(delimiter).map(withoutQuotes) });
    } else {
      line += record.split('\n').length;
      rows.push({ lineNumber, fields: csvFields(record, delimiter, lineNumber) });
    }
  }

  function read(text: string): DelimitedRow[] {
    const rows: DelimitedRow[] = [];
    let from = 0;
    let quote = quoting === 'csv' ? text.indexOf('"') : -1;
    for (;;) {
      let end = text.indexOf('\n', from);
      if (end === -1) break;
      if (quote !== -1 && quote < from) quote = text.indexOf('"', from);
      if (quote !== -1 && quote < end) end = csvRecordEnd(text, from, delimiter);
      if (end === -1) break;
      take(rows, text.slice(from, end));
      from = end + 1;
    }
    rest = text.slice(from);
    if (rest.length > MAX_RECORD_LENGTH) {
      throw unreadable('The record is longer than any of a report; a quote may never have been closed.', {
        lineNumber: line,
      });
    }
    return rows;
  }

  return {
    push: (text) => read(rest + text),
    end() {
      const rows: DelimitedRow[] = [];
      if (rest !== '') take(rows, rest);
      rest = '';
      return rows;
    },
  };
}

/** Index of the line break that ends the record. -1 when it is not complete. A quote opens a field only at its beginning. */
function csvRecordEnd(text: string, from: number, delimiter: string): number {
  let fieldStart = true;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (fieldStart && character === '"') {
      at = closingQuote(text, at + 1);
      if (at === -1) return -1;
      fieldStart = false;
    } else if (character === '\n') return at;
    else fieldStart = character === delimiter;
  }
  return -1;
}

function csvFields(record: string, delimiter: string, lineNumber: number): string[] {
  const fields: string[] = [];
  for (let at = 0; ; at += 1) {
    const quoted = record[at] === '"';
    const closing = quoted ? closingQuote(record, at + 1) : -1;
    if (quoted && closing === -1) throw unreadable(`A quote in field ${fields.length + 1} is never closed.`, { lineNumber }); // biome-ignore format: one thought
    const next = record.indexOf(delimiter, quoted ? closing + 1 : at);
    const end = next === -1 ? record.length : next;
    if (quoted && end !== closing + 1) {
      throw unreadable(
        `Field ${fields.length + 1} goes on after its closing quote. A quote inside a quoted field is written twice.`,
        { lineNumber },
      );
    }
    fields.push(quoted ? record.slice(at + 1, closing).replaceAll('""', '"') : record.slice(at, end));
    if (next === -1) return fields;
    at = next;
  }
}

/** Index of the quote that closes a field, passing doubled ones. -1 when there is none. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at !== -1 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}

function withoutQuotes(field: string): string {
  return field.length > 1 && field.startsWith('"') && field.endsWith('"')
    ? field.slice(1, -1).replaceAll('""', '"')
    : field;
}
