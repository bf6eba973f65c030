import type { Knex } from 'knex';
import { sleep } from '../../platform/clock.ts';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { noteFailure } from '../../platform/feed/progress.ts';
import type { Logger } from '../../platform/logger.ts';
import { announceChanges } from './announce.ts';
import { createFeedReader, type FeedGap, feedName, gapsText } from './feed-reader.ts';
import { expireHolds } from './holds.ts';
import type { NodePolicies } from './locations.ts';
import type { RejectedRecord, StockSource } from './port.ts';
import { closeCoveredShortages, type RaisedExceptions } from './shortage-review.ts';
import { type LedgerDifference, type Shortage, verifyStockLedger } from './stock-ledger.ts';

export interface InventoryFeedDeps {
  readonly knex: Knex;
  readonly source: StockSource;
  readonly logger: Logger;
  /** What the retailer says about sites, by their codes. */
  readonly nodes?: NodePolicies;
  /** Under which name the position in the feed is kept. Default `wms`. */
  readonly name?: string;
  /** Told of everything the source said that cannot be true, in the transaction that passes over it; besides the log. */
  readonly onRejected?: (record: RejectedRecord, trx: Knex.Transaction) => Promise<void>;
  /** Told when less is on hand than was promised to orders, likewise. */
  readonly onShortage?: (shortage: Shortage, trx: Knex.Transaction) => Promise<void>;
  /** What was told of shortages and is open still: closed when they are over. */
  readonly raised?: RaisedExceptions;
  /** Told whenever the ledger was read to its end, likewise. */
  readonly onHeard?: (trx: Knex.Transaction) => Promise<void>;
  /** Told of each position that the stock ledger does not explain. */
  readonly onDifference?: (difference: LedgerDifference) => Promise<void>;
  /** Told when bookings are missing for good, likewise. */
  readonly onGap?: (gaps: readonly FeedGap[], trx: Knex.Transaction) => Promise<void>;
}

export interface InventoryFeed {
  start(): void;
  /** Stops after what is in progress; resolves when nothing runs any more. */
  stop(): Promise<void>;
}

/** How long the source may keep us waiting for a booking, in seconds. Well below the time after which stock is not LIVE. */
const WAIT_SECONDS = 20;
/** How often stock changed by orders and holds is announced, in milliseconds. */
const ANNOUNCE_MILLIS = 200;
/** How often holds that are over are booked so, in milliseconds. */
const EXPIRE_MILLIS = 1_000;
/** How often it is looked whether the day of a preorder came: so long may a newcomer overtake those who waited for it. */
const RELEASE_MILLIS = 1_000;
/** How far back the first look goes: no process may have run on the day. Later ones begin this much before the last, for clocks differ. In milliseconds. */
const RELEASE_BACK = { first: 86_400_000, later: 5_000 } as const;
const EXPIRE_LIMIT = 500;
/** How often shortages that were reported are looked at again, in milliseconds. */
const REVIEW_MILLIS = 5_000;
/** How often the whole stock ledger is added up, in milliseconds. */
const VERIFY_MILLIS = 3_600_000;
/** How often the warehouse is asked what is on its way, in milliseconds. Receipts are known at once: the ledger tells them. */
const SUPPLY_MILLIS = 30_000;
/** Pause after a failure: doubles from the first to the last, in milliseconds. */
const PAUSE = { first: 200, last: 10_000 } as const;

/**
 * Keeps the projection true: reads the warehouse's feed, announces every change of stock, and books holds that are
 * over. Several processes may run it: each booking is applied once.
 */
export function createInventoryFeed(deps: InventoryFeedDeps): InventoryFeed {
  const { knex, logger } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  const name = deps.name ?? 'wms';
  const reader = createFeedReader({
    knex,
    source: deps.source,
    nodes: deps.nodes ?? {},
    name,
    ...(deps.onHeard ? { onHeard: deps.onHeard } : {}),
    async onRejected(record, trx) {
      logger.warn({ sequence: record.sequence, problem: record.problem }, 'stock record rejected');
      await deps.onRejected?.(record, trx);
    },
    onShortage: tellShortage,
    async onGap(gaps, trx) {
      logger.error({ missing: gapsText(gaps) }, 'stock bookings are missing; balances were read again');
      await deps.onGap?.(gaps, trx);
    },
  });

  async function tellShortage(shortage: Shortage, trx: Knex.Transaction): Promise<void> {
    logger.warn(shortage, 'less is on hand than was promised to orders');
    await deps.onShortage?.(shortage, trx);
  }

  async function readNext(): Promise<void> {
    try {
      await reader.readNext(WAIT_SECONDS, signal);
    } catch (error) {
      if (!signal.aborted) await noteFailure(knex, feedName(name));
      throw error;
    }
  }

  /** When preorders were last looked for. Null before the first time. */
  let lookedAt: number | null = null;
  let loops: Promise<void>[] = [];
  const startLoops = () => [
    repeat('stock feed', 0, readNext),
    repeat('stock announcements', ANNOUNCE_MILLIS, async () => {
      while (!signal.aborted && !reader.isRefreshing() && (await inTransaction(knex, announceChanges)));
    }),
    repeat('incoming supply', SUPPLY_MILLIS, () => reader.readSupply(signal)),
    repeat('stock ledger check', VERIFY_MILLIS, async () => {
      for (const difference of (await verifyStockLedger(knex)).differences) {
        logger.error(
          { sku: difference.sku, locationId: difference.locationId },
          'the ledger does not explain a position',
        );
        await deps.onDifference?.(difference);
      }
    }),
    repeat('shortage review', REVIEW_MILLIS, async () => {
      if (!deps.raised) return;
      const raiseAgain = (shortage: Shortage) => inTransaction(knex, (trx) => tellShortage(shortage, trx));
      await closeCoveredShortages(knex, deps.raised, raiseAgain);
    }),
    repeat('preorders', RELEASE_MILLIS, async () => {
      const begun = Date.now();
      await query(knex, "select inventory.announce_released(clock_timestamp() - ? * interval '1 millisecond')", [
        lookedAt === null ? RELEASE_BACK.first : begun - lookedAt + RELEASE_BACK.later,
      ]);
      lookedAt = begun;
    }),
    repeat('hold expiry', EXPIRE_MILLIS, async () => {
      while (!signal.aborted && (await expireHolds(knex, EXPIRE_LIMIT)) >= EXPIRE_LIMIT);
    }),
  ];

  /** Runs a step until stopped. A failure is logged and the next attempt waits, longer each time. */
  async function repeat(what: string, everyMillis: number, step: () => Promise<unknown>): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await step();
        if (failures > 0) logger.info({ failures }, `${what} works again`);
        failures = 0;
        await sleep(everyMillis, signal);
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        const code = isCommerceError(error) ? error.code : 'INTERNAL_SERVER_ERROR';
        logger.warn({ code, failures, ...(code === 'INTERNAL_SERVER_ERROR' ? { err: error } : {}) }, `${what} failed`);
        const pause = Math.min(PAUSE.last, PAUSE.first * 2 ** Math.min(failures - 1, 10));
        await sleep(pause * (0.5 + Math.random() / 2), signal);
      }
    }
  }

  return {
    start() {
      if (loops.length === 0 && !signal.aborted) loops = startLoops();
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}
