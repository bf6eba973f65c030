import type { Knex } from 'knex';
import { sleep } from '../clock.ts';
import { isOutcomeUnknown } from '../db/failure.ts';
import { inTransaction } from '../db/transaction.ts';
import { type OnceKey, type OnceOutcome, type OnceRequest, onceKeyOf } from './once-key.ts';
import { shareRunning } from './single-flight.ts';

export type { OnceOutcome, OnceRequest } from './once-key.ts';

/** How patient a run is, in milliseconds. */
export interface OncePatience {
  /** How long to wait for a request with the same key that runs in another process. */
  readonly runningElsewhere: number;
  /** How long to ask for the outcome of a commit that the connection did not tell. */
  readonly unknownOutcome: number;
}

const PATIENCE: OncePatience = { runningElsewhere: 4_000, unknownOutcome: 4_000 };
const FIRST_PAUSE_MILLIS = 10;
const LONGEST_PAUSE_MILLIS = 200;

/**
 * Runs `effect` at most once per client, operation and key. The record of the key is committed with the effect or not
 * at all, so a crash leaves neither. An effect that throws stores nothing: the same key may try again. Refusals that
 * are an answer (`userErrors`) are returned by the effect and stored like any other result.
 *
 * Equal requests that run at the same time get one answer: in this process they share the run, elsewhere they wait
 * for it, without a connection, for a few seconds.
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
  const key = onceKeyOf(request);
  return shareRunning(knex, key, () => runAlone(knex, key, effect));
}

/**
 * The same for a key that no other request of this process runs: see `shareRunning`.
 *
 * A connection that breaks while the effect or its commit runs leaves the outcome unknown. It is asked for before
 * anything is answered: the key is claimed again, which waits for what may still run, finds the record of what was
 * committed, or runs the effect when nothing was.
 */
export async function runAlone<T>(
  knex: Knex,
  key: OnceKey,
  effect: (trx: Knex.Transaction) => Promise<T>,
  patience: OncePatience = PATIENCE,
): Promise<OnceOutcome<T>> {
  const startedAt = performance.now();
  let pause = FIRST_PAUSE_MILLIS;
  let brokenAt: number | null = null;
  for (;;) {
    let begun = false;
    try {
      const outcome = await inTransaction(knex, (trx) => {
        begun = true;
        return claimAndRun(trx, key, effect);
      });
      if (outcome.kind !== 'inFlight' || performance.now() - startedAt > patience.runningElsewhere) return outcome;
    } catch (error) {
      if (!isOutcomeUnknown(error)) throw error;
      // Before anything was begun the outcome is known, unless an earlier round left one unknown.
      if (begun) brokenAt ??= performance.now();
      if (brokenAt === null || performance.now() - brokenAt > patience.unknownOutcome) throw error;
    }
    // Without a connection: those who wait must not keep the one they wait for from finishing.
    await sleep(pause * (0.5 + Math.random()));
    pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2);
  }
}

async function claimAndRun<T>(
  trx: Knex.Transaction,
  key: OnceKey,
  effect: (trx: Knex.Transaction) => Promise<T>,
): Promise<OnceOutcome<T>> {
  const identity = [key.scope, key.operation, key.key];
  const claim = await claimKey<T>(trx, identity, key.hash);
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
        [...identity, key.hash, stored],
      );
      return { kind: 'done', result: JSON.parse(stored) as T, replayed: false };
    }
  }
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
