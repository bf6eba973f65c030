import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { applyAnswers, buy, cancelledOf, type StoredOrder, toJson } from '../../../systems/mirakl/simulator/shop.ts';
import { type MiraklWorld, startMirakl } from '../../../test/helpers/mirakl.ts';
import type { ChannelNotice, NoticeLine } from '../port.ts';
import { miraklChannelOrders, miraklChannelSystem } from './mirakl.ts';
import { readMiraklOrder } from './mirakl-order.ts';
import { loadMiraklWords, type MiraklWords, ourReason } from './mirakl-words.ts';

const words: MiraklWords = { ...loadMiraklWords(), quantityIs: 'bought' };
const { signal } = new AbortController();
let world: MiraklWorld | null = null;
afterEach(async () => {
  await world?.stop();
  world = null;
});

const orderOf = (change: (order: StoredOrder) => void = () => {}) => {
  const order = buy({ orders: new Map(), shipments: [], applies: true, reasons: [] }, 'C1-A', [{ sku: '71053', quantity: 2, price: 4.07 }]);
  change(order);
  return toJson(order);
}; // biome-ignore format: one thought

describe('an order of Mirakl', () => {
  it('is read in our words', () => {
    expect(readMiraklOrder(words, orderOf())).toEqual({
      kind: 'READ',
      order: {
        currencyCode: 'EUR',
        customer: { email: '4f2a@notification.example', name: 'Ada Buyer' },
        address: { name: 'Ada Buyer', line1: '1 rue Haute', line2: null, city: 'Lyon', region: null, postalCode: '69001', countryCode: 'FR', phone: '+33400000000' },
        serviceLevel: 'STANDARD',
        lines: [{ channelLineId: 'C1-A-1', sku: '71053', quantity: 2, cancelled: 0, sent: 0, cancelReason: 'OTHER', unitPrice: '4.07' }],
      },
    }); // biome-ignore format: one order
  });

  it.each<[string, (order: StoredOrder) => void, RegExp]>([
    ['a state', ({ lines }) => Object.assign(lines[0] ?? {}, { state: 'Melted' }), /^line C1-A-1: order_line_state: "Melted" is not in config\/mirakl.yaml$/],
    ['a way of shipping', ({ head }) => Object.assign(head, { shipping_type_code: 'DRONE' }), /shipping_type_code: "DRONE"/],
    ['a currency', ({ head }) => Object.assign(head, { currency_iso_code: 'XTS' }), /currency_iso_code: "XTS"/],
    ['prices without tax', ({ head }) => Object.assign(head, { order_tax_mode: 'TAX_EXCLUDED' }), /order_tax_mode: "TAX_EXCLUDED"/],
    ['fractions of a cent', ({ lines }) => Object.assign(lines[0] ?? {}, { priceUnit: 1.005 }), /fractions of a cent/],
    ['no address while it waits for us', ({ head }) => Object.assign(head, { customer: { shipping_address: null } }), /takeOn .* has to be debit/],
    ['a text that could be a person', ({ head }) => Object.assign(head, { shipping_type_code: 'Leave it with Ada, 1 Main St.' }), /^shipping_type_code: its value is not/],
    ['lines of the same name', ({ lines }) => void lines.push({ ...(lines[0] as StoredOrder['lines'][number]) }), /same order_line_id/],
  ])('with %s that has no meaning is not guessed at', (_, change, problem) => {
    expect(readMiraklOrder(words, orderOf(change))).toEqual({ kind: 'UNREADABLE', problem: expect.stringMatching(problem) });
  }); // biome-ignore format: a table

  it('whose price is not that of its units is not guessed at', () => {
    const order = orderOf() as { order_lines: { price: number }[] };
    for (const line of order.order_lines) line.price = 4.07;
    expect(readMiraklOrder(words, order)).toMatchObject({ kind: 'UNREADABLE', problem: expect.stringMatching(/price is not price_unit times quantity/) }); // biome-ignore format: one thought
  });

  it('waits while it is not ours yet, or while its address comes with the debit', () => {
    const at = (state: string, head = {}) => orderOf((order) => { for (const line of order.lines) line.state = state; Object.assign(order.head, head); }); // biome-ignore format: one thought
    expect(readMiraklOrder(words, at('STAGING'))).toEqual({ kind: 'WAITING' });
    expect(readMiraklOrder(words, at('WAITING_DEBIT', { customer: null }))).toEqual({ kind: 'WAITING' });
    const debited = { ...words, takeOn: 'debit' as const };
    for (const state of ['WAITING_ACCEPTANCE', 'WAITING_DEBIT_PAYMENT']) expect(readMiraklOrder(debited, at(state))).toEqual({ kind: 'WAITING' }); // biome-ignore format: one thought
    expect(readMiraklOrder(debited, at('SHIPPING'))).toMatchObject({ kind: 'READ' });
  });

  it('with cancelled units has those that were bought, by what config says', () => {
    const order = orderOf(({ lines }) => void lines[0]?.cancelations.push({ quantity: 1, amount: 4.07, reason_code: 'OUT_OF_STOCK' })); // biome-ignore format: one thought
    const line = (quantityIs: MiraklWords['quantityIs']) => readMiraklOrder({ ...words, quantityIs }, order);
    expect(line('bought')).toMatchObject({ order: { lines: [{ quantity: 2, cancelled: 1, cancelReason: 'OUT_OF_STOCK' }] } }); // biome-ignore format: one thought
    expect(line('left')).toMatchObject({ order: { lines: [{ quantity: 3, cancelled: 1 }] } });
    expect(line('undecided')).toMatchObject({ kind: 'UNREADABLE', problem: expect.stringMatching(/quantityIs of config\/mirakl.yaml is undecided/) }); // biome-ignore format: one thought
  });
});

