import type { DelimitedRow } from './delimited.ts';
import { MOMENT_EXPECTED, readMoment, type SlashDates } from './moment.ts';
import { unreadable } from './refusal.ts';

/** Finds the cells of a report by the names in its first line: columns move, and come and go by year. */
export function createColumns<Name extends string>(
  header: DelimitedRow,
  names: { readonly required: readonly Name[]; readonly optional: readonly Name[] },
) {
  const known = new Map<string, Name>([...names.required, ...names.optional].map((name) => [plain(name), name]));
  const index = new Map<Name, number>();
  header.fields.forEach((field, at) => {
    const name = known.get(plain(field));
    if (name === undefined) return; // a column of another year
    if (index.has(name))
      throw unreadable('The column is there twice.', { lineNumber: header.lineNumber, column: name });
    index.set(name, at);
  });
  const missing = names.required.filter((name) => !index.has(name));
  if (missing.length > 0) {
    throw unreadable(
      `The first line is to name the columns; missing: ${missing.map((name) => `"${name}"`).join(', ')}. Is it a report of another format?`,
      { lineNumber: header.lineNumber },
    );
  }
  const width = header.fields.length;
  const latest = new Map<Name, { readonly text: string; readonly moment: Date }>();

  return {
    /** @throws ReportRefusal UNREADABLE when the row has more fields than the header; fewer are empty ones. */
    check(row: DelimitedRow): void {
      if (row.fields.length > width && row.fields.slice(width).some((field) => field.trim() !== '')) {
        throw unreadable(
          `${row.fields.length} fields where the first line has ${width}; a delimiter inside a value is to be quoted.`,
          { lineNumber: row.lineNumber },
        );
      }
    },
    has: (name: Name): boolean => index.has(name),
    /** Trimmed text of a cell; empty where there is none. */
    text(row: DelimitedRow, name: Name): string {
      const at = index.get(name);
      return at === undefined ? '' : (row.fields[at] ?? '').trim();
    },
    textOrNull(row: DelimitedRow, name: Name): string | null {
      const value = this.text(row, name);
      return value === '' ? null : value;
    },
    /** Null when the cell is empty. @throws ReportRefusal UNREADABLE when it is no date */
    moment(row: DelimitedRow, name: Name, slashes?: SlashDates): Date | null {
      const value = this.text(row, name);
      if (value === '') return null;
      // Neighbouring rows share their dates.
      const before = latest.get(name);
      if (before?.text === value) return before.moment;
      const moment = readMoment(value, slashes);
      if (!moment) {
        throw unreadable(`Expected ${MOMENT_EXPECTED}${slashes === 'month first' ? ', or 11/27/2026' : ''}.`, {
          lineNumber: row.lineNumber,
          column: name,
        });
      }
      latest.set(name, { text: value, moment });
      return moment;
    },
    /** Null when the cell is empty. @throws ReportRefusal UNREADABLE when it is no whole number */
    quantity(row: DelimitedRow, name: Name): number | null {
      const value = this.text(row, name);
      if (value === '') return null;
      if (!/^-?\d{1,9}(\.0+)?$/.test(value)) {
        throw unreadable('Expected a whole number of units, such as 2.', { lineNumber: row.lineNumber, column: name });
      }
      return Number.parseInt(value, 10);
    },
    /** The named cells that are not empty, under our names. */
    references(row: DelimitedRow, wanted: readonly (readonly [string, Name])[]): Record<string, string> {
      const found: Record<string, string> = {};
      for (const [ours, theirs] of wanted) {
        const value = this.text(row, theirs);
        if (value !== '') found[ours] = value;
      }
      return found;
    },
  };
}

export type Columns<Name extends string> = ReturnType<typeof createColumns<Name>>;

/** Spelling differs between years and tools: "Transaction Posted Timestamp", "transaction_posted_timestamp". */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9#/]/g, '');
}
