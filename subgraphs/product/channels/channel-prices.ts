import type { Knex } from 'knex';
import type { Consumption, StoredEvent } from '../../../events/port.ts';
import { chunk } from '../../../platform/batch.ts';
import type { FactChannel, FactValue } from '../../../platform/channel-facts/channel.ts';
import type { ReportFact } from '../../../platform/channel-facts/reports.ts';
import { createTeller, type Teller } from '../../../platform/channel-facts/teller.ts';
import { sleep } from '../../../platform/clock.ts';
import { storeTime } from '../../../platform/db/store-time.ts';
import type { ChannelPrices } from '../port.ts';
import type { PriceRules } from './judge.ts';
import { type HeldChange, MOST_TOGETHER, nextPriced, notePrices, PRICE, turnedPrices } from './note-prices.ts';

/** How a channel is told of prices. */
export interface PriceSettings extends PriceRules {
  /** Hours between two comparisons with all that the channel knows. */
  readonly compareHours: number;
}

type Changed = StoredEvent<'product-changed.v1'>;

/** How often it is looked which prices began or ended by their dates, in milliseconds; and how far back at the start. */
const TURN_MILLIS = 5_000;
const TURN_BACK_MILLIS = 3_600_000;

/** Tells channels that keep prices of their own what an item costs there, after it was checked. */
export function createChannelPrices(deps: {
  readonly knex: Knex;
  readonly channels: ReadonlyMap<string, { readonly channel: ChannelPrices; readonly settings: PriceSettings }>;
  readonly report: ReportFact;
  readonly settle: (trx: Knex.Transaction, keys: readonly string[]) => Promise<void>;
  onFailure(error: unknown, channelCode: string): void;
}): {
  readonly consumption: Pick<Consumption<'product-changed.v1'>, 'group' | 'types' | 'handler'>;
  readonly teller: Teller;
  /** Notes prices that began or ended by their dates between two moments. */
  noteTurned(from: Date, until: Date): Promise<void>;
  run(signal: AbortSignal): Promise<unknown>;
} {
  const { knex } = deps;

  /** One exception for each item that is held back; it closes when nothing is wrong with it any more. */
  async function tellOfHeld(trx: Knex.Transaction, channelCode: string, items: readonly HeldChange[]): Promise<void> {
    const keyOf = ({ item }: HeldChange) => `held-price:${channelCode}:${item}`;
    for (const one of items)
      if (one.held !== null)
        await deps.report(trx, {
          key: keyOf(one),
          cause: 'VALIDATION',
          system: 'channel',
          operation: 'hold-price',
          message: `The price of ${one.item.slice(0, 80)} (our ${one.sku}) is not told to ${channelCode}: ${one.held}. The channel keeps what it knows. Put it right in the catalogue, or change the rules in config/channels.yaml; this closes by itself.`,
          channelCode,
          setAside: null,
        });
    await deps.settle(trx, items.filter(({ held }) => held === null).map(keyOf));
  } // biome-ignore format: one thought

  async function note(skus: readonly string[], since: Date, only: string | null = null): Promise<void> {
    for (const some of chunk(skus, MOST_TOGETHER))
      for (const [code, { settings }] of deps.channels)
        if (only === null || only === code)
          await notePrices(knex, { code, rules: settings }, some, since, (trx, items) => tellOfHeld(trx, code, items));
  }

  const teller = createTeller({
    knex,
    topic: PRICE,
    word: 'price',
    channels: new Map([...deps.channels].map(([code, { channel, settings }]) => [code, { channel: channel as FactChannel<FactValue>, compareHours: settings.compareHours }])),
    report: deps.report,
    settle: deps.settle,
    onFailure: deps.onFailure,
    async noteAll(code, signal) {
      for (let skus = await nextPriced(knex, code, ''); skus.length > 0 && !signal.aborted; skus = await nextPriced(knex, code, skus.at(-1) ?? ''))
        await note(skus, await storeTime(knex), code);
    },
  });

  async function noteTurned(from: Date, until: Date): Promise<void> {
    await note(await turnedPrices(knex, from, until), until);
  }

  async function follow(signal: AbortSignal): Promise<void> {
    let from: Date | null = null;
    while (!signal.aborted) {
      try {
        const until = await storeTime(knex);
        await noteTurned(from ?? new Date(until.getTime() - TURN_BACK_MILLIS), until);
        from = until;
      } catch (error) {
        for (const code of deps.channels.keys()) deps.onFailure(error, code);
      }
      await sleep(TURN_MILLIS, signal);
    }
  }

  return {
    consumption: {
      group: 'product:channel-prices',
      types: ['product-changed.v1'],
      // What is noted is what holds then: repetitions and old events do no harm.
      handler: async (event: Changed) => note(event.data.skus, new Date(event.occurredAt)),
    },
    teller,
    noteTurned,
    run: (signal) => Promise.all([teller.run(signal), follow(signal)]),
  };
} // biome-ignore format: one thought
