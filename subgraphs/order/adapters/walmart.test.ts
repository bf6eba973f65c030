import { describe, expect, it } from '@jest/globals';
import { publishedBody, publishedOrders } from '../../../test/helpers/walmart.ts';
import { readWalmartOrder } from './walmart-order.ts';
import { loadWalmartWords, ourReason } from './walmart-words.ts';

const words = loadWalmartWords();
type Json = Record<string, unknown>;

/** Every order in the examples of the model, as it is published. */
function publishedExamples(): Json[] {
  const found: Json[] = [];
  const look = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(look);
    else if (typeof value === 'object' && value !== null) {
      if ('purchaseOrderId' in value && 'shippingInfo' in value) found.push(value as Json);
      else Object.values(value).forEach(look);
    }
  };
  for (const methods of Object.values(publishedOrders.paths))
    for (const { responses } of Object.values(methods)) look(Object.values(responses).map(({ content }) => [content['application/json'].example, content['application/json'].examples])); // biome-ignore format: one thought
  return found;
}

const example = () => structuredClone(publishedExamples().find(({ purchaseOrderId }) => purchaseOrderId === '1796277083022')) as Json & { shippingInfo: Json; orderLines: { orderLine: Json[] } }; // biome-ignore format: one line
const lineOf = (order: ReturnType<typeof example>) => order.orderLines.orderLine[0] as Json;

describe("Walmart's published examples", () => {
  it('are all read', () => {
    const readings = publishedExamples().map((order) => readWalmartOrder(words, order));
    expect(readings.length).toBeGreaterThan(20);
    expect(readings.filter(({ kind }) => kind === 'UNREADABLE')).toEqual([]);
  });

  it('become orders in our words', () => {
    expect(readWalmartOrder(words, publishedExamples().find(({ purchaseOrderId }) => purchaseOrderId === '1815367951431'))).toEqual({
      kind: 'READ',
      order: {
        currencyCode: 'USD',
        customer: { email: '7D9F02968955480499C84C5871AD1401@relay.walmart.com', name: 'Donald Ashley' },
        address: { name: 'Donald Ashley', line1: '6600 gazebo drive', line2: null, city: 'Cedar hill', region: 'MO', postalCode: '63016', countryCode: 'US', phone: '3143450432' },
        serviceLevel: 'VALUE',
        lines: [{ channelLineId: '1', sku: 'YHY-FN25200B2', quantity: 1, cancelled: 0, sent: 1, cancelReason: 'CUSTOMER_REQUEST', unitPrice: '5.00' }],
      },
    }); // biome-ignore format: one order
  });

  it.each(['shipping', 'cancel', 'refund'] as const)('of %s are right by the schema of the message, and wrong by the one that the model names', (message) => {
    const body = publishedOrders.paths[`/v3/orders/{purchaseOrderId}/${message}`]?.post?.requestBody;
    const { example: sent } = body?.content['application/json'] ?? {};
    expect(publishedBody(message)(sent)).toBe(true);
    if (message === 'shipping') expect(publishedBody(message, 'RefundLinesType')(sent)).toBe(false);
  }); // biome-ignore format: one thought
});

