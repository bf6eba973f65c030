import type { Knex } from 'knex';
import { sleep } from '../clock.ts';
import { query } from '../db/query.ts';
import { inTransaction } from '../db/transaction.ts';

/** Some entries of a system's change feed, in order. */
export interface FeedPage<Entry> {
  readonly entries: readonly Entry[];
  /** Whether this is known to be all there was. An empty page always is. */
  readonly isLast?: boolean;
  /** Where the next page begins: number of the last entry of this one, or the position asked for when it is empty. */
  readonly next: number;
}

export interface FeedOptions<Entry> {
  readonly knex: Knex;
  /** Reader and feed, e.g. `fulfillment:wms-deliveries`. Names the cursor. */
  readonly name: string;
  /** Reads the entries after a position; waits up to `waitSeconds` for one. */
  read(after: number, waitSeconds: number, signal: AbortSignal): Promise<FeedPage<Entry>>;
  /** Applies a page; the cursor moves in the same transaction, so an entry has its effect exactly once. */
  apply(trx: Knex.Transaction, entries: readonly Entry[]): Promise<void>;
  /** Told when everything there was has been applied, so that silence means that nothing changed. */
  onHeard?(): Promise<void>;
  /** Hears of every failure; the feed goes on from where it was. */
  onFailure(error: unknown): void;
}

export interface Feed {
  /** Reads and applies one page. @returns number of entries read */
  step(waitSeconds: number, signal: AbortSignal): Promise<number>;
  /** Applies everything there is now. */
  catchUp(signal: AbortSignal): Promise<void>;
  /** Follows the feed until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

const LONG_POLL_SECONDS = 10;
const FIRST_PAUSE_MILLIS = 200;
const MAX_PAUSE_MILLIS = 10_000;

/**
 * Follows a change feed with a durable cursor. Any number of processes may follow the same feed:
 * a page is applied by whoever still finds the cursor where the page began.
 */
export function createFeed<Entry>(options: FeedOptions<Entry>): Feed {
  const { knex, name } = options;

  async function step(waitSeconds: number, signal: AbortSignal): Promise<number> {
    const after = await cursorOf(knex, name);
    const page = await options.read(after, waitSeconds, signal);
    if (page.entries.length === 0 && page.next === after) {
      await options.onHeard?.();
      return 0;
    }
    await inTransaction(knex, async (trx) => {
      const [cursor] = await query<{ position: string }>(
        trx,
        'select position from integration.feed_cursor where feed = ? for update',
        [name],
      );
      if (Number(cursor?.position) !== after) return;
      await options.apply(trx, page.entries);
      await query(trx, 'update integration.feed_cursor set position = ?, updated_at = now() where feed = ?', [
        page.next,
        name,
      ]);
    });
    if (page.isLast) await options.onHeard?.();
    return page.entries.length;
  }

  return {
    step,
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
          await sleep(
            Math.min(MAX_PAUSE_MILLIS, FIRST_PAUSE_MILLIS * 2 ** failures) * (0.5 + Math.random() / 2),
            signal,
          );
        }
      }
    },
  };
}

async function cursorOf(knex: Knex, name: string): Promise<number> {
  await query(knex, 'insert into integration.feed_cursor (feed) values (?) on conflict do nothing', [name]);
  const [cursor] = await query<{ position: string }>(
    knex,
    'select position from integration.feed_cursor where feed = ?',
    [name],
  );
  return Number(cursor?.position ?? 0);
}
