import knexFactory, { type Knex } from 'knex';
import type { CallOptions } from '../client-kit/call-options.ts';
import { type CallPolicyOptions, createCallPolicy } from '../client-kit/call-policy.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { connectionOf, DIALECTS, requireDriver } from './dialects.ts';
import { failureOf, isDuplicate } from './failure.ts';
import type { Dialect } from './mapping.ts';

export interface SqlClientOptions extends CallPolicyOptions {
  /** e.g. `postgresql://erp.internal/legacy`; with the account in it, unless it is given beside it. */
  readonly address: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly dialect: Dialect;
}

/** Values of the asked columns by their names, as texts: no driver rounds an amount, or moves a date. */
export type SqlRow = Readonly<Record<string, string | null>>;

export interface PageQuery {
  readonly from: string;
  readonly columns: readonly string[];
  /** Columns that are unique together, in which order the pages are read. */
  readonly key: readonly string[];
  /** Key of the last row of the page before. Null for the beginning. */
  readonly after: readonly string[] | null;
  /** Rows whose column has this value, or a higher one. Null: all. */
  readonly since: { readonly column: string; readonly value: string } | null;
  readonly limit: number;
}

/**
 * A database of somebody else. Every statement goes through the policy of calls. Every method throws CommerceError:
 * SYSTEM_UNAVAILABLE, SYSTEM_TIMEOUT, or SYSTEM_REJECTED with the database's code (its text stays out: it quotes rows).
 */
export interface SqlClient {
  readonly dialect: Dialect;
  /** Names and types of the columns of a table or view; empty when there is none, or none that this account may read. */
  columns(table: string, call?: CallOptions): Promise<ReadonlyMap<string, string>>;
  /** Names of tables and views, each with its schema and without. */
  tables(call?: CallOptions): Promise<string[]>;
  /** How many rows fulfil a condition on these columns: `?? is null`. */
  count(from: string, condition: string, columns: readonly string[], call?: CallOptions): Promise<number>;
  /** Different values of columns together, as texts, with the number of their rows: the most frequent first, at most `limit`. */
  values(from: string, columns: readonly string[], limit: number, call?: CallOptions): Promise<{ readonly row: SqlRow; readonly rows: number }[]>; // biome-ignore format: one thought
  /** One page of rows, in the order of their keys. */
  page(query: PageQuery, call?: CallOptions): Promise<SqlRow[]>;
  /** Highest value of a column as text. Null when there is none. */
  highest(from: string, column: string, call?: CallOptions): Promise<string | null>;
  /** The first row whose column has this value; null when there is none. */
  find(
    from: string,
    column: string,
    value: string,
    columns: readonly string[],
    call?: CallOptions,
  ): Promise<SqlRow | null>;
  /**
   * Writes in one transaction, once: a second time it meets the unique keys of the first.
   * @returns false, and nothing is written, when a row of the same unique key is there
   */
  writeOnce(work: (trx: Knex.Transaction) => Promise<void>, call?: CallOptions): Promise<boolean>;
  statistics(): SystemStatistics;
  close(): Promise<void>;
}

/**
 * Nothing is connected yet.
 * @param system name in errors and statistics
 * @throws CommerceError CONFIGURATION_INVALID when the driver is not installed, or the address is none
 */
