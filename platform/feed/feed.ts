import type { Knex } from 'knex';
import { sleep } from '../clock.ts';
import { query } from '../db/query.ts';
import { inTransaction } from '../db/transaction.ts';
import { applyAround } from './around.ts';
import { noteFailure, noteWaiting } from './progress.ts';
import { describeSetAside, keepEntry, noteHandled, type SetAsideEntry, type TakenEntry } from './set-aside.ts';

/** Some entries of a system's change feed, in order. */
export interface FeedPage<Entry> {
  readonly entries: readonly Entry[];
  /** Entries that are not what the system documents, and are passed over. */
  readonly unreadable?: readonly SetAsideEntry[];
  /** Whether this is known to be all there was; false when more is known to wait. An empty page always is. */
  readonly isLast?: boolean;
  /** Where the next page begins: number of the last entry of this one, or the position asked for when it is empty. */
  readonly next: number;
}

export interface FeedOptions<Entry> {
  readonly knex: Knex;
  /** Reader and feed, e.g. `fulfillment:wms-deliveries`. Names the cursor. */
  readonly name: string;
  /** The system of record whose feed it is, as exceptions name it. */
  readonly system: string;
  /**
   * For a feed that applies entry by entry: what was applied is committed once this time has passed, in milliseconds, and the
   * rest of the page in further transactions. A page may hold locks that others wait for, and all of it is done again after a
   * failure. Left out, for feeds that take few statements for a page: all of it at once. Needs `setAside`.
   */
  readonly sliceMillis?: number;
  /** Reads the entries after a position; waits up to `waitSeconds` for one. */
  read(after: number, waitSeconds: number, signal: AbortSignal): Promise<FeedPage<Entry>>;
  /** When an entry happened, by the system's clock: how far behind the feed is, is seen by it. Left out, for entries that do not say. */
  happenedAt?(entry: Entry): Date;
  /** Applies entries, in order; the cursor moves in the same transaction, so an entry has its effect exactly once. */
  apply(trx: Knex.Transaction, entries: readonly Entry[]): Promise<void>;
  /**
   * What becomes of an entry that cannot be read, or that the store refuses: it is kept, told and passed over, those beside
   * it are applied. Left out, such an entry stops the feed.
   */
  readonly setAside?: {
    /** Number of an entry in the feed. */
    positionOf(entry: Entry): number;
    /** Tells of it, in the transaction that passes over it. */
    report(trx: Knex.Transaction, aside: SetAsideEntry): Promise<void>;
  };
  /** Told when everything there was has been applied, so that silence means that nothing changed. */
  onHeard?(): Promise<void>;
  /** Hears of every failure; the feed goes on from where it was. */
  onFailure(error: unknown): void;
}

