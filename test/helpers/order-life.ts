import { expect } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { stockUp } from '../../subgraphs/inventory/sample-stock.ts';
import { createOrderBook, createOrderSubgraph, type OrderBook } from '../../subgraphs/order/index.ts';
import { arrival } from './arrival.ts';
import { stockCatalogue } from './catalogue.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { ask, callerOf } from './subgraph.ts';

// A shop per test file: what is kept here is the file's own.
export let database: TestDatabase;
let orders: Subgraph;
export let book: OrderBook;
let keys = 0;

export const backOffice = callerOf({ contract: 'operations', clientId: 'operations', channel: null });
export const effect = (key: string) => ({ key, traceId: '0'.repeat(32) });
export const key = () => `key-${++keys}`;

/** Opens a shop with lanterns. */
export async function openShop(): Promise<void> {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  orders = createOrderSubgraph({ knex: database.knex });
  book = createOrderBook(database.knex);
  await stockCatalogue(database.knex, [{ sku: 'LANTERN', title: 'Lantern', prices: { WEB: { GBP: 339 } } }]);
  await stockUp(database.knex, { LANTERN: { EAST: 100_000 } });
}

export const closeShop = () => database.drop();

// biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
export async function run(document: string, variables: object, caller = callerOf()): Promise<any> {
  const answer = await ask(orders, document, variables as Record<string, unknown>, caller);
  expect(answer.errors).toBeUndefined();
  return answer.data;
}

export async function placed(quantity = 10, sku = 'LANTERN'): Promise<{ id: string; lineId: string }> {
  const data = await run(
    'mutation ($input: OrderPlaceInput!) { orderPlace(input: $input) { order { id lines(first: 1) { nodes { id } } } userErrors { code } } }',
    {
      input: {
        idempotencyKey: key(),
        currencyCode: 'GBP',
        lines: [{ sku, quantity }],
        delivery: { method: 'SHIPPING', address: { line1: '1 High Street', city: 'London', countryCode: 'GB' } },
      },
    },
  );
  return { id: data.orderPlace.order.id, lineId: data.orderPlace.order.lines.nodes[0].id };
}

export const accepted = async (quantity = 10) => {
  const order = await placed(quantity);
  await book.accept(order.id, { deskNumber: 'D1', acknowledgedAt: new Date() }, effect('accept'));
  return order;
};

export const units = (order: { lineId: string }, quantity: number) => [{ lineId: order.lineId, quantity }];

export async function delivered(quantity = 10) {
  const order = await accepted(quantity);
  await book.ship(order.id, units(order, quantity), effect('ship'));
  await book.countShipment(order.id, arrival(units(order, quantity)), effect('deliver'));
  return order;
}

const ORDER = `query ($id: ID!) { order(id: $id) { status revision availableTransitions returnStatus
  lines(first: 1) { nodes { quantities { ordered unsourced backordered allocated inFulfillment shipped delivered cancelled returned } } }
  timeline(first: 100) { nodes { sequence type system } } } }`;

export const show = async (id: string) => (await run(ORDER, { id }, backOffice)).order;

export const statusEvents = (id: string) =>
  query<{ version: number; previous: string; status: string }>(
    database.knex,
    `select version, data ->> 'previousStatus' as previous, data ->> 'status' as status from integration.outbox
     where subject = ? and type = 'order-status-changed.v1' order by version`,
    [id],
  );
