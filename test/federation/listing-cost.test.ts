import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { priceFact, productFact, variantFact } from '../contract/product-source.harness.ts';
import { type Cost, type SeededGraph, startSeededGraph } from './seeded-graph.ts';

const PRODUCTS = 50;
const SUFFIXES = ['A', 'B', 'C'];

/** Fifty products of three variants, one of a single variant, one of fifty. All are priced and on the shelf. */
const items = [
  ...Array.from({ length: PRODUCTS }, (_, number) => ({
    key: `P${number}`,
    skus: SUFFIXES.map((suffix) => `P${number}${suffix}`),
  })),
  { key: 'SINGLE', skus: ['SINGLE-0'] },
  { key: 'MANY', skus: Array.from({ length: 50 }, (_, number) => `MANY-${number}`) },
];

let graph: SeededGraph;

beforeAll(async () => {
  graph = await startSeededGraph(
    items.flatMap(({ key, skus }) => [
      productFact(key, { title: `Lantern ${key}`, brand: 'Acme' }),
      ...skus.flatMap((sku) => [variantFact(sku, { productKey: key }), priceFact(sku, 339)]),
    ]),
    Object.fromEntries(items.flatMap(({ skus }) => skus.map((sku) => [sku, { EAST: 10, WEST: 4, SHOP: 1 }]))),
  );
}, 60_000);
afterAll(() => graph.stop());
afterEach(() => expect(graph.systemCalls).toEqual([]));

const total = ({ statements }: Cost) => Object.values(statements).reduce((sum, count) => sum + count, 0);

it('costs the same for a listing of 10 products as for one of 50', async () => {
  const ten = await graph.run('storefront', 'ProductListing', { first: 10 });
  const fifty = await graph.run('storefront', 'ProductListing', { first: 50 });
  for (const [cost, size] of [
    [ten, 10],
    [fifty, 50],
  ] as const) {
    const variants = cost.data.products.edges.flatMap((edge: Cost['data']) => edge.node.variants.nodes);
    expect(cost.data.products.edges).toHaveLength(size);
    expect(variants.length).toBeGreaterThanOrEqual(size * SUFFIXES.length - SUFFIXES.length);
    for (const variant of variants) {
      expect(variant.price.amount).toEqual({ amount: '3.39', currencyCode: 'GBP' });
      expect(variant.availability).toMatchObject({ status: 'IN_STOCK', sellableQuantity: 14 });
    }
  }
  expect(fifty.statements).toEqual(ten.statements);
  // Page, variants, prices; availability of all of them.
  expect(fifty.statements).toEqual({
    product: 3,
    inventory: 1,
    order: 0,
    fulfillment: 0,
    settlement: 0,
    operations: 0,
  });
});

it('costs the same for a product of one variant as for one of 50', async () => {
  const listed = await graph.run('storefront', 'ProductListing', { first: 100, search: 'lantern' });
  const handleOf = (title: string) =>
    listed.data.products.edges.find((edge: Cost['data']) => edge.node.title === title).node.handle;
  const one = await graph.run('storefront', 'ProductPage', { handle: handleOf('Lantern SINGLE') });
  const fifty = await graph.run('storefront', 'ProductPage', { handle: handleOf('Lantern MANY') });
  expect(one.data.product.variants.nodes).toHaveLength(1);
  expect(fifty.data.product.variants.nodes).toHaveLength(50);
  expect(fifty.data.product.variants.nodes[49].availability.sellableQuantity).toBe(14);
  expect(fifty.statements).toEqual(one.statements);
  expect(total(fifty)).toBeLessThanOrEqual(6);
});

it('costs the same for an order of one line and package as for one of 40', async () => {
  const skus = items.flatMap((item) => item.skus);
  const small = await graph.place(skus.slice(0, 1));
  const large = await graph.place(skus.slice(0, 40));
  await graph.ship(small);
  await graph.ship(large);
  const one = await graph.run('storefront', 'OrderPage', { id: small.id });
  const forty = await graph.run('storefront', 'OrderPage', { id: large.id });
  for (const [cost, size] of [
    [one, 1],
    [forty, 40],
  ] as const) {
    const { order } = cost.data;
    expect(order.lines.nodes).toHaveLength(size);
    expect(order.lines.nodes.every((line: Cost['data']) => line.variant.product.handle)).toBe(true);
    expect(order.shipments).toHaveLength(size);
    for (const shipment of order.shipments) {
      expect(shipment.status).toBe('IN_TRANSIT');
      expect(shipment.packages).toMatchObject([{ lines: [{ quantity: 1 }], trackingEvents: [{}, {}] }]);
    }
  }
  expect(forty.statements).toEqual(one.statements);
  expect(forty.statements).toMatchObject({ inventory: 0, operations: 0 });
});
