import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type { Caller } from '../caller.ts';
import { inTransaction } from '../db/transaction.ts';
import { CommerceError } from '../errors.ts';
import { canonicalJson } from './canonical-json.ts';

export interface OnceRequest {
  /** The client whose key it is: the same key of another client is another key. */
  caller: Pick<Caller, 'clientId'>;
  /** Name of the mutation. The same key on another mutation is another key. */
  operation: string;
  /** As the client sent it: 1 to 255 characters. */
  key: string;
  /** What the client asked for, as JSON. Two requests are the same when their RFC 8785 forms are. */
  input: unknown;
}

export type OnceOutcome<T> =
  /** The effect ran now, or (`replayed`) ran earlier with the same input and this is what it answered. */
  | { kind: 'done'; result: T; replayed: boolean }
  /** The key was used before with another input. Nothing was done. */
  | { kind: 'conflict' }
  /** A request with this key is running at this moment. Nothing was done; repeating it shortly gives its answer. */
  | { kind: 'inFlight' };

const MAX_KEY_LENGTH = 255;

/**
 * Runs `effect` at most once per client, operation and key. The record of the key is committed with the effect or not
 * at all, so a crash leaves neither. An effect that throws stores nothing: the same key may try again. Refusals that
 * are an answer (`userErrors`) are returned by the effect and stored like any other result.
 *
 * @param effect writes only through the transaction, and may run again after a deadlock. Its result is stored as JSON
 *   and returned as JSON reads it back, so that the first answer and the replay are alike: return ids, not entities.
 * @throws CommerceError IDEMPOTENCY_KEY_INVALID, DATABASE_UNAVAILABLE, and whatever the effect throws
 */
export async function runOnce<T>(
  knex: Knex,
  request: OnceRequest,
  effect: (trx: Knex.Transaction) => Promise<T>,
): Promise<OnceOutcome<T>> {
  checkKey(request.key);
  const identity = [request.caller.clientId, request.operation, request.key];
  const hash = createHash('sha256').update(canonicalJson(request.input)).digest();
  return inTransaction<OnceOutcome<T>>(knex, async (trx) => {
    const claim = await claimKey<T>(trx, identity, hash);
    switch (claim.kind) {
      case 'IN_FLIGHT':
        return { kind: 'inFlight' };
      case 'CONFLICT':
        return { kind: 'conflict' };
      case 'REPLAY':
        return { kind: 'done', result: claim.result, replayed: true };
      case 'CLAIMED': {
        const stored = JSON.stringify((await effect(trx)) ?? null);
        await trx.raw(
          'insert into integration.idempotency_key (scope, operation, key, request_hash, result) values (?, ?, ?, ?, ?::jsonb)',
          [...identity, hash, stored],
        );
        return { kind: 'done', result: JSON.parse(stored) as T, replayed: false };
      }
    }
  });
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
  if (/[\0\p{Surrogate}]/u.test(key)) return 'holds a character that is not allowed';
  return null;
}

type Claim<T> = { kind: 'CLAIMED' | 'IN_FLIGHT' | 'CONFLICT' } | { kind: 'REPLAY'; result: T };

async function claimKey<T>(trx: Knex.Transaction, identity: readonly string[], hash: Buffer): Promise<Claim<T>> {
  const { rows } = await trx.raw<{ rows: Claim<T>[] }>(
    'select kind, result from integration.claim_idempotency_key(?, ?, ?, ?)',
    [...identity, hash],
  );
  const [claim] = rows;
  if (!claim) throw new Error('integration.claim_idempotency_key answered nothing');
  return claim;
}
