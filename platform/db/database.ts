import type { Knex } from 'knex';
import knexFactory from 'knex';

export type { Knex };

export interface DatabaseOptions {
  /** Most connections this pool opens. */
  poolMax: number;
  /** Shown in `pg_stat_activity`, so that an operator sees who holds a lock. */
  applicationName: string;
}

/** How long a request waits for a free connection before it fails, in milliseconds. */
const ACQUIRE_TIMEOUT_MILLIS = 10_000;
const CONNECT_TIMEOUT_MILLIS = 5_000;

/**
 * A pool on one PostgreSQL database. It connects on first use; close it with `destroy()`.
 * Values arrive as pg delivers them: `int8` and `numeric` as text (no loss), `timestamptz` as `Date`, `jsonb` parsed.
 */
export function openDatabase(url: string, options: DatabaseOptions): Knex {
  return knexFactory({
    client: 'pg',
    connection: {
      connectionString: url,
      application_name: options.applicationName,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MILLIS,
      keepAlive: true,
    },
    pool: { min: 0, max: options.poolMax, propagateCreateError: true },
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MILLIS,
  });
}
