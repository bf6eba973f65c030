import { miraklChannelOrders } from '../../subgraphs/order/adapters/mirakl.ts';
import { loadMiraklWords } from '../../subgraphs/order/adapters/mirakl-words.ts';
import { buy, type StoredOrder } from '../../systems/mirakl/simulator/shop.ts';
import { startMirakl } from '../helpers/mirakl.ts';
import { channelOrdersContract } from './channel-orders.contract.ts';

channelOrdersContract('Mirakl over HTTP', async () => {
  const { shop, client, stop } = await startMirakl();
  const orderOf = (id: string) => shop.orders.get(id) as StoredOrder;
  return {
    orders: miraklChannelOrders(client, { ...loadMiraklWords(), quantityIs: 'bought' }),
    sell: (id, at, quantity) => void buy(shop, id, [{ sku: '71053', quantity, price: 3.39 }], at),
    cancel(id, at, units) {
      const order = orderOf(id);
      order.lines[0]?.cancelations.push({ quantity: units, amount: units * 3.39, reason_code: 'OUT_OF_STOCK' });
      order.updatedAt = at;
    },
    garble(id) {
      const [line] = orderOf(id).lines;
      if (line) line.state = 'MELTED';
    },
    stop,
  };
});
