import { miraklChannelSystem } from '../../subgraphs/order/adapters/mirakl.ts';
import { loadMiraklWords } from '../../subgraphs/order/adapters/mirakl-words.ts';
import { MIRAKL_PROFILE } from '../../systems/mirakl/profile.ts';
import { buy, cancelledOf, shippedOf } from '../../systems/mirakl/simulator/shop.ts';
import { startMirakl } from '../helpers/mirakl.ts';
import { channelSystemContract } from './channel-system.contract.ts';

channelSystemContract('Mirakl over HTTP', MIRAKL_PROFILE, async () => {
  const { shop, client, stop } = await startMirakl();
  return {
    currencyCode: 'EUR',
    channel: miraklChannelSystem(client, { ...loadMiraklWords(), quantityIs: 'bought' }),
    sell(id) {
      // A line's id is its own in the whole shop.
      for (const [old, { lines }] of shop.orders) if (lines.some((line) => line.id === 'their-line-1')) shop.orders.delete(old); // biome-ignore format: one thought
      buy(shop, id, [{ id: 'their-line-1', sku: '71053', quantity: 5, price: 20, tax: 16.67 }]);
      shop.shipments.length = 0;
    },
    async recordOf(id) {
      const lines = shop.orders.get(id)?.lines ?? [];
      return {
        acknowledged: lines.every(({ state }) => state !== 'WAITING_ACCEPTANCE'),
        answers: [],
        lines: lines.map((line) => ({ line: line.id, shipped: shippedOf(shop, line), cancelled: cancelledOf(line) })),
      };
    },
    stop,
  };
});
