import DataLoader from 'dataloader';
import type { Knex } from 'knex';
import type { Consumption, StoredEvent } from '../../../events/port.ts';
import { chunk } from '../../../platform/batch.ts';
import type { FactChannel, FactValue } from '../../../platform/channel-facts/channel.ts';
import type { ReportFact } from '../../../platform/channel-facts/reports.ts';
import { createTeller, type Teller } from '../../../platform/channel-facts/teller.ts';
import { storeTime } from '../../../platform/db/store-time.ts';
import { locationIdOf } from '../locations.ts';
import type { ChannelStock } from '../port.ts';
import { MOST_TOGETHER, nextSkus, noteStock, STOCK, type StockedChannel } from './note-stock.ts';

const TYPES = ['inventory-changed.v1', 'product-changed.v1'] as const;
type Change = StoredEvent<(typeof TYPES)[number]>;

/** How a channel is told of stock. */
export interface StockSettings {
  /** Hours between two comparisons with all that the channel knows. */
  readonly compareHours: number;
  /** Its names of our nodes, by their codes, for a channel that is told by node. */
  readonly nodes?: Readonly<Record<string, string>> | undefined;
}

/** How long the first of some events waits for others, in milliseconds. */
const GATHER_MILLIS = 10;

/**
 * Tells channels that keep numbers of their own what they may sell: each change within a second, and all of it now and then.
 * The consumption notes changes; the teller tells them.
 */
export function createChannelStock(deps: {
  readonly knex: Knex;
  readonly channels: ReadonlyMap<string, { readonly channel: ChannelStock; readonly settings: StockSettings }>;
  readonly report: ReportFact;
  readonly settle: (trx: Knex.Transaction, keys: readonly string[]) => Promise<void>;
  onFailure(error: unknown, channelCode: string): void;
}): { readonly consumption: Pick<Consumption<Change['type']>, 'group' | 'types' | 'handler' | 'concurrency'>; readonly teller: Teller } {
  const { knex } = deps;
  const stocked = new Map([...deps.channels].map(([code, { settings }]) => [code, stockedChannel(code, settings)]));

  async function note(events: readonly Change[]): Promise<void> {
    const skus = [...new Set(events.flatMap(({ data }) => ('skus' in data ? data.skus : [data.sku])))];
    const since = new Date(Math.min(...events.map(({ occurredAt }) => Date.parse(occurredAt))));
    for (const some of chunk(skus, MOST_TOGETHER))
      await Promise.all([...stocked.values()].map((channel) => noteStock(knex, channel, some, since)));
  }
  const gathered = new DataLoader<Change, true>(
    async (events) => {
      await note(events);
      return events.map(() => true as const);
    },
    {
      name: 'inventory.channel-stock',
      cache: false,
      maxBatchSize: MOST_TOGETHER,
      batchScheduleFn: (run) => setTimeout(run, GATHER_MILLIS),
    },
  );

  return {
    consumption: {
      group: 'inventory:channel-stock',
      types: [...TYPES],
      // What is noted is what holds then, whatever the event says: repetitions and old events do no harm.
      handler: async (event) => {
        await gathered.load(event);
      },
      concurrency: 100,
    },
    teller: createTeller({
      knex,
      topic: STOCK,
      word: 'stock',
      channels: new Map([...deps.channels].map(([code, { channel, settings }]) => [code, { channel: asFacts(channel), compareHours: settings.compareHours }])),
      report: deps.report,
      settle: deps.settle,
      onFailure: deps.onFailure,
      async noteAll(code, signal) {
        const channel = stocked.get(code);
        if (!channel) return;
        for (let skus = await nextSkus(knex, code, ''); skus.length > 0 && !signal.aborted; skus = await nextSkus(knex, code, skus.at(-1) ?? ''))
          await noteStock(knex, channel, skus, await storeTime(knex));
      },
    }),
  };
} // biome-ignore format: one thought

function stockedChannel(code: string, { nodes }: StockSettings): StockedChannel {
  const named = nodes && new Map(Object.entries(nodes).map(([node, theirs]) => [locationIdOf(node), theirs]));
  return { code, nodes: named ?? null };
}

/** What is kept as JSON is what was noted: units, and nodes where the channel has them. */
function asFacts(channel: ChannelStock): FactChannel<FactValue> {
  return channel as FactChannel<FactValue>;
}
