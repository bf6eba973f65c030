import { describe, expect, it } from '@jest/globals';
import { amazonOrder } from '../../../systems/amazon/orders-wire.ts';
import { AMAZON_RATES } from '../../../systems/amazon/rates.ts';
import { buy, change, type OrderJson } from '../../../systems/amazon/simulator/orders.ts';
import { publishedOrders, publishedOrdersV0, publishedSchema, startAmazonOrders } from '../../../test/helpers/amazon.ts'; // biome-ignore format: one line
import type { ChannelNotice, FetchedOrder } from '../port.ts';
import { amazonChannel, amazonOrders } from './amazon.ts';
import { readAmazonOrder } from './amazon-order.ts';
import { loadAmazonWords } from './amazon-words.ts';

const words = loadAmazonWords();
const { signal } = new AbortController();
type Json = Record<string, unknown>;

/** Every order in the examples of the model, as it is published. */
const published = Object.values(publishedOrders.paths)
  .flatMap(({ get }) => Object.values(get?.responses ?? {}))
  .flatMap((answer) => answer['x-amzn-api-sandbox']?.static ?? [])
  .flatMap(({ response }) => {
    const { orders = [], order } = response as { orders?: Json[]; order?: Json };
    return order ? [...orders, order] : orders;
  });
const example = (orderId: string) => published.find((order) => order.orderId === orderId);

describe("Amazon's published examples", () => {
  it('are all understood: read, left to Amazon, or set aside for a program that config says to ask about', () => {
    expect(published).toHaveLength(6);
    expect(published.map((order) => amazonOrder.safeParse(order).success)).toEqual(published.map(() => true));
    expect(Object.fromEntries(published.map((order) => [order.orderId, readAmazonOrder(words, order).kind]))).toEqual({
      '250-1234567-8901234': 'WAITING',
      '202-7654321-1098765': 'READ',
      '171-2345678-9012345': 'UNREADABLE',
      '171-9876543-2109876': 'READ',
      '028-1234567-8901234': 'READ',
      '114-9876543-1234567': 'UNREADABLE',
    });
    expect(readAmazonOrder(words, example('114-9876543-1234567'))).toMatchObject({ problem: expect.stringMatching(/^programs: IN_STORE_PICK_UP is ASK/) }); // biome-ignore format: one thought
  });

  it('become orders in our words', () => {
    expect(readAmazonOrder(words, example('171-9876543-2109876'))).toEqual({
      kind: 'READ',
      order: {
        currencyCode: 'BRL',
        customer: { email: 'buyer-email@marketplace.amazon.com.br', name: 'Maria Silva Santos' },
        address: { name: 'Maria Silva Santos', line1: 'Rua das Flores, 123', line2: 'Apartamento 45', city: 'São Paulo', region: 'SP', postalCode: '01234-567', countryCode: 'BR', phone: '+55 11 98765-4321' },
        serviceLevel: 'STANDARD',
        lines: [{ channelLineId: '17198765432109', sku: 'ECHO-DOT-4-BR-PRETO', quantity: 1, cancelled: 0, sent: 0, cancelReason: 'CUSTOMER_REQUEST', unitPrice: '299.90' }],
      },
    }); // biome-ignore format: one order
  });

  it('of a message are right by its schema, which refuses another', () => {
    const body = publishedSchema(publishedOrdersV0, 'ConfirmShipmentRequest');
    const { responses } = publishedOrdersV0.paths['/orders/v0/orders/{orderId}/shipmentConfirmation']?.post ?? {};
    const [told] = responses?.[204]?.['x-amzn-api-sandbox']?.static ?? [];
    expect(body(told?.request.parameters.body?.value)).toBe(true);
    expect(body({ marketplaceId: 'A', packageDetail: { carrierCode: 'UPS' } })).toBe(false);
  });

  it('of rates are those that are kept', () => {
    const paths = { searchOrders: [publishedOrders, '/orders/2026-01-01/orders', 'get'], getOrder: [publishedOrders, '/orders/2026-01-01/orders/{orderId}', 'get'], confirmShipment: [publishedOrdersV0, '/orders/v0/orders/{orderId}/shipmentConfirmation', 'post'] } as const; // biome-ignore format: a table
    for (const [operation, [model, path, method]] of Object.entries(paths)) {
      const { description = '' } = (model.paths[path]?.[method] ?? {}) as { description?: string };
      const { perSecond, burst } = AMAZON_RATES[operation as keyof typeof AMAZON_RATES];
      expect(description).toMatch(new RegExp(`\\| ${perSecond} \\| ${burst} \\|`));
    }
  });
});

