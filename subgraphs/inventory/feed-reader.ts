import type { Knex } from 'knex';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError } from '../../platform/errors.ts';
import { announceChanges } from './announce.ts';
import { claimFeedPosition, moveFeedPosition, readFeedPosition } from './feed-position.ts';
import { locationIdOf, locationsById, type NodePolicies, saveLocations } from './locations.ts';
import type { IncomingLot, RejectedRecord, StockChange, StockChanges, StockLevel, StockSource } from './port.ts';
import { applyChanges, applyLevels, applySupply } from './projection.ts';
import { type Shortage, shortages } from './stock-ledger.ts';

/** Bookings that the source does not have any more, or never tells: they were skipped after a snapshot. */
export interface FeedGap {
  readonly from: number;
  readonly to: number;
}

export interface FeedReaderDeps {
  readonly knex: Knex;
  readonly source: StockSource;
  /** Under which name the position in the feed is kept. */
  /** What the retailer says about sites, by their codes. */
  readonly nodes?: NodePolicies;
  readonly name: string;
  /**
   * Told of everything the source said that cannot be true, in the transaction that passes over it: it is not stored
   * and not shown. The same record may be told again.
   */
  readonly onRejected: (record: RejectedRecord, trx: Knex.Transaction) => Promise<void>;
  /** Told, likewise, of positions where less is on hand now than was promised to orders. */
  readonly onShortage?: (shortage: Shortage, trx: Knex.Transaction) => Promise<void>;
  /** Told, likewise, whenever the ledger was read to its end. */
  readonly onHeard?: (trx: Knex.Transaction) => Promise<void>;
  /** Told, likewise, of missing bookings: quantities are right again, but commitments they would have consumed stay. */
  readonly onGap: (gap: FeedGap, trx: Knex.Transaction) => Promise<void>;
}

export interface FeedReader {
  /**
   * Reads and applies the next bookings; the first time, and after a gap, a whole snapshot.
   * @param waitSeconds how long to wait for a booking when there is none
   * @returns how many bookings were applied
   * @throws CommerceError of the source, DATABASE_UNAVAILABLE
   */
  readNext(waitSeconds: number, signal: AbortSignal): Promise<number>;
  /** Takes over the source's locations and all its balances. What is newer here stays. */
  refresh(signal: AbortSignal): Promise<void>;
  /** Takes over what is on its way. */
  readSupply(signal: AbortSignal): Promise<void>;
  /** Whether a snapshot is being read. Its changes are best told at its end: a SKU is on many of its pages. */
  isRefreshing(): boolean;
}

/** Most bookings of one transaction. */
const LIMIT = 500;

/** How often the same missing number is asked for before it counts as lost. A feed may deliver out of order. */
const GAP_ATTEMPTS = 3;

