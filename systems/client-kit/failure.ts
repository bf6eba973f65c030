import { CommerceError, type ErrorCode, type ErrorDetails, isCommerceError } from '../../platform/errors.ts';

/** A field's path, such as `shipTo.postalCode`: no value looks like it that could be a person's. */
const FIELD_NAME = /^[A-Za-z]\w{0,39}(\.\w{1,40}){0,7}$/;
const MOST_FIELDS = 5;

/**
 * What a system's error answer may tell us: its code, the fields it names, and numbers such as a quantity on hand.
 * Its text stays out: vendors put customer data and even credentials into error texts.
 */
function safeFacts(body: unknown): { readonly facts: ErrorDetails; readonly words: readonly string[] } {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : null;
  if (typeof error !== 'object' || error === null) return { facts: {}, words: [] };
  const facts: Record<string, string | number> = {};
  const words: string[] = [];
  if ('code' in error && typeof error.code === 'string' && /^[A-Z0-9_]{1,64}$/.test(error.code)) {
    facts.systemCode = error.code;
    words.push(error.code);
  }
  const fields = 'fields' in error && Array.isArray(error.fields) ? error.fields : [];
  const named = fields.filter((field) => typeof field === 'string' && FIELD_NAME.test(field)).slice(0, MOST_FIELDS);
  if (named.length > 0) {
    facts.fields = named.join(', ');
    words.push(`at ${facts.fields}`);
  }
  for (const [name, value] of Object.entries(error)) {
    if (typeof value !== 'number' || !/^[A-Za-z]{1,40}$/.test(name)) continue;
    facts[name] = value;
    words.push(`${name} ${value}`);
  }
  return { facts, words };
}

const inBrackets = (words: readonly string[]) => (words.length === 0 ? '' : ` (${words.join(', ')})`);

/** The error for an answer with a status of 400 or more. */
export function refusedWith(
  system: string,
  status: number,
  body: unknown,
  retryAfterMillis: number | null,
): CommerceError {
  const { facts, words } = safeFacts(body);
  const details = { system, status, ...facts, ...(retryAfterMillis === null ? {} : { retryAfterMillis }) };
  if (status >= 500 || status === 429 || status === 408) {
    return new CommerceError('SYSTEM_UNAVAILABLE', `${system} answered with status ${status}`, details);
  }
  return new CommerceError('SYSTEM_REJECTED', `${system} refused the request${inBrackets([`status ${status}`, ...words])}`, details); // biome-ignore format: one thought
}

/** The error for a refusal that the system tells in its own way. @param facts codes and numbers, none of its texts */
export function refusedBy(system: string, facts: ErrorDetails): CommerceError {
  return new CommerceError('SYSTEM_REJECTED', `${system} refused the request`, { system, ...facts });
}

/** The error for an answer that is not what the system documents: not JSON, another shape, or an error under status 200. */
export function badResponse(system: string, reason: string, body?: unknown): CommerceError {
  const { facts, words } = safeFacts(body);
  const message = `${system} answered in an unknown format${inBrackets([reason, ...words])}`;
  return new CommerceError('SYSTEM_BAD_RESPONSE', message, { system, reason, ...facts });
}

export function timedOut(system: string, millis: number): CommerceError {
  return new CommerceError('SYSTEM_TIMEOUT', `${system} did not answer within ${millis} ms`, {
    system,
    timeoutMillis: millis,
  });
}

export function unavailable(
  system: string,
  reason: string,
  cause?: unknown,
  more: { readonly retryAfterMillis?: number } = {},
): CommerceError {
  return new CommerceError(
    'SYSTEM_UNAVAILABLE',
    `${system} is not available (${reason})`,
    { system, reason, ...more },
    cause === undefined ? {} : { cause },
  );
}

export function aborted(system: string): CommerceError {
  return new CommerceError('REQUEST_ABORTED', `the call to ${system} was given up by its caller`, { system });
}

const SYSTEM_FAULTS: ReadonlySet<ErrorCode> = new Set(['SYSTEM_TIMEOUT', 'SYSTEM_UNAVAILABLE', 'SYSTEM_BAD_RESPONSE']);

/** True when the failure says that the system is ill, which is what the circuit breaker counts. */
export function isSystemFault(error: unknown): error is CommerceError {
  return isCommerceError(error) && SYSTEM_FAULTS.has(error.code) && error.details.status !== 429;
}

/** The system's own code of a refusal, e.g. PICKING_STARTED. Null when the error is not a refusal by a system. */
export function rejectionCode(error: unknown): string | null {
  if (!isCommerceError(error) || error.code !== 'SYSTEM_REJECTED') return null;
  return String(error.details.systemCode ?? '');
}
