import { amazonOrders } from '../../subgraphs/order/adapters/amazon.ts';
import { loadAmazonWords } from '../../subgraphs/order/adapters/amazon-words.ts';
import { memoryChannelOrders } from '../../subgraphs/order/adapters/memory-channel-orders.ts';
import { walmartOrders } from '../../subgraphs/order/adapters/walmart.ts';
import { loadWalmartWords } from '../../subgraphs/order/adapters/walmart-words.ts';
import type { ChannelOrder } from '../../subgraphs/order/port.ts';
import * as sold from '../../systems/amazon/simulator/orders.ts';
import { buy, type StoredOrder } from '../../systems/walmart/simulator/account.ts';
import { startAmazonOrders } from '../helpers/amazon.ts';
import { startWalmart } from '../helpers/walmart.ts';
import { channelOrdersContract } from './channel-orders.contract.ts';

channelOrdersContract('memory', async () => {
  const channel = memoryChannelOrders();
  const sold = new Map<string, { at: Date; order: ChannelOrder }>();
  const put = (id: string, at: Date, quantity: number, cancelled: number) => {
    const lines = [
      { channelLineId: '1', sku: '71053', quantity, cancelled, sent: 0, cancelReason: 'OTHER', unitPrice: '3.39' },
    ];
    const address = { line1: '1 High Street', city: 'London', countryCode: 'GB' };
    const order = { currencyCode: 'GBP', customer: { email: null, name: null }, address, serviceLevel: null, lines };
    sold.set(id, { at, order });
    channel.put(id, at, order);
  };
  return {
    orders: channel,
    sell: (id, at, units) => put(id, at, units, 0),
    cancel: (id, at, units) => put(id, at, sold.get(id)?.order.lines[0]?.quantity ?? 0, units),
    garble(id) {
      const { at, order } = sold.get(id) as { at: Date; order: ChannelOrder };
      channel.put(id, at, order, { problem: 'status "Melted" has no meaning' });
    },
    stop: async () => undefined,
  };
});

channelOrdersContract('Walmart over HTTP', async () => {
  const { account, client, stop } = await startWalmart();
  const orderOf = (id: string) => account.orders.get(id) as StoredOrder;
  return {
    orders: walmartOrders(client, { ...loadWalmartWords(), itemPriceOf: 'unit' }),
    sell: (id, at, quantity) => void buy(account, id, [{ sku: '71053', quantity, price: 3.39 }], at.getTime()),
    cancel(id, at, units) {
      const order = orderOf(id);
      const [line] = order.lines;
      line?.statuses.splice(0, 9, { status: 'Cancelled', units }, { status: 'Created', units: line.quantity - units });
      order.modifiedAt = at.getTime();
    },
    garble(id) {
      const [status] = orderOf(id).lines[0]?.statuses ?? [];
      if (status) status.status = 'Melted';
    },
    stop,
  };
});

channelOrdersContract('Amazon over HTTP', async () => {
  const { orders, client, stop } = await startAmazonOrders();
  const changed = (id: string, how: Parameters<typeof sold.change>[1], at?: Date) =>
    sold.change(orders.get(id) as sold.StoredOrder, how, at);
  return {
    orders: amazonOrders(client, loadAmazonWords()),
    sell: (id, at, quantity) => void sold.buy(orders, id, [{ sku: '71053', quantity, price: '3.39' }], at),
    cancel(id, at, units) {
      changed(id, ({ orderItems }) => void orderItems.map((item) => sold.cancel(item, units)), at);
    },
    garble(id) {
      const at = new Date((orders.get(id) as sold.StoredOrder).order.lastUpdatedTime);
      changed(id, ({ fulfillment }) => Object.assign(fulfillment, { fulfillmentStatus: 'MELTED' }), at);
    },
    stop,
  };
});
