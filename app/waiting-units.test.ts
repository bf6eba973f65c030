import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { takerOf } from '../events/taker.ts';
import { reactToStock } from '../orchestrator/reactions.ts';
import { query } from '../platform/db/query.ts';
import { differences, stockUp } from '../subgraphs/inventory/sample-stock.ts';
import { createStock } from '../subgraphs/inventory/stock.ts';
import { stockCatalogue } from '../test/helpers/catalogue.ts';
import { orchestratorPorts } from '../test/helpers/orchestrator-ports.ts';
import { book, closeShop, database, effect, key, openShop, run } from '../test/helpers/order-life.ts';

beforeAll(openShop);
afterAll(closeShop);

/** An accepted order of candles that there are none of. */
async function waitingFor(quantity: number): Promise<string> {
  const data = await run(
    'mutation ($input: OrderPlaceInput!) { orderPlace(input: $input) { order { id } userErrors { code } } }',
    {
      input: {
        idempotencyKey: key(),
        currencyCode: 'GBP',
        allowBackorder: true,
        lines: [{ sku: 'CANDLE', quantity }],
        delivery: { method: 'SHIPPING', address: { line1: '1 High Street', city: 'London', countryCode: 'GB' } },
      },
    },
  );
  const { id } = data.orderPlace.order;
  await book.accept(id, { deskNumber: 'D1', acknowledgedAt: new Date() }, effect('accept'));
  return id;
}

it('gives units to those who wait once, however often an event of the stock is replayed', async () => {
  const { knex } = database;
  await stockCatalogue(knex, [{ sku: 'CANDLE', title: 'Candle', prices: { WEB: { GBP: 255 } } }]);
  await stockUp(knex, { CANDLE: { EAST: 0, WEST: 0 } });
  const stock = createStock({ knex, source: null as never });
  const { deps: ports } = orchestratorPorts();
  const deps = { ...ports, orders: book, stock };
  const taker = takerOf({
    group: 'orchestrator:waiting-units',
    types: ['inventory-changed.v1'],
    handler: (event) => reactToStock(event, deps),
  });
  const { signal } = new AbortController();
  const arrived = (id: string) =>
    taker.take(
      {
        ...{ id, sequence: id, type: 'inventory-changed.v1', source: '/commerce/inventory', subject: 'CANDLE', version: 1 },
        ...{ channelCode: null, occurredAt: new Date().toISOString(), traceId: '0'.repeat(32) },
        data: { sku: 'CANDLE', locationId: null, available: 3, onHand: 3, asOf: new Date().toISOString() },
      },
      signal,
    ); // biome-ignore format: one event
  /** Units with stock, and units in the queue, by order; and how often it was told that some have a node. */
  const state = async (...orderIds: string[]) => {
    const sources = await Promise.all(orderIds.map((orderId) => stock.sourcesOf(orderId, ['CANDLE'])));
    const sum = (lines: readonly { quantity: number }[]) => lines.reduce((units, line) => units + line.quantity, 0);
    const told = await query(knex, "select 1 from integration.outbox where type = 'backorder-allocated.v1'");
    expect(await differences(knex)).toEqual([]);
    return [...sources.map(({ own, waiting }) => [sum(own), sum(waiting)]), told.length];
  };

  const [first, second] = [await waitingFor(5), await waitingFor(2)];
  expect(await state(first, second)).toEqual([[0, 5], [0, 2], 0]);
  await stockUp(knex, { CANDLE: { EAST: 3 } });
  await arrived('event-1');
  expect(await state(first, second)).toEqual([[3, 2], [0, 2], 1]);
  for (let time = 0; time < 3; time++) await arrived('event-1');
  expect(await state(first, second)).toEqual([[3, 2], [0, 2], 1]);
  // What came since is given out by whatever event is handled, also by an old one; each unit once, the oldest promise first.
  await stockUp(knex, { CANDLE: { WEST: 3 } });
  await Promise.all([arrived('event-1'), arrived('event-2'), arrived('event-1')]);
  await arrived('event-2');
  expect(await state(first, second)).toEqual([[5, 0], [1, 1], expect.any(Number)]);
  const before = await state(first, second);
  for (const id of ['event-1', 'event-2']) await arrived(id);
  expect(await state(first, second)).toEqual(before);
});
