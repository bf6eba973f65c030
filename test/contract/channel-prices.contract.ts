import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ItemOutcome } from '../../platform/channel-facts/channel.ts';
import type { ChannelPrices } from '../../subgraphs/product/port.ts';
import { can, type SystemProfile } from '../../systems/port-map.ts';

/** A channel under test. */
export interface ChannelPricesWorld {
  readonly channel: ChannelPrices;
  readonly currencyCode: string;
  /** The channel knows these items from now on. */
  list(items: readonly string[]): void;
  /** What the channel asks for an item, where it cannot be asked through the port. */
  priceOf?(item: string): { readonly amount: number } | null;
  stop(): Promise<void>;
}

const { signal } = new AbortController();
let submissions = 0;

/** What the telling of prices relies on, of every channel that is told of them. */
export function channelPricesContract(name: string, profile: SystemProfile, open: () => Promise<ChannelPricesWorld>): void {
  describe(`ChannelPrices: ${name}`, () => {
    let world: ChannelPricesWorld;
    beforeAll(async () => {
      world = await open();
      world.list(['A', 'B', 'C']);
    });
    afterAll(() => world.stop());

    async function told(way: string, amounts: Readonly<Record<string, string>>): Promise<readonly ItemOutcome[]> {
      const items = Object.entries(amounts).map(([item, amount]) => ({ item, value: { amount, currencyCode: world.currencyCode } }));
      const answer = await world.channel.tell({ id: String(++submissions), way, items }, signal);
      if (answer.kind === 'ENDED') return answer.outcomes;
      for (;;) {
        const outcomes = await world.channel.outcomeOf(answer.reference, signal, items);
        if (outcomes) return outcomes;
      }
    }
    async function prices(): Promise<Record<string, number>> {
      const all: Record<string, number> = {};
      if (!world.channel.known) return Object.fromEntries(['A', 'B', 'C'].map((item) => [item, world.priceOf?.(item)?.amount ?? 0]));
      for await (const page of world.channel.known(signal)) for (const { item, value } of page) all[item] = Number(value.amount);
      return all;
    }

    it('applies what it is told on each of its ways, to the cent, and replaces what it knew', async () => {
      for (const [index, { name: way, most }] of world.channel.ways.entries()) {
        const some = most === 1 ? { A: '0.29' } : { A: `1.1${index}`, B: '12345.67', C: '3.00' };
        expect(await told(way, some)).toEqual(Object.keys(some).map((item) => ({ item, outcome: 'APPLIED' })));
        expect(await prices()).toMatchObject(Object.fromEntries(Object.entries(some).map(([item, amount]) => [item, Number(amount)])));
      }
    });

    it('can be asked, or says that it cannot', () => {
      expect(world.channel.known !== null).toBe(can(profile, 'CHANNEL_PRICES', 'PRICE_READING'));
    });
  });
} // biome-ignore format: one thought
