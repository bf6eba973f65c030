import { createHash } from 'node:crypto';
import type { Knex } from 'knex';

/** One step of a schema. Additive: the previous release keeps running while it is applied. Never edited once released. */
export interface Migration {
  /** Runs inside a transaction that also records the migration: all of it or nothing. */
  up(knex: Knex): Promise<void>;
}

/** Migrations by name, `20261123090000_<what>`. They run in the order of their names. */
export type MigrationSet = Readonly<Record<string, Migration>>;

const NAME = /^\d{14}_[a-z0-9_]+$/;
const OWNER = /^[a-z][a-z_]*$/;

/**
 * Creates the schema `owner` when it is missing and applies what is not yet recorded in `<owner>.migration`.
 * Several processes may start at once: an advisory lock per owner lets one work and the others find it done.
 *
 * @returns names of the migrations that were applied by this call
 * @throws Error when a name is malformed, or when a recorded migration is unknown to this release
 */
export async function migrate(knex: Knex, owner: string, migrations: MigrationSet): Promise<string[]> {
  if (!OWNER.test(owner)) throw new Error(`not a schema name: ${owner}`);
  const names = Object.keys(migrations).sort();
  for (const name of names) if (!NAME.test(name)) throw new Error(`not a migration name: ${owner}/${name}`);

  return knex.transaction(async (trx) => {
    await trx.raw('select pg_advisory_xact_lock(?)', [lockKey(owner)]);
    await trx.raw(`create schema if not exists ${owner}`);
    await trx.raw(
      `create table if not exists ${owner}.migration (name text primary key, applied_at timestamptz not null default now())`,
    );
    const { rows } = await trx.raw<{ rows: { name: string }[] }>(`select name from ${owner}.migration`);
    const applied = new Set(rows.map((row) => row.name));
    // A rollback of the release must not run against a schema it has never seen and silently misread it.
    const unknown = [...applied].filter((name) => !(name in migrations));
    if (unknown.length > 0)
      throw new Error(`schema ${owner} has migrations unknown to this release: ${unknown.join(', ')}`);

    const pending = names.filter((name) => !applied.has(name));
    for (const name of pending) {
      await migrations[name]?.up(trx);
      await trx.raw(`insert into ${owner}.migration (name) values (?)`, [name]);
    }
    return pending;
  });
}

/** A signed 64-bit key as text: pg has no number wide enough. */
function lockKey(owner: string): string {
  return createHash('sha256').update(`migrate:${owner}`).digest().readBigInt64BE().toString();
}
