import type { Knex } from 'knex';
import { sleep } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import type { ReportUnusable } from './feeds.ts';
import type { CarrierTrackers, WebhookCall } from './port.ts';
import { createTrackerFeed, forgetTaken, keepNews, trackerFeedName } from './tracker-feed.ts';
import { createParcelTracking, untrackedName } from './trackers.ts';

const TIMEOUT_MILLIS = 30_000;
/** How often what was taken long ago is forgotten. */
const FORGET_EVERY_MILLIS = 60_000;

/** A service that tracks parcels for us, at work: what it is told and asked, what it says, and how that is taken in. */
export function openCarrierAccount(deps: {
  readonly knex: Knex;
  readonly account: string;
  readonly carriers: readonly string[];
  readonly askHours: number;
  readonly trackers: CarrierTrackers;
  readonly report: ReportUnusable;
  readonly settle: (key: string, by: string) => Promise<void>;
  readonly logger: Logger;
}) {
  const { account, trackers, logger } = deps;
  // A name of its own: systems of record keep journals under theirs.
  const journal = openObservedJournal(deps.knex, `carrier:${account}`);
  const feed = createTrackerFeed({
    ...deps,
    journal,
    onFailure: (name, error) => logger.warn({ feed: name, err: error }, 'feed interrupted'),
  });
  const tracking = createParcelTracking({
    ...deps,
    journal,
    onFailure: (error) => logger.warn({ account, err: error }, 'parcels wait to be tracked'),
  });
  const signal = () => AbortSignal.timeout(TIMEOUT_MILLIS);
  async function forgetting(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await forgetTaken(deps.knex, journal, account).catch((err: unknown) => logger.warn({ account, err }, 'old news of parcels stay')); // biome-ignore format: one thought
      await sleep(FORGET_EVERY_MILLIS, until);
    }
  }
  return {
    account,
    feed,
    tracking,
    /**
     * Takes a webhook; once this resolves, what it says is kept.
     * @throws CommerceError UNAUTHENTICATED or SYSTEM_BAD_RESPONSE, see {@link CarrierTrackers}
     */
    async hear(call: WebhookCall): Promise<void> {
      const news = trackers.hear(call, new Date());
      if (news) await keepNews(journal, news);
    },
    takeAgain: {
      [trackerFeedName(account)]: (id: string) => feed.takeAgain(Number(id), signal()),
      [untrackedName(account)]: (id: string) => tracking.takeAgain(id, signal()),
    },
    run: (until: AbortSignal) => [feed.run(until), tracking.run(until), forgetting(until)],
  };
}

export type OpenCarrierAccount = ReturnType<typeof openCarrierAccount>;
