import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { query } from '../../../platform/db/query.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { stockCatalogue } from '../../../test/helpers/catalogue.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { callerOf } from '../../../test/helpers/subgraph.ts';
import { applyLevels } from '../../inventory/projection.ts';
import { stockUp } from '../../inventory/sample-stock.ts';
import { createExceptionDesk, type ExceptionDesk, loadOwnership } from '../../operations/index.ts';
import { memoryChannelOrders } from '../adapters/memory-channel-orders.ts';
import { cancelOrder } from '../commands/cancel.ts';
import { type Capture, createCapture, createOrderBook, type OrderBook, placeRefused } from '../index.ts';
import type { ChannelOrder, ChannelOrderLine } from '../port.ts';
import { createOrderFetch } from './fetch-orders.ts';

const { signal } = new AbortController();
const TIMES = { everySeconds: 60, overlapMinutes: 30, sweepHours: 6, sweepDays: 7 };
const effect = (key: string) => ({ key, traceId: '0'.repeat(32) });

let database: TestDatabase;
let capture: Capture;
let book: OrderBook;
let desk: ExceptionDesk;
let channel: ReturnType<typeof memoryChannelOrders>;
/** Each test has a channel of its own. */
let code: string;
let channels = 0;
let failures: unknown[];

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  const { knex } = database;
  capture = createCapture({ knex });
  book = createOrderBook(knex);
  desk = createExceptionDesk({ knex, owners: loadOwnership() });
  await stockCatalogue(knex, ['LANTERN', 'SCARCE'].map((sku) => ({ sku, title: sku, prices: { WEB: { GBP: 339 } } }))); // biome-ignore format: one thought
  await stockUp(knex, { LANTERN: { EAST: 100_000 }, SCARCE: { EAST: 1 } });
});
afterAll(async () => {
  await capture.close();
  await database.drop();
});
beforeEach(async () => {
  code = `MARKET${++channels}`;
  channel = memoryChannelOrders();
  failures = [];
  await query(database.knex, `insert into integration.channel (code, name, kind, price_list, currency_code, safety_stock) values (?, 'Market', 'MARKETPLACE', 'WEB', 'GBP', 0)`, [code]); // biome-ignore format: one statement
});

const fetcher = (overrides: Partial<Capture> = {}) =>
  createOrderFetch({
    knex: database.knex,
    capture: { ...capture, ...overrides },
    report: desk.raiseIn,
    settle: desk.resolveIn,
    channels: new Map([[code, { orders: channel, times: TIMES }]]),
    onFailure: (error) => void failures.push(error),
  });
const isDue = () =>
  query(database.knex, 'update orders.import_progress set due_at = now() where channel_code = ?', [code]);
/** A round now, whatever was before. */
async function fetchNow(overrides: Partial<Capture> = {}): Promise<void> {
  await isDue();
  expect(await fetcher(overrides).fetchDue(code, signal)).toBe(true);
}
const line = (changes: Partial<ChannelOrderLine> = {}): ChannelOrderLine => ({ channelLineId: '1', sku: 'LANTERN', quantity: 5, cancelled: 0, sent: 0, cancelReason: 'CUSTOMER_REQUEST', unitPrice: '4.10', ...changes }); // biome-ignore format: a table
const orderOf = (lines: readonly ChannelOrderLine[] = [line()], city = 'London'): ChannelOrder => ({
  currencyCode: 'GBP',
  customer: { email: null, name: 'Ada Buyer' },
  address: { line1: '1 High Street', city, countryCode: 'GB' },
  serviceLevel: 'STANDARD',
  lines,
});
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
const put = (id: string, lines?: readonly ChannelOrderLine[], at = minutesAgo(0), problem?: string) =>
  channel.put(id, at, orderOf(lines), { problem });

