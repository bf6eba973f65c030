import { CommerceError, isCommerceError } from '../../platform/errors.ts';
import { refusedBy, timedOut, unavailable } from '../client-kit/failure.ts';

/** Classes of SQLSTATE and codes of drivers that say that the database is not there, or has no place: PostgreSQL, MySQL, SQL Server, Oracle. */
const NOT_THERE =
  /^(08|53|57P0)|^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EPIPE|EHOSTUNREACH|ESOCKET|ENETUNREACH|PROTOCOL_|ER_CON_COUNT|ER_TOO_MANY_USER|ER_SERVER_SHUTDOWN|ER_CONNECTION_KILLED|NJS-5|ORA-12|DPI-1010)/;
const TOO_SLOW = /^(57014|ER_STATEMENT_TIMEOUT|ER_QUERY_TIMEOUT|ETIMEOUT|NJS-123)$/;
const LOGIN_REFUSED = /^(28\w{3}|ER_ACCESS_DENIED_ERROR|ER_DBACCESS_DENIED_ERROR|ELOGIN|ORA-01017)$/;

const DUPLICATE = /^(23505|ER_DUP_ENTRY|ORA-00001|SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY))$/;

/** What a driver threw, without its text: that quotes statements and values. @param statementMillis of the time limit */
export function failureOf(system: string, error: unknown, statementMillis: number): CommerceError {
  if (isCommerceError(error)) return error;
  const code = codeOf(error);
  if (isNotThere(error, code)) return unavailable(system, 'connection', error);
  if (TOO_SLOW.test(code)) return timedOut(system, statementMillis);
  if (LOGIN_REFUSED.test(code))
    return new CommerceError('SYSTEM_REJECTED', `${system} refused the credentials`, { system, systemCode: 'LOGIN_REFUSED' }); // biome-ignore format: one thought
  if (code !== '') return refusedBy(system, { systemCode: code });
  return unavailable(system, 'connection', error);
}

/** A row of the same unique key is there already. SQL Server has numbers only. */
export function isDuplicate(error: unknown): boolean {
  const number = typeof error === 'object' && error !== null && 'number' in error ? error.number : null;
  return DUPLICATE.test(codeOf(error)) || number === 2601 || number === 2627;
}

/** Knex gave up waiting for a connection, or the driver lost it: these have no code. */
function isNotThere(error: unknown, code: string): boolean {
  if (NOT_THERE.test(code)) return true;
  return error instanceof Error && (error.name === 'KnexTimeoutError' || /^Connection terminated|^Connection lost/.test(error.message)); // biome-ignore format: one thought
}

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^[A-Z0-9_-]{1,64}$/.test(code) ? code : '';
}
