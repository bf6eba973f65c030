import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelOrders, FetchedOrder } from '../../subgraphs/order/port.ts';

/** A channel under test. */
export interface ChannelOrdersWorld {
  readonly orders: ChannelOrders;
  /** A buyer buys one line of some units, at 3.39 each. */
  sell(channelOrderId: string, at: Date, units: number): void;
  /** The channel cancels so many units of the order. */
  cancel(channelOrderId: string, at: Date, units: number): void;
  /** The order holds a word from now on that is in no table. */
  garble(channelOrderId: string): void;
  stop(): Promise<void>;
}

const { signal } = new AbortController();
const hour = 3_600_000;

/** What the import relies on, of every channel whose orders are fetched. */
export function channelOrdersContract(name: string, open: () => Promise<ChannelOrdersWorld>): void {
  describe(`ChannelOrders: ${name}`, () => {
    let world: ChannelOrdersWorld;
    const now = Math.floor(Date.now() / 1_000) * 1_000;
    const ago = (hours: number) => new Date(now - hours * hour);

    beforeAll(async () => {
      world = await open();
      for (const number of [3, 1, 4, 5, 2]) world.sell(`po-${number}`, ago(number), number);
    });
    afterAll(() => world.stop());

    async function since(hours: number): Promise<FetchedOrder[]> {
      const all: FetchedOrder[] = [];
      for await (const page of world.orders.changedSince(ago(hours), signal)) all.push(...page);
      return all.sort((a, b) => a.channelOrderId.localeCompare(b.channelOrderId));
    }
    const ids = (all: readonly FetchedOrder[]) => all.map(({ channelOrderId }) => channelOrderId);
    const one = async (id: string) => (await since(200)).find(({ channelOrderId }) => channelOrderId === id);

    it('tells every order over all pages, in our words', async () => {
      const all = await since(10);
      expect(ids(all)).toEqual(['po-1', 'po-2', 'po-3', 'po-4', 'po-5']);
      expect(all.map(({ reading }) => reading.kind)).toEqual(Array.from({ length: 5 }, () => 'READ'));
      const [first] = all;
      expect(first?.reading).toMatchObject({
        order: { lines: [{ sku: '71053', quantity: 1, cancelled: 0, unitPrice: '3.39' }], address: { countryCode: expect.stringMatching(/^[A-Z]{2}$/) } }, // biome-ignore format: one thought
      });
    });

    it('tells those that changed since a moment, the one of that moment among them', async () => {
      expect(ids(await since(3))).toEqual(['po-1', 'po-2', 'po-3']);
      expect(await since(0.5)).toEqual([]);
    });

    it('tells an old order again when the channel cancels some of it', async () => {
      world.sell('po-old', ago(100), 3);
      expect(ids(await since(3))).not.toContain('po-old');
      world.cancel('po-old', ago(0.25), 2);
      const [found] = await since(0.5);
      expect(found).toMatchObject({ channelOrderId: 'po-old', reading: { order: { lines: [{ quantity: 3, cancelled: 2 }] } } }); // biome-ignore format: one thought
    });

    it('tells an order that it cannot read as it came, and the others all the same', async () => {
      world.garble('po-2');
      const all = await since(10);
      expect(ids(all)).toEqual(expect.arrayContaining(['po-1', 'po-2', 'po-3', 'po-4', 'po-5']));
      const garbled = all.find(({ channelOrderId }) => channelOrderId === 'po-2');
      expect(garbled?.reading).toMatchObject({ kind: 'UNREADABLE', problem: expect.stringMatching(/./) });
      expect(all.filter(({ reading }) => reading.kind === 'UNREADABLE')).toHaveLength(1);
    });

    it('reads what was kept as it came the same way', async () => {
      for (const id of ['po-1', 'po-2', 'po-old']) {
        const fetched = await one(id);
        expect(world.orders.read(fetched?.raw ?? '')).toEqual(fetched?.reading);
      }
    });
  });
}