interface Row { readonly id: string; readonly channelOrderId: string; readonly ordered: number; readonly cancelled: number; readonly lineId: string } // biome-ignore format: one row
const orders = () =>
  query<Row>(
    database.knex,
    `select o.id, o.channel_order_id as "channelOrderId", l.id as "lineId", l.ordered, l.cancelled
     from orders.customer_order o join orders.order_line l on l.order_id = o.id where channel_code = ? order by o.channel_order_id, l.position`,
    [code],
  );
const ids = async () => (await orders()).map(({ channelOrderId }) => channelOrderId);
const exceptions = () =>
  query<{ operation: string; state: string; message: string; attempts: number; orderId: string | null; by: string; set: string }>(
    database.knex,
    `select operation, state, message, attempts, order_id as "orderId", set_aside_by as by, set_aside_id as set
     from integration.exception where channel_code = ? order by opened_at, operation`,
    [code],
  ); // biome-ignore format: one statement
const rawOf = async (id: string) =>
  (await query<{ raw: string | null }>(database.knex, 'select raw from orders.fetched_order where channel_code = ? and channel_order_id = ?', [code, id]))[0]?.raw; // biome-ignore format: one thought
const first = async () => (await orders())[0] as Row;
async function shipped(units: number): Promise<void> {
  const { id, lineId } = await first();
  await book.accept(id, { deskNumber: 'D1', acknowledgedAt: new Date() }, effect('accept'));
  await book.ship(id, [{ lineId, quantity: units }], effect('ship'));
}

