import { createRequire } from 'node:module';
import type { Knex } from 'knex';
import { CommerceError } from '../../platform/errors.ts';
import type { Dialect } from './mapping.ts';

/** How a database differs from the others. */
export interface DialectWords {
  /** Name of knex's dialect. */
  readonly client: string;
  /** npm package of the driver. */
  readonly driver: string;
  readonly defaultPort: number;
  /** Any column as text, so that no driver rounds, shifts or guesses: `??` is its name. */
  readonly asText: string;
  /** Statements that a new connection begins with: moments in UTC, and an end to statements after so many milliseconds. */
  session(statementMillis: number): readonly string[];
  /** Names and types of the columns of a table or view. */
  readonly columns: { readonly sql: string; readonly ownSchema: string };
  /** Names of tables and views that this account may see, of the database's own schemas none. */
  readonly tables: string;
}

const INFORMATION_SCHEMA =
  'select column_name as name, data_type as type from information_schema.columns where table_name = ? and table_schema = ';

const TABLES =
  "select table_schema as owner, table_name as name from information_schema.tables where table_schema not in ('information_schema', 'pg_catalog', 'mysql', 'performance_schema', 'sys')";

export const DIALECTS: Readonly<Record<Dialect, DialectWords>> = {
  postgresql: {
    client: 'pg',
    driver: 'pg',
    defaultPort: 5432,
    asText: 'cast(?? as text)',
    session: (millis) => ["set time zone 'UTC'", "set datestyle to 'ISO, YMD'", `set statement_timeout = ${millis}`],
    columns: { sql: INFORMATION_SCHEMA, ownSchema: 'current_schema()' },
    tables: TABLES,
  },
  mysql: {
    client: 'mysql2',
    driver: 'mysql2',
    defaultPort: 3306,
    asText: 'cast(?? as char)',
    session: (millis) => ["set time_zone = '+00:00'", `set max_execution_time = ${millis}`],
    columns: { sql: INFORMATION_SCHEMA, ownSchema: 'database()' },
    tables: TABLES,
  },
  mariadb: {
    client: 'mysql2',
    driver: 'mysql2',
    defaultPort: 3306,
    asText: 'cast(?? as char)',
    session: (millis) => ["set time_zone = '+00:00'", `set max_statement_time = ${millis / 1_000}`],
    columns: { sql: INFORMATION_SCHEMA, ownSchema: 'database()' },
    tables: TABLES,
  },
  sqlserver: {
    client: 'mssql',
    driver: 'tedious',
    defaultPort: 1433,
    // Style 126: ISO 8601 for moments, four digits for money.
    asText: 'convert(nvarchar(4000), ??, 126)',
    session: () => [],
    columns: { sql: INFORMATION_SCHEMA, ownSchema: 'schema_name()' },
    tables: TABLES,
  },
  oracle: {
    client: 'oracledb',
    driver: 'oracledb',
    defaultPort: 1521,
    asText: 'to_char(??)',
    session: () => [
      `alter session set time_zone = 'UTC' nls_numeric_characters = '.,' nls_date_format = 'YYYY-MM-DD"T"HH24:MI:SS' nls_timestamp_format = 'YYYY-MM-DD"T"HH24:MI:SS.FF3' nls_timestamp_tz_format = 'YYYY-MM-DD"T"HH24:MI:SS.FF3TZH:TZM'`,
    ],
    columns: {
      sql: 'select column_name as "name", data_type as "type" from all_tab_columns where table_name = ? and owner = ',
      ownSchema: "sys_context('userenv', 'current_schema')",
    },
    tables: `select owner as "owner", object_name as "name" from all_objects where object_type in ('TABLE', 'VIEW') and oracle_maintained = 'N'`,
  },
  sqlite: {
    client: 'better-sqlite3',
    driver: 'better-sqlite3',
    defaultPort: 0,
    asText: 'cast(?? as text)',
    session: () => [],
    columns: { sql: "select name, type from pragma_table_info(?) where 'main' = ", ownSchema: "'main'" },
    tables: "select null as owner, name from sqlite_master where type in ('table', 'view')",
  },
};

/**
 * Settings of a connection, read from a URL such as `mariadb://erp.internal:3306/legacy?tls=true`, `sqlite:///var/erp.db`.
 * @throws CommerceError CONFIGURATION_INVALID; the address is not repeated, it may hold a password
 */
export function connectionOf(
  dialect: Dialect,
  address: string,
  account: { readonly user: string | null; readonly password: string | null },
  timeoutMillis: number,
): Knex.Config['connection'] {
  const wrong = () =>
    new CommerceError('CONFIGURATION_INVALID', `expected an address such as ${dialect}://host/database`);
  if (!URL.canParse(address)) throw wrong();
  const url = new URL(address);
  const schemes = dialect === 'postgresql' ? ['postgresql:', 'postgres:'] : [`${dialect}:`];
  if (!schemes.includes(url.protocol)) throw wrong();
  const database = decodeURIComponent(url.pathname.slice(1));
  if (dialect === 'sqlite') return { filename: decodeURIComponent(url.pathname) };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const user = account.user ?? decodeURIComponent(url.username);
  const password = account.password ?? decodeURIComponent(url.password);
  const port = Number(url.port || DIALECTS[dialect].defaultPort);
  const tls = url.searchParams.get('tls') === 'true';
  if (host === '' || database === '' || user === '') throw wrong();
  switch (dialect) {
    case 'postgresql':
      return { host, port, database, user, password, ssl: tls, connectionTimeoutMillis: timeoutMillis };
    case 'mysql':
    case 'mariadb':
      // Big numbers as text: a key must not be rounded.
      return { host, port, database, user, password, connectTimeout: timeoutMillis, supportBigNumbers: true, bigNumberStrings: true, dateStrings: true, ...(tls ? { ssl: {} } : {}) } as Knex.MySql2ConnectionConfig; // biome-ignore format: one thought
    case 'sqlserver':
      return { server: host, port, database, user, password, options: { encrypt: tls, requestTimeout: timeoutMillis, connectTimeout: timeoutMillis } } as Knex.MsSqlConnectionConfig; // biome-ignore format: one thought
    case 'oracle':
      return { connectString: `${host}:${port}/${database}`, user, password } as Knex.StaticConnectionConfig;
  }
}

/** @throws CommerceError CONFIGURATION_INVALID that says what to install */
export function requireDriver(dialect: Dialect): void {
  const { driver } = DIALECTS[dialect];
  try {
    createRequire(import.meta.url).resolve(driver);
  } catch {
    throw new CommerceError('CONFIGURATION_INVALID', `${dialect} needs the driver ${driver}, which is not installed: npm install ${driver}`); // biome-ignore format: one thought
  }
}
