import knexFactory, { type Knex } from 'knex';
import { databaseFailure } from './failure.ts';

export type { Knex };

export interface DatabaseOptions {
  /** Most connections this pool opens. */
  poolMax: number;
  /** Shown in `pg_stat_activity`, so that an operator sees who holds a lock. */
  applicationName: string;
  /** The server cancels a statement that runs longer, in milliseconds. Without it statements may run for ever. */
  statementTimeoutMillis?: number;
  /** Hears of every connection that is made, by the number of the server's process. */
  onConnect?: (processId: number) => void;
}

/** How long a request waits for a free connection before it fails, in milliseconds: less than a subgraph has, so that it can say why. */
const ACQUIRE_TIMEOUT_MILLIS = 8_000;
const CONNECT_TIMEOUT_MILLIS = 5_000;

/**
 * Said on every connection. Where the server has LLVM, it compiles each plan within our SQL functions anew: seconds for what runs in
 * milliseconds. Said here, it holds whatever the server, the database or the URL's own options say.
 */
const WITHOUT_COMPILER = 'set jit = off';

/** What the pool makes, as far as it is used here. */
interface Connection {
  readonly processID: number;
  query(sql: string, done: (error: Error | null) => void): void;
}

/**
 * A pool on one PostgreSQL database. It connects on first use; close it with `destroy()`.
 * Values arrive as pg delivers them: `int8` and `numeric` as text (no loss), `timestamptz` as `Date`, `jsonb` parsed.
 *
 * Queries throw CommerceError DATABASE_UNAVAILABLE when the server cannot be reached, OVERLOADED when it cancelled the
 * statement because it took too long, and pg's error (with its SQLSTATE in `code`) when it refuses the statement. Inside a transaction use `inTransaction`, which does the same.
 */
export function openDatabase(url: string, options: DatabaseOptions): Knex {
  const knex = knexFactory({
    client: 'pg',
    connection: {
      connectionString: url,
      application_name: options.applicationName,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MILLIS,
      keepAlive: true,
      ...(options.statementTimeoutMillis === undefined ? {} : { statement_timeout: options.statementTimeoutMillis }),
    },
    pool: {
      min: 0,
      max: options.poolMax,
      afterCreate(connection: Connection, done: (error: Error | null, connection: unknown) => void) {
        options.onConnect?.(connection.processID);
        connection.query(WITHOUT_COMPILER, (error) => done(error, connection));
      },
    },
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MILLIS,
    // knex would print connection failures to the console, with a stack; they reach the caller, who logs them.
    log: { warn: () => undefined },
  });
  nameFailures(knex.client);
  return knex;
}

/** The two doors of a knex client to the server. */
interface Doors {
  acquireConnection(): Promise<unknown>;
  query(connection: unknown, query: unknown): Promise<unknown>;
}

function nameFailures(client: Doors): void {
  const acquire = client.acquireConnection.bind(client);
  const query = client.query.bind(client);
  const rethrow = (error: unknown): never => {
    throw databaseFailure(error);
  };
  client.acquireConnection = () => acquire().catch(rethrow);
  // Not the one behind it, `_query`: knex writes the statement before the message of whatever that throws.
  client.query = (connection, sent) => query(connection, sent).catch(rethrow);
}