describe('orders that are fetched', () => {
  it('are placed once each, by however many workers and rounds', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) put(id, [line(), line({ channelLineId: '2', quantity: 1 })]);
    await Promise.all([fetcher().fetchDue(code, signal), fetcher().fetchDue(code, signal)]);
    await fetchNow();
    await fetchNow();
    expect(await ids()).toEqual(['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd', 'e', 'e']);
    expect(await exceptions()).toEqual([]);
    const [order] = await query<Record<string, unknown>>(database.knex, `select c.status, l.channel_line_id, l.unit_price_minor::int, c.service_level from orders.customer_order c join orders.order_line l on l.order_id = c.id where c.id = ? order by l.position`, [(await first()).id]); // biome-ignore format: one statement
    expect(order).toEqual({ status: 'VALIDATED', channel_line_id: '1', unit_price_minor: 410, service_level: 'STANDARD' }); // biome-ignore format: one thought
  });

  it('are fetched when it is time, and by one worker at a time', async () => {
    expect(await fetcher().fetchDue(code, signal)).toBe(true);
    expect(await fetcher().fetchDue(code, signal)).toBe(false);
    await isDue();
    const both = await Promise.all([fetcher().fetchDue(code, signal), fetcher().fetchDue(code, signal)]);
    expect(both.sort()).toEqual([false, true]);
  });

  it('that the channel shows late are not missed: within the overlap by the next round, older ones by the next sweep', async () => {
    await fetchNow();
    put('late', undefined, minutesAgo(20));
    put('very late', undefined, minutesAgo(300));
    put('too old', undefined, minutesAgo(60 * 24 * 8));
    await fetchNow();
    expect(await ids()).toEqual(['late']);
    await query(database.knex, `update orders.import_progress set swept_at = now() - interval '7 hours' where channel_code = ?`, [code]); // biome-ignore format: one statement
    await fetchNow();
    expect(await ids()).toEqual(['late', 'very late']);
  });

  it('are all fetched after an outage that lasted longer than the overlap', async () => {
    await fetchNow();
    await query(database.knex, `update orders.import_progress set read_until = now() - interval '5 days', swept_at = now() where channel_code = ?`, [code]); // biome-ignore format: one statement
    put('during the outage', undefined, minutesAgo(60 * 24 * 4));
    await fetchNow();
    expect(await ids()).toEqual(['during the outage']);
  });

  it('keep their place when a round breaks off in the middle, and nothing is doubled or left out then', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) put(id);
    let placed = 0;
    const overloaded: Partial<Capture> = {
      place: (caller, input) => {
        if (++placed > 3) throw new CommerceError('OVERLOADED', 'too much');
        return capture.place(caller, input);
      },
    };
    await fetchNow(overloaded);
    expect(await ids()).toEqual(['a', 'b', 'c']);
    const [progress] = await query(database.knex, 'select read_until, failures from orders.import_progress where channel_code = ?', [code]); // biome-ignore format: one statement
    expect(progress).toEqual({ read_until: null, failures: 1 });
    await fetchNow(overloaded);
    expect(await exceptions()).toEqual([]);
    await fetchNow(overloaded);
    expect(await exceptions()).toMatchObject([{ operation: 'fetch-orders', state: 'OPEN', message: expect.stringMatching(/\(OVERLOADED\)/) }]); // biome-ignore format: one thought
    await fetchNow();
    expect(await ids()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await exceptions()).toMatchObject([{ operation: 'fetch-orders', state: 'RESOLVED' }]);
  });

  it('do not keep others from us when one breaks whatever takes it', async () => {
    for (const id of ['a', 'b', 'c']) put(id);
    await fetchNow({
      place: (caller, input) => {
        if (input.channelOrderId === 'b') throw new TypeError('a bug');
        return capture.place(caller, input);
      },
    });
    expect(await ids()).toEqual(['a', 'c']);
    expect(failures).toEqual([new TypeError('a bug')]);
    const [told] = await exceptions();
    expect(told).toMatchObject({ operation: 'read-import', state: 'OPEN', by: 'order:refused-imports' });
    expect(await fetcher().takeAgain(told?.set ?? '')).toEqual({ kind: 'handled' });
    expect(await ids()).toEqual(['a', 'b', 'c']);
    expect(await exceptions()).toMatchObject([{ state: 'RESOLVED' }]);
  });

  it('that say what nobody has given a meaning are kept as they came, and taken when it has one', async () => {
    put('a');
    put('odd', undefined, minutesAgo(1), 'status "Melted" has no meaning');
    await fetchNow();
    await fetchNow();
    expect(await ids()).toEqual(['a']);
    const [told] = await exceptions();
    expect(told).toMatchObject({ operation: 'read-import', attempts: 1, message: expect.stringMatching(/status "Melted"/) }); // biome-ignore format: one thought
    expect(await rawOf('odd')).toMatch(/Ada Buyer/);
    expect(told?.message).not.toMatch(/Ada/);
    await expect(fetcher().takeAgain(told?.set ?? '')).rejects.toThrow(/Melted/);
    const { read } = channel;
    channel.read = (raw) => ({ kind: 'READ', order: (read(raw.replace(/,"problem".*/, '}')) as { order: ChannelOrder }).order }); // biome-ignore format: one thought
    await fetcher().takeAgain(told?.set ?? '');
    expect(await ids()).toEqual(['a', 'odd']);
    expect(await rawOf('odd')).toBeNull();
    expect(await exceptions()).toMatchObject([{ operation: 'read-import', state: 'RESOLVED' }]);
  });

  it('that are refused are kept and shown, and placed on a retry', async () => {
    put('scarce', [line({ sku: 'SCARCE' })]);
    put('unknown', [line({ sku: 'THEIRS' })]);
    await fetchNow();
    await fetchNow();
    expect(await ids()).toEqual([]);
    const told = await exceptions();
    expect(told.map(({ operation, attempts }) => [operation, attempts]).sort()).toEqual([['map-channel-sku', 1], ['place-import', 1]]); // biome-ignore format: one thought
    await database.knex.transaction((trx) => applyLevels(trx, [{ siteCode: 'EAST', sku: 'SCARCE', onHand: 5, sequence: 2, measuredAt: new Date(), incoming: null }])); // biome-ignore format: one thought
    const { set } = told.find(({ operation }) => operation === 'place-import') ?? { set: '' };
    expect(await placeRefused({ knex: database.knex, report: desk.raiseIn }, capture, set)).toEqual({
      kind: 'handled',
    });
    await fetchNow();
    expect(await ids()).toEqual(['scarce']);
  });

  it('that were refused and are wholly cancelled since close their exception', async () => {
    put('gone', [line({ sku: 'SCARCE', quantity: 1_000 })]);
    await fetchNow();
    expect(await exceptions()).toMatchObject([{ operation: 'place-import', state: 'OPEN' }]);
    put('gone', [line({ sku: 'SCARCE', quantity: 1_000, cancelled: 1_000 })]);
    await fetchNow();
    expect(await ids()).toEqual([]);
    expect(await exceptions()).toMatchObject([{ operation: 'place-import', state: 'RESOLVED' }]);
    const kept = await query(database.knex, 'select input from orders.refused_import where channel_code = ?', [code]);
    expect(kept).toEqual([{ input: null }]);
  });

  it('that are not paid yet are left until they are', async () => {
    channel.put('pending', minutesAgo(0), orderOf(), { waiting: true });
    await fetchNow();
    expect([await orders(), await exceptions()]).toEqual([[], []]);
    put('pending');
    await fetchNow();
    expect(await orders()).toMatchObject([{ ordered: 5 }]);
  });

  it('are placed without what the channel cancelled before', async () => {
    put('partly', [line({ cancelled: 2 }), line({ channelLineId: '2', quantity: 1, cancelled: 1 })]);
    put('wholly', [line({ cancelled: 5 })]);
    await fetchNow();
    expect(await orders()).toMatchObject([{ channelOrderId: 'partly', ordered: 3 }]);
    put('partly', [line({ cancelled: 3 }), line({ channelLineId: '2', quantity: 1, cancelled: 1 })]);
    await fetchNow();
    expect(await orders()).toMatchObject([{ ordered: 3, cancelled: 1 }]);
  });
});

