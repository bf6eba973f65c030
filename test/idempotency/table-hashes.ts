import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';

/** What is stored, as one hash per table. */
export interface TableHashes {
  /** Reads the tables that were written to since it was last asked. */
  hashes(): Promise<string>;
  /** Reads all tables. */
  hashesAnew(): Promise<string>;
}

/**
 * Hashes the tables of some schemas, time and again. Reading all of them takes a tenth of a second and is wanted some
 * hundred times, so each table notes that it was written to; a note goes with the transaction that is rolled back.
 * @param left tables that do not count, as `schema.table`
 */
export async function hashTables(
  knex: Knex,
  schemas: readonly string[],
  left: readonly string[],
): Promise<TableHashes> {
  const found = await query<{ name: string }>(
    knex,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = any (?::text[]) order by name`,
    [schemas],
  );
  const tables = found.map(({ name }) => name).filter((name) => !left.includes(name));
  const watch = (name: string) =>
    `create trigger written after insert or update or delete or truncate on ${name} for each statement execute function watched.note()`;
  await knex.raw(`
    create schema watched;
    create table watched.written (name text not null);
    create function watched.note() returns trigger language plpgsql as $$
      begin insert into watched.written values (format('%I.%I', tg_table_schema, tg_table_name)); return null; end $$;
    ${tables.map(watch).join(';')}`);
  const known = await hashesOf(knex, tables);
  return {
    async hashes() {
      const written = await query<{ name: string }>(knex, 'delete from watched.written returning name');
      const names = [...new Set(written.map(({ name }) => name))];
      for (const [name, hash] of await hashesOf(knex, names)) known.set(name, hash);
      return asText(known);
    },
    hashesAnew: async () => asText(await hashesOf(knex, tables)),
  };
}

/** A sum over the rows, which needs no order of them. */
async function hashesOf(knex: Knex, tables: readonly string[]): Promise<Map<string, string>> {
  if (tables.length === 0) return new Map();
  const statements = tables.map(
    (name) =>
      `select '${name}' as name, count(*) || ' ' || coalesce(sum(hashtextextended(r::text, 0)), 0) as hash from ${name} r`,
  );
  const rows = await query<{ name: string; hash: string }>(knex, statements.join(' union all '));
  return new Map(rows.map(({ name, hash }) => [name, hash]));
}

function asText(hashes: ReadonlyMap<string, string>): string {
  return JSON.stringify([...hashes].sort(([a], [b]) => (a < b ? -1 : 1)));
}
