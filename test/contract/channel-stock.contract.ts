import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ItemOutcome } from '../../platform/channel-facts/channel.ts';
import type { ChannelStock, ItemStock } from '../../subgraphs/inventory/port.ts';
import { can, type SystemProfile } from '../../systems/port-map.ts';

/** A channel under test. */
export interface ChannelStockWorld {
  readonly channel: ChannelStock;
  /** The channel's names of two nodes, where it is told by node. */
  readonly nodes?: readonly [string, string];
  /** The channel knows these items from now on. */
  list(items: readonly string[]): void;
  /** The channel lets an item not be told any more. */
  refuse(item: string): Promise<void> | void;
  stop(): Promise<void>;
}

const { signal } = new AbortController();
let submissions = 0;

/** What the telling of stock relies on, of every channel that is told of it. */
export function channelStockContract(name: string, profile: SystemProfile, open: () => Promise<ChannelStockWorld>): void {
  describe(`ChannelStock: ${name}`, () => {
    let world: ChannelStockWorld;
    const items = ['A 1', 'B/2', 'C', 'D', 'E'];

    beforeAll(async () => {
      world = await open();
      world.list(items);
    });
    afterAll(() => world.stop());

    const stock = (units: number): ItemStock =>
      world.nodes ? { units, nodes: { [world.nodes[0]]: units, [world.nodes[1]]: 0 } } : { units };
    /** Tells some items on a way, and waits until the channel says what became of them. */
    async function told(way: string, units: Readonly<Record<string, number>>): Promise<readonly ItemOutcome[]> {
      const all = Object.entries(units).map(([item, ones]) => ({ item, value: stock(ones) }));
      const answer = await world.channel.tell({ id: String(++submissions), way, items: all }, signal);
      if (answer.kind === 'ENDED') return answer.outcomes;
      for (;;) {
        const outcomes = await world.channel.outcomeOf(answer.reference, signal, all);
        if (outcomes) return outcomes;
      }
    }
    async function known(): Promise<Record<string, unknown>> {
      const all: Record<string, unknown> = {};
      for await (const page of world.channel.known?.(signal) ?? []) for (const { item, value } of page) all[item] = value;
      return all;
    }
    const widest = () => world.channel.ways.at(-1)?.name ?? '';

    it('applies what it is told on each of its ways', async () => {
      for (const { name: way, most } of world.channel.ways) {
        const some = most === 1 ? { C: 3 } : { 'A 1': 1, 'B/2': 2, C: 0, D: 4, E: 5 };
        expect(await told(way, some)).toEqual(Object.keys(some).map((item) => ({ item, outcome: 'APPLIED' })));
      }
    });

    it('replaces what it knew, and takes the same again', async () => {
      for (const { name: way } of world.channel.ways)
        for (const units of [9, 9, 2]) expect(await told(way, { C: units })).toEqual([{ item: 'C', outcome: 'APPLIED' }]);
    });

    (can(profile, 'CHANNEL_STOCK', 'READING') ? it : it.skip)('says what it knows of every item, in the form in which it was told', async () => {
      await told(widest(), { 'A 1': 1, 'B/2': 2, C: 0, D: 4, E: 5 });
      expect(await known()).toEqual({ 'A 1': stock(1), 'B/2': stock(2), C: stock(0), D: stock(4), E: stock(5) });
    });

    it('refuses one item with its reason, and applies the others', async () => {
      await world.refuse('D');
      const outcomes = await told(widest(), { 'A 1': 7, D: 8, E: 6 });
      expect(outcomes).toEqual([
        { item: 'A 1', outcome: 'APPLIED' },
        { item: 'D', outcome: 'REFUSED', code: expect.stringMatching(/^[A-Z][A-Z0-9_]+$/) },
        { item: 'E', outcome: 'APPLIED' },
      ]);
      expect(await known()).toMatchObject({ 'A 1': stock(7), E: stock(6) });
      expect((await known()).D).not.toEqual(stock(8));
    });
  });
} // biome-ignore format: one thought
