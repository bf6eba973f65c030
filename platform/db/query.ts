import type { Knex } from 'knex';

/** What a `?` in a statement can stand for. An array is one PostgreSQL array, for `unnest(?::text[])` and `= any(?)`. */
export type SqlValue = string | number | boolean | Date | null | readonly (string | number | boolean | Date | null)[];

/** Runs one statement and returns its rows. `Row` is a promise of the statement's author: names and types as pg delivers them. */
export async function query<Row>(db: Knex, statement: string, values: readonly SqlValue[] = []): Promise<Row[]> {
  const result = await db.raw<{ rows: Row[] }>(statement, values as readonly Knex.RawBinding[]);
  return result.rows;
}

/** Runs one statement and returns how many rows it wrote. */
export async function change(db: Knex, statement: string, values: readonly SqlValue[] = []): Promise<number> {
  const result = await db.raw<{ rowCount: number }>(statement, values as readonly Knex.RawBinding[]);
  return result.rowCount;
}
