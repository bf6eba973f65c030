import { createHash } from 'node:crypto';
import type { Knex } from 'knex';

/** What a `?` in a statement can stand for. An array is one PostgreSQL array, for `unnest(?::text[])` and `= any(?)`. */
export type SqlValue = string | number | boolean | Date | null | readonly (string | number | boolean | Date | null)[];

/** Values in the order of the `?` of a statement, or by the names that it has in the form `:name`. */
type SqlValues = readonly SqlValue[] | Readonly<Record<string, SqlValue>>;

/** Runs one statement and returns its rows. `Row` is a promise of the statement's author: names and types as pg delivers them. */
export async function query<Row>(db: Knex, statement: string, values: SqlValues = []): Promise<Row[]> {
  const result = await db.raw<{ rows: Row[] }>(statement, bindings(values));
  return result.rows;
}

/** Runs one statement and returns how many rows it wrote. */
export async function change(db: Knex, statement: string, values: SqlValues = []): Promise<number> {
  const result = await db.raw<{ rowCount: number }>(statement, bindings(values));
  return result.rowCount;
}

/** As `query`, for a constant text that runs all the time: each connection parses and plans it once and keeps it. */
export async function prepared<Row>(db: Knex, statement: string, values: readonly SqlValue[]): Promise<Row[]> {
  // knex hands the options to pg, but does not say so in its types.
  const raw = db.raw<{ rows: Row[] }>(statement, values as readonly Knex.RawBinding[]) as unknown as {
    options(options: { name: string }): Promise<{ rows: Row[] }>;
  };
  return (await raw.options({ name: nameOf(statement) })).rows;
}

const bindings = (values: SqlValues) => values as readonly Knex.RawBinding[] | Knex.ValueDict;

const names = new Map<string, string>();

/** Under which the server knows a statement: the same for the same text, so that two places may share it. */
function nameOf(statement: string): string {
  const known = names.get(statement);
  if (known) return known;
  const name = `s${createHash('sha256').update(statement).digest('hex').slice(0, 24)}`;
  names.set(statement, name);
  return name;
}
