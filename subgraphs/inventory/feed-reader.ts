import type { Knex } from 'knex';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError } from '../../platform/errors.ts';
import { noteProgress } from '../../platform/feed/progress.ts';
import { announceChanges } from './announce.ts';
import { claimFeedPosition, moveFeedPosition, readFeedPosition } from './feed-position.ts';
import { locationIdOf, locationsById, type NodePolicies, saveLocations } from './locations.ts';
import type { IncomingLot, RejectedRecord, StockChange, StockChanges, StockLevel, StockSource } from './port.ts';
import { applyChanges, applyLevels, applySupply } from './projection.ts';
import { type Shortage, shortages } from './stock-ledger.ts';

/** Bookings that the source does not have any more, or never tells: they were passed over after a snapshot. */
export interface FeedGap {
  readonly from: number;
  readonly to: number;
}

/** Most runs of missing bookings that are listed. */
const MOST_GAPS = 50;

/** Missing bookings in words, e.g. `2, 4 to 5, 7`; of very many the first ones. */
export function gapsText(gaps: readonly FeedGap[]): string {
  const texts = gaps.slice(0, MOST_GAPS).map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`));
  if (gaps.length > MOST_GAPS) texts.push(`and ${gaps.length - MOST_GAPS} more up to ${gaps.at(-1)?.to}`);
  return texts.join(', ');
}

export interface FeedReaderDeps {
  readonly knex: Knex;
  readonly source: StockSource;
  /** What the retailer says about sites, by their codes. */
  readonly nodes?: NodePolicies;
  /** The system of record, under which the position in its feed is kept. */
  readonly name: string;
  /** Whether that nothing new is told means that nothing changed. Default true; files are there when they are there. */
  readonly silenceTells?: boolean;
  /**
   * Told of everything the source said that cannot be true, in the transaction that passes over it: it is not stored
   * and not shown. The same record may be told again.
   */
  readonly onRejected: (record: RejectedRecord, trx: Knex.Transaction) => Promise<void>;
  /** Told, likewise, of positions where less is on hand now than was promised to orders. */
  readonly onShortage?: (shortage: Shortage, trx: Knex.Transaction) => Promise<void>;
  /** Told, likewise, whenever the ledger was read to its end. */
  readonly onHeard?: (trx: Knex.Transaction) => Promise<void>;
  /**
   * Told, likewise, of missing bookings: quantities are right again, but commitments they would have consumed stay. Of those
   * that one snapshot settled it is told together: each time of all that were found until then, in order.
   */
  readonly onGap: (gaps: readonly FeedGap[], trx: Knex.Transaction) => Promise<void>;
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

/** Under which operators see how far the feed of a source was followed. */
export const feedName = (source: string) => `inventory:${source}-ledger`;

export function createFeedReader(deps: FeedReaderDeps): FeedReader {
  const { knex, source, name, silenceTells = true } = deps;
  let missing = { number: 0, attempts: 0 };
  /** Up to where balances were read again for a hole, and the holes up to there that were passed over since. */
  let settled: { readonly upTo: number; readonly gaps: readonly FeedGap[] } = { upTo: 0, gaps: [] };
  /** Whether the last answer reached the end of the ledger. Until it does, nobody waits: there is something to read. */
  let atHead = false;
  let refreshing = false;
  let areSitesRead = false;

  /** @returns up to which booking the snapshot contains all */
  async function refresh(signal: AbortSignal): Promise<number> {
    refreshing = true;
    try {
      return await readSnapshot(signal);
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
    await saveLocations(knex, await source.sites(signal), deps.nodes, silenceTells ? null : name);
    areSitesRead = true;
  }

  async function readSnapshot(signal: AbortSignal): Promise<number> {
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
    const upTo = containsUpTo ?? 0;
    if ((await readFeedPosition(knex, name)) !== null) return upTo;
    await inTransaction(knex, async (trx) => {
      await moveFeedPosition(trx, name, upTo, silenceTells);
      await note(trx, upTo, false);
      await deps.onHeard?.(trx);
    });
    return upTo;
  }

  /** Lets operators see how far the feed is, and whether bookings wait there. */
  const note = (db: Knex, position: number, isWaiting: boolean) =>
    noteProgress(db, { feed: feedName(name), system: name, position, isWaiting });

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
    async refresh(signal) {
      await refresh(signal);
    },
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
        await note(knex, 0, true);
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
      const run = runAfter(after, answer, settled.upTo);
      if (run.until === after && answer.head !== null && answer.head > after) {
        await note(knex, after, true);
        await handleGap(after, signal);
        return 0;
      }
      missing = { number: 0, attempts: 0 };
      atHead = run.until === answer.head;
      const { rows, unknown } = await withKnownSites(run.changes, signal);
      const gaps = [...settled.gaps, ...run.gaps];
      const isMine = await inTransaction(knex, async (trx) => {
        if (atHead) await deps.onHeard?.(trx);
        if (run.until > after) {
          if (!(await claimFeedPosition(trx, name, after))) return false; // another reader was faster
          await reject(trx, [...run.rejected, ...unknown]);
          await applyChanges(trx, rows);
        }
        await moveFeedPosition(trx, name, run.until, atHead && silenceTells);
        await note(trx, run.until, !atHead);
        if (run.gaps.length > 0) {
          // Where the last booking of a position is lost, none will come to tell by.
          for (const shortage of await shortages(trx, null)) await deps.onShortage?.(shortage, trx);
          await deps.onGap(gaps, trx);
        } else await tellShortages(trx, rows); // of balances as new as what is read now
        if (run.until > after) await announceChanges(trx);
        return true;
      });
      if (isMine) settled = { ...settled, gaps };
      // What was left out may have moved a position: its balance is asked for, instead of trusting the next booking.
      if (run.rejected.length > 0) await refresh(signal);
      return run.changes.length;
    },
  };

  /** What is missing may be late. When it stays away, balances are read again, which makes up for all holes up to there. */
  async function handleGap(after: number, signal: AbortSignal): Promise<void> {
    missing = { number: after + 1, attempts: missing.number === after + 1 ? missing.attempts + 1 : 1 };
    if (missing.attempts < GAP_ATTEMPTS) return;
    settled = { upTo: await refresh(signal), gaps: [] };
  }
}

interface Run {
  readonly changes: readonly StockChange[];
  readonly rejected: readonly RejectedRecord[];
  /** Holes that were passed over. */
  readonly gaps: readonly FeedGap[];
  /** Number of the last booking of the run, or of the last one that is missing. */
  readonly until: number;
}

/**
 * The bookings that follow `after`, each once and in order, up to the first hole. What comes after a hole waits.
 * @param settledUpTo holes up to here are passed over
 */
function runAfter(after: number, answer: StockChanges, settledUpTo: number): Run {
  const changes = new Map(answer.changes.map((change) => [change.sequence, change]));
  const rejected = new Map(
    answer.rejected.flatMap((record) => (record.sequence === null ? [] : [[record.sequence, record] as const])),
  );
  const numbers = [...new Set([...changes.keys(), ...rejected.keys(), ...answer.foreign])]
    .filter((number) => number > after)
    .sort((a, b) => a - b);
  const gaps: FeedGap[] = [];
  let until = after;
  /** @returns whether all numbers before this one are there or settled */
  const reaches = (number: number) => {
    const to = Math.min(number - 1, settledUpTo);
    if (to > until) {
      gaps.push({ from: until + 1, to });
      until = to;
    }
    return until === number - 1;
  };
  for (const number of numbers) {
    if (!reaches(number)) break;
    until = number;
  }
  // An answer may be cut short; one without a booking says that there is none up to the head.
  if (numbers.length === 0 && answer.head !== null) reaches(answer.head + 1);
  const inRun = <Value>(byNumber: ReadonlyMap<number, Value>) =>
    numbers.flatMap((number) => {
      const value = number <= until ? byNumber.get(number) : undefined;
      return value === undefined ? [] : [value];
    });
  return { changes: inRun(changes), rejected: inRun(rejected), gaps, until };
}