export function createSqlClient(system: string, options: SqlClientOptions): SqlClient {
  const { dialect, address, timeoutMillis, concurrency = 4 } = options;
  requireDriver(dialect);
  const words = DIALECTS[dialect];
  const knex = knexFactory({
    client: words.client,
    connection: connectionOf(dialect, address, options, timeoutMillis) ?? {},
    pool: { min: 0, max: concurrency, afterCreate: beginSession(words.session(timeoutMillis)) },
    acquireConnectionTimeout: timeoutMillis,
    useNullAsDefault: true,
    // knex would print failures of connections; they reach the caller, who logs them.
    log: { warn: () => undefined, error: () => undefined },
  });
  const policy = createCallPolicy(system, { ...options, concurrency });
  const run = <Result>(work: () => Promise<Result>, call: CallOptions = {}) =>
    policy.run(() => work().catch((error: unknown) => Promise.reject(failureOf(system, error, timeoutMillis))), {
      signal: call.signal,
      // Reads, and writes that are done once.
      repeatable: true,
    });
  const asText = (column: string, name: string) => knex.raw(`${words.asText} as ??`, [column, name]);

  return {
    dialect,
    columns(table, call) {
      const [name = '', schema] = table.split('.').reverse();
      const { sql, ownSchema } = words.columns;
      return run(async () => {
        const answer: unknown = await knex.raw(sql + (schema === undefined ? ownSchema : '?'), schema === undefined ? [name] : [name, schema]); // biome-ignore format: one thought
        return new Map(rowsOf(answer).map((row) => [String(row.name), String(row.type).toLowerCase()]));
      }, call);
    },
    tables(call) {
      return run(async () => {
        const rows = rowsOf(await knex.raw(words.tables));
        return rows.flatMap(({ owner, name }) => [String(name), ...(owner === null ? [] : [`${String(owner)}.${String(name)}`])]); // biome-ignore format: one thought
      }, call);
    },
    count(from, condition, columns, call) {
      return run(async () => {
        const [row] = (await knex(from).whereRaw(condition, [...columns]).count({ rows: '*' })) as Record<string, unknown>[]; // biome-ignore format: one thought
        return Number(row?.rows);
      }, call);
    },
    values(from, columns, limit, call) {
      return run(async () => {
        const rows = (await knex(from)
          .select(columns.map((column, index) => asText(column, `c${index}`)))
          .count({ rows: '*' })
          .groupBy([...columns])
          .orderBy('rows', 'desc')
          .limit(limit)) as Record<string, unknown>[];
        return rows.map((row) => ({ row: Object.fromEntries(columns.map((column, index) => [column, toText(row[`c${index}`])])), rows: Number(row.rows) })); // biome-ignore format: one thought
      }, call);
    },
    page({ from, columns, key, after, since, limit }, call) {
      const wanted = [...new Set([...key, ...columns])];
      return run(async () => {
        const query = knex(from)
          .select(wanted.map((column, index) => asText(column, `c${index}`)))
          .orderBy([...key])
          .limit(limit);
        if (since) query.where(since.column, '>=', since.value);
        if (after) query.where((where) => void isBehind(where, key, after));
        const rows = (await query) as Record<string, unknown>[];
        return rows.map((row) => Object.fromEntries(wanted.map((column, index) => [column, toText(row[`c${index}`])])));
      }, call);
    },
    highest(from, column, call) {
      return run(async () => {
        const [row] = (await knex
          .with('newest', knex(from).max({ highest: column }))
          .from('newest')
          .select(asText('highest', 'c0'))) as Record<string, unknown>[];
        return toText(row?.c0);
      }, call);
    },
    find(from, column, value, columns, call) {
      return run(async () => {
        const [row] = (await knex(from)
          .select(columns.map((one, index) => asText(one, `c${index}`)))
          .where(column, value)
          .limit(1)) as Record<string, unknown>[];
        return row ? Object.fromEntries(columns.map((one, index) => [one, toText(row[`c${index}`])])) : null;
      }, call);
    },
    writeOnce(work, call) {
      return run(async () => {
        try {
          await knex.transaction(work);
          return true;
        } catch (error) {
          if (isDuplicate(error)) return false;
          throw error;
        }
      }, call);
    },
    statistics: policy.statistics,
    close: () => knex.destroy(),
  };
}

/** Behind a row in the order of several columns: of the first that differs, the higher. */
function isBehind(where: Knex.QueryBuilder, key: readonly string[], after: readonly string[]): void {
  key.forEach((column, index) => {
    where.orWhere((higher) => {
      for (const [place, same] of key.slice(0, index).entries()) higher.where(same, after[place] ?? '');
      higher.where(column, '>', after[index] ?? '');
    });
  });
}

type Send = (sql: string, done: (error: Error | null) => void) => void;
type Done = (error: Error | null, connection: unknown) => void;

/** Drivers name it differently: Oracle's executes what the others query. */
function beginSession(statements: readonly string[]) {
  return (connection: { query?: Send; execute?: Send }, done: Done): void => {
    const next = (index: number): void => {
      const statement = statements[index];
      const onSent = (error: Error | null) => (error ? done(error, connection) : next(index + 1));
      if (statement === undefined) done(null, connection);
      else if (connection.query) connection.query(statement, onSent);
      else connection.execute?.(statement, onSent);
    };
    next(0);
  };
}

/** Answers of `raw` are as the drivers give them: rows, [rows, fields], or { rows }. */
function rowsOf(answer: unknown): Record<string, unknown>[] {
  const rows = typeof answer === 'object' && answer !== null && 'rows' in answer ? answer.rows : answer;
  const list = Array.isArray(rows) ? (rows as unknown[]) : [];
  return (Array.isArray(list[0]) ? list[0] : list) as Record<string, unknown>[];
}

const toText = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));