describe('an order of Amazon', () => {
  const sold = (how: (order: OrderJson) => void): FetchedOrder['reading'] => {
    const { order } = buy(new Map(), '026-1', [{ sku: 'A', quantity: 3, price: '5.90' }]);
    how(order);
    return readAmazonOrder(words, order);
  };
  const item = ({ orderItems }: OrderJson) => orderItems[0] as OrderJson['orderItems'][number];

  it('that is not paid has no price and no address, and waits', () => {
    const reading = sold((order) => {
      order.fulfillment.fulfillmentStatus = 'PENDING';
      delete order.recipient;
      delete item(order).product.price;
    });
    expect(reading).toEqual({ kind: 'WAITING' });
  });

  it('that is cancelled has nothing left to be sent, whatever it counts', () => {
    const cancelled = sold((order) => {
      order.fulfillment.fulfillmentStatus = 'CANCELLED';
      item(order).cancellation = { cancellationExecution: { cancelledBy: 'AMAZON' } };
      delete order.recipient;
    });
    expect(cancelled).toMatchObject({ order: { address: null, lines: [{ quantity: 3, cancelled: 3, cancelReason: 'OTHER' }] } }); // biome-ignore format: one thought
    const emptied = sold((order) => {
      order.fulfillment.fulfillmentStatus = 'CANCELLED';
      Object.assign(item(order), { quantityOrdered: 0, fulfillment: { quantityFulfilled: 0, quantityUnfulfilled: 0 } });
    });
    expect(emptied).toMatchObject({ order: { lines: [{ quantity: 0, cancelled: 0, sent: 0 }] } });
  });

  it('has as many digits as its currency', () => {
    const yen = sold((order) => void Object.assign(item(order).product.price ?? {}, { unitPrice: { amount: '5980.00', currencyCode: 'JPY' } })); // biome-ignore format: one thought
    expect(yen).toMatchObject({ order: { currencyCode: 'JPY', lines: [{ unitPrice: '5980' }] } });
  });

  it('names a company beside the street, and is sent to the first line that says something', () => {
    const reading = sold((order) => {
      order.recipient = { deliveryAddress: { ...order.recipient?.deliveryAddress, companyName: 'Lovelace Ltd', addressLine1: '', addressLine2: '2 Low Street' } }; // biome-ignore format: one thought
    });
    expect(reading).toMatchObject({ order: { address: { line1: 'Lovelace Ltd', line2: '2 Low Street' } } });
  });

  it.each<[string, (order: OrderJson) => void, RegExp]>([
    ['a status', ({ fulfillment }) => void Object.assign(fulfillment, { fulfillmentStatus: 'MELTED' }), /^fulfillmentStatus: "MELTED" is not in config\/amazon.yaml$/],
    ['a sender', ({ fulfillment }) => void Object.assign(fulfillment, { fulfilledBy: 'SOMEBODY' }), /fulfilledBy: "SOMEBODY"/],
    ['a method', ({ fulfillment }) => void Object.assign(fulfillment, { fulfillmentServiceLevel: 'DRONE' }), /"DRONE"/],
    ['a program', ({ programs }) => void programs.push('MOON'), /programs: "MOON"/],
    ['a text that could be a person', ({ fulfillment }) => void Object.assign(fulfillment, { fulfillmentServiceLevel: 'Leave it with Ada, 1 Main St.' }), /^fulfillmentServiceLevel: its value is not/],
    ['fractions of a penny', (order) => void Object.assign(item(order).product, { price: { unitPrice: { amount: '1.005', currencyCode: 'GBP' } } }), /./],
    ['a price below zero', (order) => void Object.assign(item(order).product, { price: { unitPrice: { amount: '-1.00', currencyCode: 'GBP' } } }), /below zero/],
    ['no price', (order) => void delete item(order).product.price, /has a price/],
    ['units that do not add up', (order) => void Object.assign(item(order).fulfillment, { quantityFulfilled: 1 }), /more units are sent and to be sent/],
    ['no address', (order) => void delete order.recipient, /deliveryAddress is missing: the application may lack the role/],
    ['a country', (order) => void Object.assign(order.recipient?.deliveryAddress ?? {}, { countryCode: 'Britain' }), /countryCode is no country/],
    ['no SKU', (order) => void Object.assign(item(order).product, { sellerSku: '' }), /it has no sellerSku/],
  ])('with %s that has no meaning is not guessed at', (_, how, problem) => {
    expect(sold(how)).toEqual({ kind: 'UNREADABLE', problem: expect.stringMatching(problem) });
  }); // biome-ignore format: a table

  it('comes with its age, also as it was before its last change', async () => {
    const world = await startAmazonOrders();
    const at = new Date(Date.now() - 3_600_000);
    const stored = buy(world.orders, '1', [{ sku: 'A', quantity: 3, price: '1.00' }], at);
    change(stored, ({ programs }) => void programs.push('PRIME'), new Date(at.getTime() + 60_000));
    const ages = async () => {
      const found: (number | undefined)[] = [];
      for await (const page of amazonOrders(world.client, words).changedSince(at, signal)) found.push(...page.map(({ changedAt }) => changedAt?.getTime())); // biome-ignore format: one thought
      return found;
    };
    expect(await ages()).toEqual([at.getTime() + 60_000]);
    stored.isStale = true;
    expect(await ages()).toEqual([at.getTime()]);
    await world.stop();
  });
});