export interface Feed {
  /** Reads and applies one page; less of it once the signal aborts. @returns number of entries read */
  step(waitSeconds: number, signal: AbortSignal): Promise<number>;
  /** Applies everything there is now. */
  catchUp(signal: AbortSignal): Promise<void>;
  /** Follows the feed until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** A feed whose entries that were set aside can be taken again. */
export interface RetakableFeed<Entry> extends Feed {
  /**
   * Reads an entry that was set aside once more and applies it: the system may have put it right. One attempt.
   * @param apply in place of the feed's own way, for an entry that has to be told apart from those that come for the first time
   * @throws whatever reading throws
   */
  takeAgain(position: number, signal: AbortSignal, apply?: FeedOptions<Entry>['apply']): Promise<TakenEntry>;
}

const LONG_POLL_SECONDS = 10;
const FIRST_PAUSE_MILLIS = 200;
const MAX_PAUSE_MILLIS = 10_000;

/**
 * Follows a change feed with a durable cursor. Any number of processes may follow the same feed:
 * what follows the cursor is applied by whoever still finds it where it was read.
 */
export function createFeed<Entry>(options: FeedOptions<Entry>): RetakableFeed<Entry> {
  const { knex, name, setAside } = options;

  async function step(waitSeconds: number, signal: AbortSignal): Promise<number> {
    const after = await cursorOf(knex, options);
    const page = await options.read(after, waitSeconds, signal);
    const isEmpty = page.entries.length === 0 && page.next === after;
    await noteWaiting(knex, name, after, !isEmpty, behindSince([page]));
    if (isEmpty) {
      await options.onHeard?.();
      return 0;
    }
    const parts = partsOf(page, after);
    for (let done = 0, from = after; done < parts.length; ) {
      const slice = await inTransaction(knex, (trx) =>
        applySlice(trx, parts.slice(done), from, page.isLast !== false, signal),
      );
      if (slice === null) break; // another process is further
      done += slice.done;
      from = slice.until;
      if (signal.aborted) return done;
    }
    if (page.isLast) await options.onHeard?.();
    return page.entries.length + (page.unreadable?.length ?? 0);
  }

  /** The page as it may be cut: by entry, each once and by position, where the feed applies entry by entry. */
  function partsOf(page: FeedPage<Entry>, after: number): Part<Entry>[] {
    const whole = { ...page, until: page.next };
    if (options.sliceMillis === undefined || !setAside) return [whole];
    const byPosition = new Map<number, Pick<Part<Entry>, 'entries' | 'unreadable'>>();
    for (const entry of page.entries) byPosition.set(setAside.positionOf(entry), { entries: [entry] });
    for (const aside of page.unreadable ?? []) byPosition.set(aside.position, { entries: [], unreadable: [aside] });
    const parts = [...byPosition].sort(([a], [b]) => a - b);
    if (parts.length === 0) return [whole];
    // Entries may be repeated, but the cursor never goes back; where the next page begins is for the system to say.
    return parts.map(([position, part], index) => ({
      ...part,
      until: index === parts.length - 1 ? page.next : Math.min(Math.max(position, after), page.next),
    }));
  }

  /**
   * Applies the first of some parts, as many as their time allows, and moves the cursor behind them.
   * @param isLast whether no entries are known to wait behind them
   * @returns null when another process moved it meanwhile
   */
  async function applySlice(
    trx: Knex.Transaction,
    parts: readonly Part<Entry>[],
    from: number,
    isLast: boolean,
    signal: AbortSignal,
  ) {
    const [cursor] = await query<{ position: string }>(
      trx,
      'select position from integration.feed_cursor where feed = ? for update',
      [name],
    );
    if (Number(cursor?.position) !== from) return null;
    const begun = performance.now();
    let done = 0;
    // There may be time for one entry only; many at once take few statements.
    for (let size = 1; done < parts.length; size *= 2) {
      const some = parts.slice(done, done + size);
      await applyPart(trx, {
        entries: some.flatMap((part) => part.entries),
        unreadable: some.flatMap((part) => part.unreadable ?? []),
      });
      done += some.length;
      if (signal.aborted || performance.now() - begun >= (options.sliceMillis ?? 0)) break;
    }
    const until = parts[done - 1]?.until ?? from;
    // What waits behind a page is not older than its last entry.
    const waiting = done < parts.length ? parts.slice(done) : isLast ? [] : parts.slice(-1);
    await query(
      trx,
      `update integration.feed_cursor set position = ?, updated_at = clock_timestamp(),
         waiting_since = case when ? then clock_timestamp() end, behind_since = ? where feed = ?`,
      [until, done < parts.length, behindSince(waiting, done < parts.length ? 0 : -1), name],
    );
    return { done, until };
  }

  /** When the first entry of these parts happened, or with `place` -1 the last of them; null when they tell no time. */
  function behindSince(parts: readonly Pick<Part<Entry>, 'entries'>[], place: 0 | -1 = 0): Date | null {
    const entry = parts.flatMap((part) => part.entries).at(place);
    return entry === undefined ? null : (options.happenedAt?.(entry) ?? null);
  }

  async function applyPart(trx: Knex.Transaction, part: Omit<Part<Entry>, 'until'>): Promise<void> {
    const refused = await applyUsable(trx, part.entries, options.apply);
    for (const aside of [...(part.unreadable ?? []), ...refused]) {
      if (!setAside) throw new Error(`${name}: entry ${aside.position} cannot be used (${aside.problem})`);
      await keepEntry(trx, name, aside);
      await setAside.report(trx, aside);
    }
  }

  /** @returns what the store refused */
  async function applyUsable(
    trx: Knex.Transaction,
    entries: readonly Entry[],
    apply: FeedOptions<Entry>['apply'],
  ): Promise<SetAsideEntry[]> {
    if (!setAside) {
      await apply(trx, entries);
      return [];
    }
    const applyAll = (step: Knex.Transaction, part: readonly Entry[]) => apply(step, part).then(() => []);
    return applyAround<Entry, SetAsideEntry>(trx, entries, applyAll, (entry) => ({
      position: setAside.positionOf(entry),
      entry,
      problem: 'it holds a value that cannot be stored',
    }));
  }

  async function takeAgain(
    position: number,
    signal: AbortSignal,
    apply: FeedOptions<Entry>['apply'] = options.apply,
  ): Promise<TakenEntry> {
    const page = await options.read(position - 1, 0, signal);
    const entry = page.entries.find((one) => setAside?.positionOf(one) === position);
    const unreadable = page.unreadable?.find((one) => one.position === position);
    if (entry === undefined) return stillAside(position, unreadable?.problem ?? 'the system does not list it any more');
    const [refused] = await inTransaction(knex, async (trx) => {
      const found = await applyUsable(trx, [entry], apply);
      if (found.length === 0) await noteHandled(trx, name, position);
      return found;
    });
    return refused ? stillAside(position, refused.problem) : { kind: 'handled' };
  }

  return {
    step,
    takeAgain,
    async catchUp(signal) {
      while (!signal.aborted && (await step(0, signal)) > 0);
    },
    async run(signal) {
      for (let failures = 0; !signal.aborted; ) {
        try {
          await step(LONG_POLL_SECONDS, signal);
          failures = 0;
        } catch (error) {
          if (signal.aborted) return;
          options.onFailure(error);
          failures++;
          await noteFailure(knex, name);
          await sleep(
            Math.min(MAX_PAUSE_MILLIS, FIRST_PAUSE_MILLIS * 2 ** failures) * (0.5 + Math.random() / 2),
            signal,
          );
        }
      }
    },
  };
}

function stillAside(position: number, problem: string): TakenEntry {
  return { kind: 'failed', cause: 'MAPPING', message: describeSetAside({ position, problem }) };
}

/** What is applied together at the least, and where the feed stands then. */
interface Part<Entry> extends Pick<FeedPage<Entry>, 'entries' | 'unreadable'> {
  readonly until: number;
}

async function cursorOf(knex: Knex, { name, system }: Pick<FeedOptions<never>, 'name' | 'system'>): Promise<number> {
  await query(
    knex,
    `insert into integration.feed_cursor as known (feed, system) values (?, ?)
     on conflict (feed) do update set system = excluded.system where known.system is distinct from excluded.system`,
    [name, system],
  );
  const [cursor] = await query<{ position: string }>(
    knex,
    'select position from integration.feed_cursor where feed = ?',
    [name],
  );
  return Number(cursor?.position ?? 0);
}
