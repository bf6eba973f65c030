import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import {
  goods,
  NOW,
  productFact,
  startCatalogue,
  stockEvent,
  type TestCatalogue,
  variantFact,
} from '../../test/contract/product-source.harness.ts';
import { ask } from '../../test/helpers/subgraph.ts';
import { createSellableProjection } from './index.ts';

const later = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);

let catalogue: TestCatalogue;
beforeAll(async () => {
  catalogue = await startCatalogue(
    productFact('UMBRELLA', { title: 'Umbrella' }),
    variantFact('RED', { productKey: 'UMBRELLA' }),
    variantFact('BLUE', { productKey: 'UMBRELLA' }),
    ...goods('LANTERN', 'Lantern'),
  );
});
afterAll(() => catalogue.stop());

async function available(): Promise<Record<string, string>> {
  const answer = await ask(
    catalogue.subgraph,
    '{ products(filter: { availableOnly: true }) { nodes { title updatedAt } } }',
  );
  const products = answer.data?.products as { nodes: { title: string; updatedAt: string }[] } | undefined;
  return Object.fromEntries((products?.nodes ?? []).map((node) => [node.title, node.updatedAt]));
}

it('makes a product available while any of its variants is, and moves its updatedAt', async () => {
  expect(await available()).toEqual({});
  catalogue.time.now = later(1);
  await catalogue.sellable.apply([stockEvent('RED', 3, 1), stockEvent('BLUE', 5, 1)]);
  expect(await available()).toEqual({ Umbrella: later(1).toISOString() });

  catalogue.time.now = later(2);
  await catalogue.sellable.apply([stockEvent('BLUE', 0, 2)]);
  expect(await available()).toEqual({ Umbrella: later(2).toISOString() });

  catalogue.time.now = later(3);
  await catalogue.sellable.apply([stockEvent('RED', 0, 2)]);
  expect(await available()).toEqual({});
});

it('lets an older version or a repetition change nothing', async () => {
  catalogue.time.now = later(4);
  await catalogue.sellable.apply([stockEvent('RED', 8, 4)]);
  const known = await available();
  expect(known).toEqual({ Umbrella: later(4).toISOString() });
  catalogue.time.now = later(5);
  await catalogue.sellable.apply([stockEvent('RED', 0, 3), stockEvent('RED', 8, 4), stockEvent('RED', 0, 2)]);
  await catalogue.sellable.apply([stockEvent('RED', 0, 3)]);
  await catalogue.sellable.apply([]);
  expect(await available()).toEqual(known);
  const rows = await query(catalogue.knex, "select available, version from product.sellable where sku = 'RED'");
  expect(rows).toEqual([{ available: 8, version: '4' }]);
});

it('takes the newest of several events of a SKU, in any order', async () => {
  await catalogue.sellable.apply([stockEvent('RED', 1, 7), stockEvent('RED', 9, 6), stockEvent('RED', 2, 5)]);
  const rows = await query(catalogue.knex, "select available, version from product.sellable where sku = 'RED'");
  expect(rows).toEqual([{ available: 1, version: '7' }]);
});

it('leaves updatedAt alone when only what is on hand differs', async () => {
  const known = await available();
  catalogue.time.now = later(10);
  await catalogue.sellable.apply([stockEvent('RED', 1, 8)]);
  expect(await available()).toEqual(known);
});

it('keeps stock of a SKU that is not in the catalogue yet', async () => {
  await catalogue.sellable.apply([stockEvent('MUG', 4, 1)]);
  expect(Object.keys(await available())).toEqual(['Umbrella']);
  await catalogue.tell(...goods('MUG', 'Mug'));
  expect(Object.keys(await available()).sort()).toEqual(['Mug', 'Umbrella']);
});

it('counts stock below zero as none and stock beyond measure as much', async () => {
  await catalogue.sellable.apply([stockEvent('LANTERN', -3, 1), stockEvent('RED', 1e12, 9)]);
  const rows = await query(
    catalogue.knex,
    "select sku, available from product.sellable where sku in ('LANTERN', 'RED') order by sku",
  );
  expect(rows).toEqual([
    { sku: 'LANTERN', available: 0 },
    { sku: 'RED', available: 2_000_000_000 },
  ]);
});

it('applies events that come together in one transaction', async () => {
  const projection = createSellableProjection({ knex: catalogue.knex, clock: catalogue.clock });
  const { handler } = projection.consumption;
  const signal = new AbortController().signal;
  const statements = await catalogue.statementsOf(() =>
    Promise.all(Array.from({ length: 60 }, (_, index) => handler(stockEvent(`CROWD-${index}`, 1, 1), signal))),
  );
  expect(statements.filter((sql) => sql.startsWith('BEGIN'))).toHaveLength(1);
  const [row] = await query<{ count: string }>(
    catalogue.knex,
    "select count(*) from product.sellable where sku like 'CROWD-%'",
  );
  expect(row?.count).toBe('60');
});