describe('a shipment that Amazon is told of', () => {
  const line = (lineId: string, sku: string, quantity: number) => ({ lineId, channelLineId: lineId, sku, ordered: quantity, quantity }); // biome-ignore format: one thought
  const notice: ChannelNotice = {
    noticeId: 'ord_1:ship:1',
    channelCode: 'AMAZON',
    orderId: 'ord_1',
    orderNumber: '100001',
    channelOrderId: '026-1',
    kind: 'SHIPMENT',
    shippedAt: '2026-11-27T09:00:00.000Z',
    lines: [line('a', 'A', 2), line('b', 'B', 1)],
    packages: [
      { carrier: 'royal_mail', trackingNumber: 'RM1', contents: [{ sku: 'A', quantity: 1 }] },
      { carrier: 'PIGEON', trackingNumber: 'P2', contents: [{ sku: 'A', quantity: 1 }, { sku: 'B', quantity: 1 }] },
    ],
  }; // biome-ignore format: one notice

  it('is confirmed parcel by parcel in its words; one whose answer was lost is confirmed once', async () => {
    const world = await startAmazonOrders();
    const { order } = buy(world.orders, '026-1', [{ id: 'a', sku: 'A', quantity: 2, price: '1.00' }, { id: 'b', sku: 'B', quantity: 1, price: '1.00' }]); // biome-ignore format: one thought
    const channel = amazonChannel(world.client, words);
    world.server.loseAnswers(1);
    await expect(channel.tell(notice, signal, [])).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' });
    expect(order.packages).toHaveLength(1);
    await channel.tell(notice, signal, []);
    await channel.tell(notice, signal, []);
    expect(order.packages).toEqual([
      { packageReferenceId: expect.stringMatching(/^[1-9]\d{0,11}$/), carrier: 'Royal Mail', shipTime: notice.shippedAt, trackingNumber: 'RM1', packageItems: [{ orderItemId: 'a', quantity: 1 }] },
      { packageReferenceId: expect.stringMatching(/^[1-9]\d{0,11}$/), carrier: 'PIGEON', shipTime: notice.shippedAt, trackingNumber: 'P2', packageItems: [{ orderItemId: 'a', quantity: 1 }, { orderItemId: 'b', quantity: 1 }] },
    ]); // biome-ignore format: a table
    expect(order.fulfillment.fulfillmentStatus).toBe('SHIPPED');
    expect(world.server.answers['204 POST /orders/v0/orders/{id}/shipmentConfirmation']).toBe(2);
    await world.stop();
  });

  it.each([
    ['no parcel', { packages: [] }, 'NO_TRACKING_NUMBER'],
    ['an item that is not in the order', { lines: [line('c', 'C', 1)] }, 'INVALID_LINE'],
  ])('with %s is refused', async (_, changes, systemCode) => {
    const world = await startAmazonOrders();
    buy(world.orders, '026-1', [{ id: 'a', sku: 'A', quantity: 2, price: '1.00' }, { id: 'b', sku: 'B', quantity: 1, price: '1.00' }]); // biome-ignore format: one thought
    await expect(amazonChannel(world.client, words).tell({ ...notice, ...changes } as ChannelNotice, signal, [])).rejects.toMatchObject({ code: 'SYSTEM_REJECTED', details: { systemCode } }); // biome-ignore format: one thought
    await world.stop();
  });
});

describe('config/amazon.yaml', () => {
  it('has every word of the published model, and leads there and back', () => {
    const definitions = publishedOrders.definitions as Record<string, { enum?: string[]; properties?: Record<string, { description: string }> }>; // biome-ignore format: one line
    // Open lists are in the texts: the words after "Possible values".
    const listed = (definition: string, field: string) =>
      [...(definitions[definition]?.properties?.[field]?.description.split('Possible values')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, word]) => word); // biome-ignore format: one thought
    expect(Object.keys(words.statuses).sort()).toEqual([...(definitions.FulfillmentStatus?.enum ?? [])].sort());
    expect(Object.keys(words.fulfilledBy).sort()).toEqual(listed('OrderFulfillment', 'fulfilledBy').sort());
    expect(Object.keys(words.methods).sort()).toEqual(listed('OrderFulfillment', 'fulfillmentServiceLevel').sort());
    expect(Object.keys(words.programs).sort()).toEqual(listed('Order', 'programs').sort());
    expect(Object.keys(words.cancelledBy).sort()).toEqual(listed('ItemCancellationExecution', 'cancelledBy').sort());
    for (const table of [words.methods, words.carriers]) expect(new Set(Object.values(table)).size).toBe(Object.keys(table).length); // biome-ignore format: one thought
  });
});
