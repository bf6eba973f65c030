import type { Knex } from 'knex';
import { sleep } from '../../platform/clock.ts';
import { query } from '../../platform/db/query.ts';
import { createFeed, type RetakableFeed } from '../../platform/feed/feed.ts';
import type { SetAsideEntry } from '../../platform/feed/set-aside.ts';
import type { ObservedJournal } from '../../platform/observed/journal.ts';
import { type FeedDeps, reportUnknownWords, unusableEntry } from './feeds.ts';
import type { CarrierScan, CarrierTrackers, TrackerNews } from './port.ts';
import { recordScans } from './tracking.ts';

/** What a tracker said, numbered in the order in which it came here. */
interface NumberedNews {
  readonly position: number;
  readonly tracker: string;
  readonly scans: readonly CarrierScan[];
}

const STREAM = 'trackers';
const PAGE = 100;
const SLICE_MILLIS = 1_000;
/** How often a waiting reader looks into the journal, in milliseconds. */
const LOOK_AGAIN_MILLIS = 500;

/** Keeps what a tracker said until the feed takes it. What was kept before under its key has no effect. */
export async function keepNews(journal: ObservedJournal, { tracker, key, record }: TrackerNews): Promise<void> {
  await journal.write(STREAM, ({ put }) => put(STREAM, new Map([[key, { tracker, record }]])));
}

/** News that stay when they were taken, so that a webhook that comes again is known: older ones say nothing new either, scans are stored once. */
const REMEMBERED = 10_000;
/** News that go at once. */
const FORGOTTEN_AT_ONCE = 5_000;

/** Forgets what was taken long ago. @returns how many news went */
export async function forgetTaken(
  knex: Knex,
  journal: ObservedJournal,
  account: string,
  remembered = REMEMBERED,
): Promise<number> {
  const [row] = await query<{ position: string }>(knex, 'select position from integration.feed_cursor where feed = ?', [
    trackerFeedName(account),
  ]);
  return journal.forget(STREAM, Number(row?.position ?? 0) - remembered, FORGOTTEN_AT_ONCE);
}

/** Name of the feed of an account: of its cursor, and who takes an entry again. */
export const trackerFeedName = (account: string): string => `fulfillment:trackers:${account}`;

/**
 * Takes what trackers said, by webhook or when asked, as scans like any others: stored once each, never moving a parcel backwards.
 * What cannot be read is set aside as it came.
 */
export function createTrackerFeed(
  deps: FeedDeps & {
    readonly account: string;
    readonly trackers: Pick<CarrierTrackers, 'scansOf'>;
    readonly journal: ObservedJournal;
    /** A parcel that was heard of is asked for so much later. */
    readonly askHours: number;
  },
): RetakableFeed<NumberedNews> {
  const { account, journal, trackers } = deps;
  const name = trackerFeedName(account);
  return createFeed<NumberedNews>({
    knex: deps.knex,
    name,
    system: account,
    sliceMillis: SLICE_MILLIS,
    async read(after, waitSeconds, signal) {
      const deadline = Date.now() + waitSeconds * 1_000;
      for (;;) {
        const records = await journal.read<Pick<TrackerNews, 'tracker' | 'record'>>(STREAM, after, PAGE);
        if (records.length === 0 && Date.now() < deadline && !signal.aborted) {
          await sleep(Math.min(LOOK_AGAIN_MILLIS, deadline - Date.now()), signal);
          continue;
        }
        const entries: NumberedNews[] = [];
        const unreadable: SetAsideEntry[] = [];
        for (const { position, body } of records) {
          const read = trackers.scansOf(body.record);
          if ('problem' in read) unreadable.push({ position, entry: body.record, problem: read.problem });
          else entries.push({ position, tracker: body.tracker, scans: read.scans });
        }
        return { entries, unreadable, next: records.at(-1)?.position ?? after };
      }
    },
    async apply(trx, news) {
      const recorded = await recordScans(trx, news.flatMap(({ scans }) => scans)); // biome-ignore format: one thought
      await reportUnknownWords(trx, recorded, deps.report, account);
      await query(
        trx,
        `update fulfillment.tracker set due_at = greatest(due_at, now() + ? * interval '1 hour')
         where account = ? and tracker = any (?::text[]) and closed_at is null`,
        [deps.askHours, account, news.map(({ tracker }) => tracker)],
      );
    },
    setAside: { positionOf: ({ position }) => position, report: unusableEntry(deps, name, account) },
    onFailure: (error) => deps.onFailure(name, error),
  });
}
