import type { CallOptions } from '../client-kit/call-options.ts';
import type { SqlClient, SqlRow } from './client.ts';
import type { ChangeColumn, Relation } from './mapping.ts';
import { momentOf, wallClockOf } from './values.ts';

const PAGE = 1_000;

/** A row with its key as one text. */
export interface KeyedRow {
  readonly key: string;
  /** Whether it counts, as `only` of its mapping says. */
  readonly counts: boolean;
  readonly row: SqlRow;
}

/** Values of columns that are one key: a bar between them, and blanks at their ends away. */
export const keyOf = (row: SqlRow, columns: readonly string[]): string =>
  columns.map((column) => row[column]?.trim() ?? '').join('|');

/** Every column that the fields of a relation need. */
export function columnsOf({ fields, options, only, change }: Relation): string[] {
  const sources = Object.values(fields).flatMap((source) => ('column' in source ? [source.column] : []));
  return [...sources, ...Object.values(options), ...Object.keys(only), ...(change ? [change.column] : [])];
}

/**
 * Every row of a relation, or those that changed since.
 * @param since lowest value of the change column. Null: all
 */
export async function readRelation(
  sql: SqlClient,
  relation: Relation,
  since: string | null,
  call: CallOptions,
): Promise<KeyedRow[]> {
  const { from, key, change, only } = relation;
  const found: KeyedRow[] = [];
  for (let after: readonly string[] | null = null; ; ) {
    const rows: SqlRow[] = await sql.page(
      { from, key, columns: columnsOf(relation), after, since: change && since !== null ? { column: change.column, value: since } : null, limit: PAGE }, // biome-ignore format: one thought
      call,
    );
    for (const row of rows) {
      const counts = Object.entries(only).every(([column, texts]) => texts.includes(row[column]?.trim() ?? ''));
      found.push({ key: keyOf(row, key), counts, row });
    }
    const last = rows.at(-1);
    if (rows.length < PAGE || !last) return found;
    after = key.map((column) => last[column] ?? '');
  }
}

/**
 * Where the next look begins: at the newest value there was before this look, less the overlap.
 * @returns null when everything has to be read: there is no value, or none that can be read
 */
export function sinceOf({ overlap }: ChangeColumn, newest: string | null, timeZone: string): string | null {
  if (newest === null) return null;
  if ('numbers' in overlap) return /^\d{1,30}$/.test(newest) ? String(BigInt(newest) - BigInt(overlap.numbers)) : null;
  const at = momentOf(newest, timeZone);
  if (at === null || Number.isNaN(at.getTime())) return null;
  const begin = new Date(at.getTime() - overlap.millis);
  // With an offset the database compares moments; without, what its clocks show.
  return /(Z|[+-]\d\d(:?\d\d)?)$/.test(newest.slice(10)) ? begin.toISOString() : wallClockOf(begin, timeZone);
}