describe('orders that somebody else has worked on before', () => {
  it('are placed without what was sent; the rest can be cancelled by the channel', async () => {
    put('partly', [line({ sent: 2, cancelled: 1 })]);
    put('wholly', [line({ sent: 5 })]);
    await fetchNow();
    expect(await orders()).toMatchObject([{ channelOrderId: 'partly', ordered: 2, cancelled: 0 }]);
    put('partly', [line({ sent: 2, cancelled: 2 })]);
    await fetchNow();
    await fetchNow();
    expect(await orders()).toMatchObject([{ ordered: 2, cancelled: 1 }]);
    expect(await exceptions()).toEqual([]);
  });

  it('are not cancelled again after a crash between placing and noting them', async () => {
    put('one', [line({ cancelled: 2 })]);
    await fetchNow();
    await query(database.knex, 'delete from orders.fetched_order where channel_code = ?', [code]);
    await fetchNow();
    expect(await orders()).toMatchObject([{ ordered: 3, cancelled: 0 }]);
    put('one', [line({ cancelled: 3 })]);
    await fetchNow();
    expect(await orders()).toMatchObject([{ ordered: 3, cancelled: 1 }]);
  });
});

describe('an order that the channel sends again', () => {
  beforeEach(async () => {
    put('one');
    await fetchNow();
  });

  it('with one line changed stays as it is, is kept as it came, and a person is told what changed, once', async () => {
    channel.put('one', minutesAgo(0), orderOf([line({ quantity: 6 }), line({ channelLineId: '2' })], 'Leeds'));
    await fetchNow();
    await fetchNow();
    expect(await orders()).toMatchObject([{ ordered: 5, cancelled: 0 }]);
    expect(await exceptions()).toMatchObject([{ operation: 'changed-import', attempts: 1, orderId: (await first()).id, message: expect.stringMatching(/line 1 has 6 units, not 5; line 2 is new; the buyer, the address or the service level is another/) }]); // biome-ignore format: one thought
    expect(await rawOf('one')).toMatch(/Leeds/);
    expect((await exceptions())[0]?.message).not.toMatch(/Leeds/);
  });

  it('as it was before says nothing', async () => {
    const now = { changedAt: minutesAgo(1) };
    channel.put('one', minutesAgo(0), orderOf([line({ cancelled: 2 })]), now);
    await fetchNow();
    channel.put('one', minutesAgo(0), orderOf([line()]), { changedAt: minutesAgo(2) });
    await fetchNow();
    expect(await orders()).toMatchObject([{ cancelled: 2 }]);
    expect(await exceptions()).toEqual([]);
    channel.put('one', minutesAgo(0), orderOf([line({ cancelled: 3 })]), { changedAt: minutesAgo(0) });
    await fetchNow();
    expect(await orders()).toMatchObject([{ cancelled: 3 }]);
  });

  it('without how many were bought, and to whom, has all of them cancelled', async () => {
    channel.put('one', minutesAgo(0), { ...orderOf([line({ quantity: 0 })]), address: null });
    await fetchNow();
    expect(await orders()).toMatchObject([{ ordered: 5, cancelled: 5 }]);
    expect(await exceptions()).toEqual([]);
    put('one', [line({ cancelled: 5 })]);
    await fetchNow();
    expect(await exceptions()).toEqual([]);
  });

  it('with units cancelled has them cancelled here, once', async () => {
    put('one', [line({ cancelled: 2 })]);
    await fetchNow();
    await fetchNow();
    expect(await orders()).toMatchObject([{ cancelled: 2 }]);
    put('one', [line({ cancelled: 3 })]);
    await Promise.all([isDue(), fetchNow()]);
    expect(await orders()).toMatchObject([{ cancelled: 3 }]);
    expect(await exceptions()).toEqual([]);
    const requests = await query(database.knex, 'select wanted, refused, reason from orders.cancellation_request where channel_code = ? order by requested_at', [code]); // biome-ignore format: one statement
    expect(requests).toEqual([{ wanted: 2, refused: 0, reason: 'CUSTOMER_REQUEST' }, { wanted: 1, refused: 0, reason: 'CUSTOMER_REQUEST' }]); // biome-ignore format: one thought
  });

  it('with units cancelled that were cancelled here is not cancelled a second time', async () => {
    const { id, lineId } = await first();
    const operator = callerOf({ contract: 'operations', clientId: 'operations', channel: null });
    await database.knex.transaction((trx) => cancelOrder(trx, operator, id, { idempotencyKey: 'k', reason: 'OUT_OF_STOCK', lines: [{ orderLineId: lineId, quantity: 2 }] })); // biome-ignore format: one thought
    put('one', [line({ cancelled: 2 })]);
    await fetchNow();
    expect(await orders()).toMatchObject([{ cancelled: 2 }]);
    put('one', [line({ cancelled: 3 })]);
    await fetchNow();
    expect(await orders()).toMatchObject([{ cancelled: 3 }]);
    expect(await exceptions()).toEqual([]);
  });

  it('with a line cancelled that has left is told to a person; what is still here is cancelled', async () => {
    await shipped(4);
    put('one', [line({ cancelled: 5 })]);
    await fetchNow();
    await fetchNow();
    expect(await orders()).toMatchObject([{ ordered: 5, cancelled: 1 }]);
    expect(await exceptions()).toMatchObject([{ operation: 'late-cancellation', attempts: 1, message: expect.stringMatching(/have left already \(4 of line 1\)/) }]); // biome-ignore format: one thought
    const [told] = await exceptions();
    expect(await fetcher().takeAgain(told?.set ?? '')).toEqual({ kind: 'handled' });
  });

  it('in words that have no meaning any more stays as it is', async () => {
    put('one', undefined, minutesAgo(0), 'status "Melted" has no meaning');
    await fetchNow();
    expect(await orders()).toMatchObject([{ ordered: 5, cancelled: 0 }]);
    expect(await exceptions()).toMatchObject([{ operation: 'read-import', state: 'OPEN' }]);
    put('one', [line({ cancelled: 1 })]);
    await fetchNow();
    expect(await orders()).toMatchObject([{ cancelled: 1 }]);
    expect(await exceptions()).toMatchObject([{ operation: 'read-import', state: 'RESOLVED' }]);
  });
});
