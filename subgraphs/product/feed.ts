import type { Knex } from 'knex';
import { type Clock, sleep, systemClock } from '../../platform/clock.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { isCommerceError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { applyFacts } from './facts/apply.ts';
import { workInDuePrices } from './facts/due-prices.ts';
import { keepSetAside, moveCursor, readCursor } from './facts/feed-position.ts';
import { applyAround } from './facts/poison.ts';
import type { ChangePage, ProductSource, RejectedRecord } from './port.ts';

export interface ProductFeedOptions {
  readonly knex: Knex;
  readonly source: ProductSource;
  readonly logger: Logger;
  readonly clock?: Clock;
  /**
   * Told about every record that could not be taken, in the transaction that passes over it: what it writes there is
   * kept if and only if the feed goes on. The same record is told again when the system sends it again.
   */
  onRejected(rejected: readonly RejectedRecord[], trx: Knex.Transaction): Promise<void>;
  /** Changes asked for at once, 1 to 1,000. Default 1,000. */
  readonly batchSize?: number;
  /** How long one request waits for news. Default 20. */
  readonly waitSeconds?: number;
}

export interface ProductFeed {
  /** Reads every stream to its present end. @throws CommerceError when the system or the store does not answer */
  catchUp(signal?: AbortSignal): Promise<FeedCount>;
  /** Follows every stream until the signal aborts. Never rejects: a failed read is logged and repeated. */
  run(signal: AbortSignal): Promise<void>;
}

export interface FeedCount {
  /** Facts that are stored, those that were known already included. */
  readonly taken: number;
  /** Records set aside. */
  readonly rejected: number;
}

type Pull = FeedCount & { readonly moved: boolean };

const DUE_PRICES_EVERY_MILLIS = 1_000;
const FIRST_PAUSE_MILLIS = 500;
const LONGEST_PAUSE_MILLIS = 30_000;
const NEVER = new AbortController().signal;

/** Brings the changes of a system of record into the catalogue, each stream by its own cursor. */
export function createProductFeed(options: ProductFeedOptions): ProductFeed {
  const { knex, source, logger, onRejected, batchSize = 1_000, waitSeconds = 20 } = options;
  const clock = options.clock ?? systemClock;

  /** One read and, when there is news, one transaction. */
  async function pull(stream: string, wait: number, signal: AbortSignal): Promise<Pull> {
    const cursor = await readCursor(knex, { source: source.name, stream });
    const page = await source.changesAfter(stream, cursor, { limit: batchSize, waitSeconds: wait, signal });
    if (page.cursor === null || page.cursor === cursor) return { taken: 0, rejected: 0, moved: false };
    const move = { from: cursor, to: page.cursor, now: clock.now() };
    return inTransaction(knex, async (trx) => {
      // Another process may have been faster: its cursor stands, and this page is old news.
      if (!(await moveCursor(trx, { source: source.name, stream }, move)))
        return { taken: 0, rejected: 0, moved: true };
      return take(trx, page, move.now);
    });
  }

  async function take(trx: Knex.Transaction, page: ChangePage, now: Date): Promise<Pull> {
    const refused: RejectedRecord[] = await applyAround(trx, page.facts, (step, facts) => applyFacts(step, facts, now));
    const rejected = [...page.rejected, ...refused];
    await keepSetAside(trx, source.name, { facts: page.facts, rejected, now });
    if (rejected.length > 0) await onRejected(rejected, trx);
    return { taken: page.facts.length - refused.length, rejected: rejected.length, moved: true };
  }

  /** Repeats work until the signal aborts; after a failure pauses, twice as long each time. */
  async function keepDoing(what: string, work: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await work();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        const reason = isCommerceError(error) ? { code: error.code, ...error.details } : { err: error };
        logger.warn({ source: source.name, what, failures, ...reason }, 'product feed: will try again');
        await sleep(Math.min(FIRST_PAUSE_MILLIS * 2 ** (failures - 1), LONGEST_PAUSE_MILLIS), signal);
      }
    }
  }

  return {
    async catchUp(signal = NEVER) {
      const total = { taken: 0, rejected: 0 };
      for (const stream of source.streams) {
        for (let moved = true; moved; ) {
          const count = await pull(stream, 0, signal);
          total.taken += count.taken;
          total.rejected += count.rejected;
          moved = count.moved;
        }
      }
      await workInDuePrices(knex, clock.now());
      return total;
    },
    async run(signal) {
      const streams = source.streams.map((stream) =>
        keepDoing(stream, () => pull(stream, waitSeconds, signal), signal),
      );
      const duePrices = keepDoing(
        'due prices',
        async () => {
          await workInDuePrices(knex, clock.now());
          await sleep(DUE_PRICES_EVERY_MILLIS, signal);
        },
        signal,
      );
      await Promise.all([...streams, duePrices]);
    },
  };
}
