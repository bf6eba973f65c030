import { CommerceError, isCommerceError } from '../errors.ts';

/** Failures of the network and of name resolution, as Node reports them. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** SQLSTATE codes by which the server says that it, not the statement, is the reason. */
const SERVER = new Set([
  '53300', // too many connections
  '57P01', // shut down by an administrator
  '57P02', // shut down after a crash
  '57P03', // starting up
  '28P01', // wrong password
  '28000', // not allowed in
  '3D000', // no such database
]);

/** SQLSTATE codes of a server that is there, and was not waited for any longer: nothing was done. */
const PATIENCE = new Set([
  '55P03', // lock not available in time
  '57014', // statement cancelled: it took longer than allowed
]);

/** What pg and the pool say without a code. knex writes the statement before it: `COMMIT; - Client has …`. */
const MESSAGES = [
  /Connection terminated/,
  /(^| - )Client has encountered a connection error/,
  /(^| - )timeout expired/,
  /(^| - )timeout exceeded when trying to connect/,
];

/** SQLSTATE codes after which the same transaction can succeed: serialization failure and deadlock. */
const CONFLICTS = new Set(['40001', '40P01']);

/**
 * DATABASE_UNAVAILABLE for a failure of the connection or of the server, OVERLOADED for a statement that took longer than
 * it may, such as for a lock that others held, everything else as it came. The message names neither host nor database: it
 * may reach a client.
 */
export function databaseFailure(error: unknown): unknown {
  if (!isErrorLike(error) || isCommerceError(error)) return error;
  const code = codeOf(error);
  if (PATIENCE.has(code)) {
    const message = 'The operational store took longer than a request may wait. Repeat it after the time given.';
    return new CommerceError('OVERLOADED', message, { reason: code, retryAfterSeconds: 1 }, { cause: error });
  }
  const isFailure =
    NETWORK.has(code) ||
    SERVER.has(code) ||
    code.startsWith('08') ||
    error.name === 'KnexTimeoutError' ||
    MESSAGES.some((message) => message.test(error.message));
  if (!isFailure) return error;
  const details = { reason: code || error.name };
  return new CommerceError('DATABASE_UNAVAILABLE', 'The operational store did not answer.', details, { cause: error });
}

/** Failures after which the server is known to have done nothing, although it did not do what was asked. */
const NOTHING_DONE = new Set(['53300', 'KnexTimeoutError']);

/** True when the connection broke, so that nobody knows whether what was sent last was done. */
export function isOutcomeUnknown(error: unknown): boolean {
  return (
    isCommerceError(error) && error.code === 'DATABASE_UNAVAILABLE' && !NOTHING_DONE.has(String(error.details.reason))
  );
}

/** True when the transaction was rolled back only because of another one, so that repeating it can succeed. */
export function isTransactionConflict(error: unknown): boolean {
  return isErrorLike(error) && CONFLICTS.has(codeOf(error));
}

interface ErrorLike {
  name: string;
  message: string;
  code?: unknown;
  /** One per address, when a name has several and none answered. */
  errors?: readonly ErrorLike[];
}

/** By shape, not class: an error of Node's own sockets is not an `Error` of a context such as Jest's. */
function isErrorLike(error: unknown): error is ErrorLike {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}

function codeOf(error: ErrorLike): string {
  const code = error.code ?? error.errors?.[0]?.code;
  return typeof code === 'string' ? code : '';
}
