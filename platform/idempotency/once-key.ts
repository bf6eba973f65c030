import { createHash } from 'node:crypto';
import { type IdempotencyOwner, idempotencyScope } from '../caller.ts';
import { CommerceError } from '../errors.ts';
import { isStorable } from '../storable-text.ts';
import { canonicalJson } from './canonical-json.ts';

export interface OnceRequest {
  /** Whose key it is: the same key of another client, or of another of its customers, is another key. */
  caller: IdempotencyOwner;
  /** Name of the mutation. The same key on another mutation is another key. */
  operation: string;
  /** As the client sent it: 1 to 255 characters. */
  key: string;
  /** What the client asked for, as JSON. Two requests are the same when their RFC 8785 forms are. */
  input: unknown;
}

/** A checked key and what it was used for. */
export interface OnceKey {
  readonly scope: string;
  readonly operation: string;
  readonly key: string;
  /** SHA-256 of the RFC 8785 form of the input. */
  readonly hash: Buffer;
}

/** What became of a request under its key. */
export type OnceOutcome<T> =
  /** The effect ran now, or (`replayed`) ran earlier with the same input and this is what it answered. */
  | { kind: 'done'; result: T; replayed: boolean }
  /** The key was used before with another input. Nothing was done. */
  | { kind: 'conflict' }
  /** A request with this key still runs, elsewhere. Nothing was done; repeating it shortly gives its answer. */
  | { kind: 'inFlight' };

const MAX_KEY_LENGTH = 255;

/** @throws CommerceError IDEMPOTENCY_KEY_INVALID */
export function onceKeyOf(request: OnceRequest): OnceKey {
  checkKey(request.key);
  const hash = createHash('sha256').update(canonicalJson(request.input)).digest();
  return { scope: idempotencyScope(request.caller), operation: request.operation, key: request.key, hash };
}

/** @throws CommerceError IDEMPOTENCY_KEY_INVALID */
export function checkKey(key: string): void {
  const problem = problemWith(key);
  if (problem) throw new CommerceError('IDEMPOTENCY_KEY_INVALID', `idempotencyKey ${problem}.`);
}

function problemWith(key: string): string | null {
  if (key.trim() === '') return 'is empty; send a value that is unique to this request, such as a UUID';
  if (key.length > MAX_KEY_LENGTH) return `has ${key.length} characters; at most ${MAX_KEY_LENGTH} are allowed`;
  // PostgreSQL cannot store the first, and the second would be replaced, so that two keys became one.
  if (!isStorable(key)) return 'holds a character that is not allowed';
  return null;
}