describe('a marketplace on Mirakl that is told', () => {
  const line = (quantity: number, lineId = '1'): NoticeLine => ({ lineId, channelLineId: `C1-A-${lineId}`, sku: 'A', ordered: 3, quantity }); // biome-ignore format: one line
  const head = (step: string) => ({ noticeId: `o:${step}`, channelCode: 'MIRAKL', orderId: 'o', orderNumber: '1', channelOrderId: 'C1-A' }); // biome-ignore format: one line
  const acknowledgement: ChannelNotice = { ...head('acknowledge'), kind: 'ACKNOWLEDGEMENT', lines: [line(3)] };
  const shipment = (step: string, units: number, packages = [{ carrier: 'UPS', trackingNumber: `1Z-${step}` }]): ChannelNotice => ({ ...head(step), kind: 'SHIPMENT', shippedAt: '2026-11-27T09:00:00.000Z', lines: [line(units)], packages }); // biome-ignore format: one line
  const refund = (step: string, amount: string): ChannelNotice => ({ ...head(step), kind: 'REFUND', currencyCode: 'EUR', amount, lines: [{ ...line(1), amount }] }); // biome-ignore format: one line

  async function open(how: Partial<MiraklWords> = {}, tax?: number) {
    world = await startMirakl();
    const order = buy(world.shop, 'C1-A', [{ sku: 'A', quantity: 3, price: 10, ...(tax === undefined ? {} : { tax }) }]); // biome-ignore format: one thought
    return { ...world, order, channel: miraklChannelSystem(world.client, { ...words, ...how }) };
  }

  it('has not taken an acknowledgement that it only accepted', async () => {
    const { shop, order, channel } = await open();
    shop.applies = false;
    await expect(channel.tell(acknowledgement, signal, [])).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE', details: { reason: 'NOT_APPLIED' } }); // biome-ignore format: one thought
    applyAnswers(order);
    await channel.tell(acknowledgement, signal, []);
    expect(order.lines.map(({ state }) => state)).toEqual(['SHIPPING']);
  });

  it('is not told of a shipment before the buyer is debited', async () => {
    const { shop, order, channel } = await open();
    for (const one of order.lines) one.state = 'WAITING_DEBIT';
    await expect(channel.tell(shipment('s1', 3), signal, [])).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE', details: { reason: 'NOT_DEBITED' } }); // biome-ignore format: one thought
    for (const one of order.lines) one.state = 'SHIPPING';
    await channel.tell(shipment('s1', 3), signal, []);
    expect(shop.shipments).toMatchObject([{ tracking: { carrier_name: 'UPS', tracking_number: '1Z-s1' } }]);
  });

  it('hears of each parcel with its units, of a registered carrier by its code', async () => {
    const { shop, channel } = await open({ carriers: { UPS: 'ups-fr' } });
    const packages = [{ carrier: 'UPS', trackingNumber: '1', contents: [{ sku: 'A', quantity: 2 }] }, { carrier: 'Van', trackingNumber: '2', contents: [{ sku: 'A', quantity: 1 }] }]; // biome-ignore format: one thought
    await channel.tell(shipment('s1', 3, packages), signal, []);
    expect(shop.shipments).toMatchObject([
      { tracking: { carrier_code: 'ups-fr' }, shipment_lines: [{ quantity: 2 }] },
      { tracking: { carrier_name: 'Van' }, shipment_lines: [{ quantity: 1 }] },
    ]);
  });

  it('that knows no shipments of parts hears of the order once all of it is sent', async () => {
    const { order, channel, mirakl } = await open({ parcels: 'order' });
    await channel.tell(acknowledgement, signal, []);
    const [first, second] = [shipment('s1', 2), shipment('s2', 1)];
    await channel.tell(first, signal, [acknowledgement]);
    expect(order.lines.map(({ state }) => state)).toEqual(['SHIPPING']);
    await channel.tell(second, signal, [acknowledgement, first]);
    await channel.tell(second, signal, [acknowledgement, first]);
    expect(order.lines.map(({ state }) => state)).toEqual(['SHIPPED']);
    expect(mirakl.answers).toMatchObject({ '204 OR23': 1, '204 OR24': 1 });
  });

  it('gets refunds to the cent, each once, with the share of the tax that adds up', async () => {
    const { order, channel } = await open({}, 5.01);
    const told: ChannelNotice[] = [];
    for (const notice of [shipment('s1', 3), refund('r1', '10.00'), refund('r2', '10.00'), refund('r3', '10.00')]) {
      await channel.tell(notice, signal, told);
      await channel.tell(notice, signal, told);
      told.push(notice);
    }
    expect(order.lines[0]?.refunds.map(({ amount }) => amount)).toEqual([10, 10, 10]);
    await expect(channel.tell(refund('r4', '0.01'), signal, told)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
  });

  it('refuses the order that is cancelled before it was taken on, and cancels units of one that was', async () => {
    const first = await open();
    const cancellation = (units: number): ChannelNotice => ({ ...head('cancel'), kind: 'CANCELLATION', reason: 'CUSTOMER_REQUEST', lines: [line(units)] }); // biome-ignore format: one line
    await first.channel.tell(cancellation(3), signal, []);
    expect(first.order.lines.map(({ state }) => state)).toEqual(['REFUSED']);
    await first.stop();
    const { order, channel } = await open();
    await channel.tell(cancellation(1), signal, []);
    expect(order.lines.map((one) => [one.state, cancelledOf(one), one.cancelations[0]?.reason_code])).toEqual([['SHIPPING', 1, 'CUSTOMER_CANCELATION']]); // biome-ignore format: one thought
  });

  it('says when an order was changed: what is older is not taken for news', async () => {
    const { client, order } = await open();
    order.updatedAt = new Date('2026-11-27T10:00:00Z');
    const orders = miraklChannelOrders(client, words);
    for await (const page of orders.changedSince(new Date(0), signal))
      expect(page[0]?.changedAt).toEqual(order.updatedAt);
  });
});

describe('config/mirakl.yaml', () => {
  it('leads there and back', () => {
    const there = Object.entries(words.cancelReasons);
    const first = (theirs: string) => there.find(([, word]) => word === theirs)?.[0];
    expect(there.map(([, theirs]) => ourReason(words, theirs))).toEqual(there.map(([, theirs]) => first(theirs)));
    expect(ourReason(words, 'A_REASON_OF_ITS_OWN')).toBe('OTHER');
    for (const table of [words.methods, words.countries]) expect(new Set(Object.values(table)).size).toBe(Object.keys(table).length); // biome-ignore format: one thought
  });

  it('is refused with every place that is wrong', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'words-')), 'mirakl.yaml');
    writeFileSync(file, 'version: 1\nstates: { SHIPPED: MELTED }\ncountries: { FRA: France }\n');
    expect(() => loadMiraklWords(file)).toThrow(/states.SHIPPED: .*; takeOn: .*; countries.FRA: expected two capitals/);
  });
});