export function createFeedReader(deps: FeedReaderDeps): FeedReader {
  const { knex, source, name } = deps;
  let missing = { number: 0, attempts: 0 };
  /** Whether the last answer reached the end of the ledger. Until it does, nobody waits: there is something to read. */
  let atHead = false;
  let refreshing = false;
  let areSitesRead = false;

  async function refresh(signal: AbortSignal): Promise<void> {
    refreshing = true;
    try {
      await readSnapshot(signal);
    } finally {
      refreshing = false;
    }
  }

  /** What our configuration says of a site is taken with the sites, so once in the life of the process at least. */
  async function readSitesOnce(signal: AbortSignal): Promise<void> {
    if (areSitesRead) return;
    try {
      await readSites(signal);
    } catch {
      // Stock goes on; the next turn asks again.
    }
  }

  async function readSites(signal: AbortSignal): Promise<void> {
    await saveLocations(knex, await source.sites(signal), deps.nodes);
    areSitesRead = true;
  }

  async function readSnapshot(signal: AbortSignal): Promise<void> {
    await readSites(signal);
    let containsUpTo: number | null = null;
    for await (const page of source.snapshot(signal)) {
      const { rows, unknown } = await withKnownSites(page.levels, signal);
      await inTransaction(knex, async (trx) => {
        await reject(trx, [...page.rejected, ...unknown]);
        await applyLevels(trx, rows);
        await tellShortages(trx, rows);
      });
      // Later pages contain more; what the first does not contain must still be read from the feed.
      containsUpTo ??= page.head;
    }
    if ((await readFeedPosition(knex, name)) !== null) return;
    await inTransaction(knex, async (trx) => {
      await moveFeedPosition(trx, name, containsUpTo ?? 0, true);
      await deps.onHeard?.(trx);
    });
  }

  /** A site may have opened since the locations were read. */
  async function withKnownSites<Row extends StockChange | StockLevel | IncomingLot>(
    rows: readonly Row[],
    signal: AbortSignal,
  ): Promise<{ rows: readonly Row[]; unknown: readonly RejectedRecord[] }> {
    const codes = [...new Set(rows.map((row) => row.siteCode))];
    const idsOf = new Map(codes.map((code) => [code, locationIdOf(code)]));
    let known = await locationsById(knex, [...idsOf.values()]);
    if (known.size < codes.length) {
      await readSites(signal);
      known = await locationsById(knex, [...idsOf.values()]);
    }
    const isKnown = (row: Row) => known.has(idsOf.get(row.siteCode) ?? '');
    return {
      rows: rows.filter(isKnown),
      unknown: rows
        .filter((row) => !isKnown(row))
        .map((row) => ({ sequence: 'sequence' in row ? row.sequence : null, problem: 'site' })),
    };
  }

  async function tellShortages(trx: Knex.Transaction, rows: readonly { readonly sku: string }[]): Promise<void> {
    if (!deps.onShortage || rows.length === 0) return;
    const found = await shortages(trx, [...new Set(rows.map((row) => row.sku))]);
    for (const shortage of found) await deps.onShortage(shortage, trx);
  }

  async function reject(trx: Knex.Transaction, records: readonly RejectedRecord[]): Promise<void> {
    for (const record of records) await deps.onRejected(record, trx);
  }

  return {
    refresh,
    isRefreshing: () => refreshing,

    async readSupply(signal) {
      const { lots, rejected, head } = await source.supply(signal);
      const { rows, unknown } = await withKnownSites(lots, signal);
      await inTransaction(knex, async (trx) => {
        await reject(trx, [...rejected, ...unknown]);
        await applySupply(trx, rows, head);
      });
    },

    async readNext(waitSeconds, signal) {
      const after = await readFeedPosition(knex, name);
      if (after === null) {
        await refresh(signal);
        return 0;
      }
      await readSitesOnce(signal);
      const wait = atHead ? waitSeconds : 0;
      atHead = false;
      const answer = await source.changes(after, { limit: LIMIT, waitSeconds: wait }, signal);
      if (answer.head !== null && answer.head < after) {
        // Its ledger was reset or restored: our positions are newer than anything it can tell. A person must decide.
        throw new CommerceError('SYSTEM_BAD_RESPONSE', 'the ledger of the stock source ends before what was read', {
          after,
          head: answer.head,
        });
      }
      const run = unbrokenRun(answer, after);
      if (run.until === after && answer.head !== null && answer.head > after) {
        await handleGap(after, run.next ?? answer.head + 1, signal);
        return 0;
      }
      missing = { number: 0, attempts: 0 };
      atHead = run.until === answer.head;
      const { rows, unknown } = await withKnownSites(run.changes, signal);
      await inTransaction(knex, async (trx) => {
        if (atHead) await deps.onHeard?.(trx);
        if (run.until === after) return moveFeedPosition(trx, name, after, atHead);
        if (!(await claimFeedPosition(trx, name, after))) return; // another reader was faster
        await reject(trx, [...run.rejected, ...unknown]);
        await applyChanges(trx, rows);
        await moveFeedPosition(trx, name, run.until, atHead);
        await tellShortages(trx, rows); // of balances as new as what is read now
        await announceChanges(trx);
      });
      // What was left out may have moved a position: its balance is asked for, instead of trusting the next booking.
      if (run.rejected.length > 0) await refresh(signal);
      return run.changes.length;
    },
  };

  async function handleGap(after: number, next: number, signal: AbortSignal): Promise<void> {
    missing = { number: after + 1, attempts: missing.number === after + 1 ? missing.attempts + 1 : 1 };
    if (missing.attempts < GAP_ATTEMPTS) return;
    await refresh(signal);
    await inTransaction(knex, async (trx) => {
      if (!(await claimFeedPosition(trx, name, after))) return; // another reader found them
      await moveFeedPosition(trx, name, next - 1, false);
      // Where the last booking of a position is lost, none will come to tell by.
      for (const shortage of await shortages(trx, null)) await deps.onShortage?.(shortage, trx);
      await deps.onGap({ from: after + 1, to: next - 1 }, trx);
    });
  }
}

interface Run {
  readonly changes: readonly StockChange[];
  readonly rejected: readonly RejectedRecord[];
  /** Number of the last booking of the run. */
  readonly until: number;
  /** The first number after a hole; null when there is none. */
  readonly next: number | null;
}

/** The bookings that follow `after` without a hole, each once and in order. What comes after a hole waits. */
function unbrokenRun(answer: StockChanges, after: number): Run {
  const changes = new Map(answer.changes.map((change) => [change.sequence, change]));
  const rejected = new Map(
    answer.rejected.flatMap((record) => (record.sequence === null ? [] : [[record.sequence, record] as const])),
  );
  const numbers = [...new Set([...changes.keys(), ...rejected.keys(), ...answer.foreign])]
    .filter((number) => number > after)
    .sort((a, b) => a - b);
  let until = after;
  for (const number of numbers) {
    if (number !== until + 1) break;
    until = number;
  }
  const inRun = <Value>(byNumber: ReadonlyMap<number, Value>) =>
    numbers.flatMap((number) => {
      const value = number <= until ? byNumber.get(number) : undefined;
      return value === undefined ? [] : [value];
    });
  return {
    changes: inRun(changes),
    rejected: inRun(rejected),
    until,
    next: numbers.find((number) => number > until) ?? null,
  };
}
