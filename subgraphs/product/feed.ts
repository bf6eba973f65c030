import type { Knex } from 'knex';
import { type Clock, sleep, systemClock } from '../../platform/clock.ts';
import { applyAround } from '../../platform/feed/around.ts';
import { createFeed, type Feed } from '../../platform/feed/feed.ts';
import type { Logger } from '../../platform/logger.ts';
import { applyFacts } from './facts/apply.ts';
import { workInDuePrices } from './facts/due-prices.ts';
import { keepSetAside, storableKey, type TakenRecord } from './facts/set-aside.ts';
import { type CatalogueFact, type ChangeEntry, type ProductSource, type RejectedRecord, recordOf } from './port.ts';
import { applyTold } from './told/apply.ts';
import type { PartOf } from './told/model.ts';
import { noteComplete, readServing } from './told/serving.ts';

export interface ProductFeedOptions {
  readonly knex: Knex;
  readonly source: ProductSource;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Where several systems serve the catalogue, the part of a SKU. Default: there are no parts. */
  readonly partOf?: PartOf;
  /** Told when a stream was read to its end. */
  onHeard?(stream: string): Promise<void>;
  /**
   * Told about every record that could not be taken, in the transaction that passes over it: what it writes there is
   * kept if and only if the feed goes on. The same record is told again when the system sends it again.
   */
  onRejected(rejected: readonly RejectedRecord[], trx: Knex.Transaction): Promise<void>;
  /** Told about records that could not be taken before and were now, likewise. */
  onTaken?(taken: readonly TakenRecord[], trx: Knex.Transaction): Promise<void>;
}

export interface ProductFeed {
  /** Takes in every change there is now. @throws CommerceError when the system or the store does not answer */
  catchUp(signal: AbortSignal): Promise<void>;
  /** Follows the source until the signal aborts. Never rejects: a failed read is logged and repeated. */
  run(signal: AbortSignal): Promise<void>;
}

/** Changes asked for at once. */
const BATCH_SIZE = 1_000;
const DUE_PRICES_EVERY_MILLIS = 1_000;

/** Brings the changes of a system of record into the catalogue, each stream by its own cursor. */
export function createProductFeed(options: ProductFeedOptions): ProductFeed {
  const { knex, source, logger, clock = systemClock } = options;
  const streams = source.streams.map((stream) => followStream(stream, options));

  return {
    async catchUp(signal) {
      for (const stream of streams) await stream.catchUp(signal);
      await workInDuePrices(knex, clock.now());
    },
    async run(signal) {
      await Promise.all([...streams.map((stream) => stream.run(signal)), keepPricesCurrent(signal)]);
    },
  };

  async function keepPricesCurrent(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await workInDuePrices(knex, clock.now());
      } catch (error) {
        logger.warn({ err: error }, 'prices that began or ended were not worked in');
      }
      await sleep(DUE_PRICES_EVERY_MILLIS, signal);
    }
  }
}

function followStream(stream: string, options: ProductFeedOptions): Feed {
  const { knex, source, logger, onRejected, clock = systemClock, partOf = lastOf } = options;
  let reached = 0;
  const name = `product:${source.name}-${stream}`;
  return createFeed<ChangeEntry>({
    knex,
    name,
    system: source.name,
    async read(after, waitSeconds, signal) {
      const page = await source.changesAfter(stream, after, { limit: BATCH_SIZE, waitSeconds, signal });
      reached = page.next;
      // A change tells one fact at least.
      return { ...page, isLast: page.entries.length < BATCH_SIZE };
    },
    async onHeard() {
      await noteComplete(knex, { system: source.name, stream, feed: name, reached });
      await options.onHeard?.(stream);
    },
    async apply(trx, entries) {
      const now = clock.now();
      const facts = entries.filter((entry) => entry.kind !== 'rejected');
      const unusable = entries.filter((entry) => entry.kind === 'rejected');
      const serving = await readServing(trx, 'for share');
      const take = (step: Knex.Transaction, part: readonly CatalogueFact[]) =>
        serving ? applyTold(step, serving, source.name, part, { partOf, now }) : applyFacts(step, part, now);
      const refused = await applyAround(trx, facts, take, notStorable);
      const rejected = [...unusable, ...refused].map((record) => ({ ...record, key: storableKey(record.key) }));
      const taken = await keepSetAside(trx, source.name, { facts, rejected, now });
      if (taken.length > 0) await options.onTaken?.(taken, trx);
      if (rejected.length > 0) await onRejected(rejected, trx);
    },
    onFailure: (error) => logger.warn({ feed: name, err: error }, 'feed interrupted'),
  });
}

const lastOf: PartOf = (parts) => {
  const last = parts.at(-1);
  if (!last) throw new Error('no part serves the rest of the catalogue');
  return last;
};

const notStorable = (fact: CatalogueFact): RejectedRecord => ({
  kind: 'rejected',
  record: recordOf(fact),
  key: fact.key,
  reason: 'NOT_STORABLE',
});