describe('an order of Walmart', () => {
  it('is read where single entries come without their list, and moments and counts as text', () => {
    const order = example();
    const line = lineOf(order);
    const { orderLineStatus } = line.orderLineStatuses as { orderLineStatus: unknown[] };
    Object.assign(order, { orderDate: String(order.orderDate), purchaseOrderId: Number(order.purchaseOrderId) });
    line.orderLineStatuses = { orderLineStatus: orderLineStatus[0] };
    line.charges = { charge: (line.charges as { charge: unknown[] }).charge[0] };
    (order as Json).orderLines = { orderLine: line };
    expect(readWalmartOrder(words, order)).toEqual(readWalmartOrder(words, example()));
  });

  it('has the decimal price that was written, not what binary makes of it', () => {
    for (const [amount, unitPrice] of [
      [0.07, '0.07'],
      [1.1, '1.10'],
      [4503.99, '4503.99'],
    ] as const) {
      // biome-ignore format: a table
      const order = example();
      lineOf(order).charges = costing(amount);
      expect(readWalmartOrder(words, order)).toMatchObject({ order: { lines: [{ unitPrice }] } });
    }
  });

  const units = (amount: string, unitOfMeasurement = 'EACH') => ({ unitOfMeasurement, amount });
  const inStatus = (status: string, amount: string) => ({
    orderLineStatus: [{ status, statusQuantity: units(amount) }],
  });
  const costing = (amount: number) => ({
    charge: [{ chargeType: 'PRODUCT', chargeAmount: { currency: 'USD', amount } }],
  });

  it.each<[string, { readonly shipping?: Json; readonly line?: Json }, RegExp]>([
    ['a status', { line: { orderLineStatuses: inStatus('Melted', '1') } }, /^line 4: status: "Melted" is not in config\/walmart.yaml$/],
    ['a method', { shipping: { methodCode: 'Drone' } }, /methodCode: "Drone"/],
    ['a country', { shipping: { postalAddress: { address1: '1', city: 'York', country: 'GBR' } } }, /country: "GBR"/],
    ['a unit', { line: { orderLineQuantity: units('1', 'CASE') } }, /unitOfMeasurement: "CASE"/],
    ['fractions of a cent', { line: { charges: costing(1.005) } }, /has fractions of a cent/],
    ['an amount beyond all measure', { line: { charges: costing(90071992547409) } }, /too large/],
    ['a price below zero', { line: { charges: costing(-1) } }, /^line 4: the price is below zero/],
    ['a text that could be a person', { shipping: { methodCode: 'Leave it with Ada, 1 Main St.' } }, /^shippingInfo.methodCode: its value is not/],
    ['several units while nobody said what their price is', { line: { orderLineQuantity: units('2'), orderLineStatuses: inStatus('Created', '2') } }, /itemPriceOf of config\/walmart.yaml is undecided/],
    ['units that do not add up', { line: { orderLineQuantity: units('2') } }, /do not add up/],
    ['no address', { shipping: { postalAddress: undefined } }, /^shippingInfo.postalAddress is not as expected/],
  ])('with %s that has no meaning is not guessed at', (_, { shipping = {}, line = {} }, problem) => {
    const order = example();
    Object.assign(order.shippingInfo, shipping);
    Object.assign(lineOf(order), line);
    expect(readWalmartOrder(words, order)).toEqual({ kind: 'UNREADABLE', problem: expect.stringMatching(problem) });
  }); // biome-ignore format: a table

  it('of several units has the price of one, by what config says', () => {
    const order = example();
    Object.assign(lineOf(order), { orderLineQuantity: units('2', 'EA'), orderLineStatuses: inStatus('Created', '2') });
    const price = (itemPriceOf: 'unit' | 'line') => readWalmartOrder({ ...words, itemPriceOf }, order);
    expect(price('unit')).toMatchObject({ order: { lines: [{ quantity: 2, unitPrice: '10.00' }] } });
    expect(price('line')).toMatchObject({ order: { lines: [{ quantity: 2, unitPrice: '5.00' }] } });
  });
});

describe('config/walmart.yaml', () => {
  it('leads there and back', () => {
    const there = Object.entries(words.cancelReasons);
    const back = there.map(([, theirs]) => ourReason(words, theirs));
    // Walmart has no word for OTHER: it comes back as the reason whose word it is told with.
    expect(back).toEqual(there.map(([ours]) => (ours === 'OTHER' ? 'OUT_OF_STOCK' : ours)));
    for (const table of [words.methods, words.countries]) expect(new Set(Object.values(table)).size).toBe(Object.keys(table).length); // biome-ignore format: one thought
  });

  it('has every word of the published model, and tells no other', () => {
    const { schemas } = publishedOrders.components as { schemas: Record<string, { properties: Record<string, { enum: string[] }> }> }; // biome-ignore format: one line
    const published = (schema: string, field: string) => schemas[schema]?.properties[field]?.enum ?? [];
    expect(Object.keys(words.statuses).sort()).toEqual(published('OrderLineStatusType', 'status').sort());
    expect(Object.keys(words.methods).sort()).toEqual(published('ShippingInfoType', 'methodCode').sort());
    expect(words.pieces.sort()).toEqual(published('QuantityType', 'unitOfMeasurement').sort());
    const told = { cancellationReason: Object.values(words.cancelReasons), carrier: Object.values(words.carriers), refundReason: [words.refundReason] }; // biome-ignore format: one line
    expect(published('CancelLineStatusType', 'cancellationReason')).toEqual(expect.arrayContaining(told.cancellationReason)); // biome-ignore format: one line
    expect(published('CarrierNameType', 'carrier')).toEqual(expect.arrayContaining(told.carrier));
    expect(published('RefundChargeType', 'refundReason')).toEqual(expect.arrayContaining(told.refundReason));
  });
});
