import type { Knex } from 'knex';
import { sleep } from '../../platform/clock.ts';
import { query } from '../../platform/db/query.ts';

/** How much of the database batch work may take. */
export interface ThrottleSettings {
  /** Part of the time that it works while nobody else does much, above 0 up to 1. With 1 it never rests. */
  readonly share: number;
  /** Transactions per second of everybody else from which on it rests longer: twice as long at twice as many. */
  readonly yieldAbove: number;
}

/** Cuts batch work into pieces with rests in between, so that requests do not feel it. */
export interface Throttle {
  /** Does a piece, then rests as long as the piece took and the load of the database asks for. One at a time. */
  work<T>(piece: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** How much the next piece should take on, of a kind that takes on `most` when nobody else is at work. */
  size(most: number): number;
}

/** For batch work that has the database for itself. */
export const NO_THROTTLE: Throttle = { work: (piece) => piece(), size: (most) => most };

/** So that a batch is slowed down by load, but never stopped. */
const LONGEST_REST_MILLIS = 5_000;
const SMALLEST_PART = 0.1;
const LOOK_EVERY_MILLIS = 1_000;

/**
 * How long to rest after a piece of work.
 * @param load transactions per second of everybody else, in units of `yieldAbove`
 * @returns milliseconds
 */
export function restMillis(workedMillis: number, share: number, load: number): number {
  return Math.min(LONGEST_REST_MILLIS, workedMillis * (1 / share - 1) * Math.max(1, load));
}

/** A throttle over the load of one database: all batch work of a process shares it. */
export function createThrottle(knex: Knex, { share, yieldAbove }: ThrottleSettings): Throttle {
  let turn: Promise<unknown> = Promise.resolve();
  let own = 0;
  let seen: { readonly transactions: number; readonly own: number; readonly at: number } | null = null;
  let load = 0;

  async function look(): Promise<void> {
    const at = performance.now();
    if (!Number.isFinite(yieldAbove) || (seen && at - seen.at < LOOK_EVERY_MILLIS)) return;
    const [row] = await query<{ transactions: string }>(
      knex,
      'select xact_commit + xact_rollback as transactions from pg_stat_database where datname = current_database()',
    );
    own += 1;
    const now = { transactions: Number(row?.transactions ?? 0), own, at };
    if (seen) {
      const others = now.transactions - seen.transactions - (now.own - seen.own);
      load = Math.max(0, others) / ((now.at - seen.at) / 1_000) / yieldAbove;
    }
    seen = now;
  }

  async function pieceAndRest<T>(piece: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const startedAt = performance.now();
    const result = await piece();
    own += 1;
    const workedMillis = performance.now() - startedAt;
    if (share < 1) {
      await look();
      await sleep(restMillis(workedMillis, share, load), signal);
    }
    return result;
  }

  return {
    work(piece, signal) {
      const next = turn.then(() => pieceAndRest(piece, signal));
      turn = next.catch(() => undefined);
      return next;
    },
    size: (most) => Math.ceil(most * Math.max(SMALLEST_PART, Math.min(1, 1 / Math.max(load, 1)))),
  };
}
