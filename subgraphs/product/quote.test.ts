import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import {
  goods,
  NOW,
  priceFact,
  startCatalogue,
  type TestCatalogue,
} from '../../test/contract/product-source.harness.ts';
import { productId } from './facts/products.ts';

let catalogue: TestCatalogue;
beforeAll(async () => {
  catalogue = await startCatalogue(
    ...goods('71053', 'White Metal Lantern', 339),
    priceFact('71053', 300, { minQuantity: 24 }),
    priceFact('71053', 282, { priceList: 'B2B', taxIncluded: false, taxBasisPoints: 1750 }),
    ...goods('22633', 'Hand Warmer', 185),
    ...goods('OLD', 'Sold Out', 100),
    ...goods('FREE', 'Sample', 0),
  );
  await catalogue.tell({ kind: 'variantRemoved', key: 'OLD' });
});
afterAll(() => catalogue.stop());

const quote = (list: string, currency: string, lines: readonly (readonly [string, number])[]) =>
  query<Record<string, unknown>>(catalogue.knex, 'select * from product.quote(?, ?, ?::text[], ?::int[], ?)', [
    list,
    currency,
    lines.map(([sku]) => sku),
    lines.map(([, quantity]) => quantity),
    NOW,
  ]);

it('answers one row per line in order, the same SKU on two lines included', async () => {
  const row = { known: true, tax_basis_points: 2000, tax_included: true };
  const nothing = { title: null, unit_price_minor: null, tax_basis_points: null, tax_included: null, product_id: null };
  expect(
    await quote('WEB', 'GBP', [
      ['22633', 1],
      ['71053', 24],
      ['NOPE', 1],
      ['71053', 1],
      ['OLD', 1],
      ['FREE', 1],
    ]),
  ).toEqual([
    { ...row, idx: 1, sku: '22633', title: 'Hand Warmer', unit_price_minor: '185', product_id: productId('22633') },
    {
      ...row,
      idx: 2,
      sku: '71053',
      title: 'White Metal Lantern',
      unit_price_minor: '300',
      product_id: productId('71053'),
    },
    { ...nothing, idx: 3, sku: 'NOPE', known: false },
    {
      ...row,
      idx: 4,
      sku: '71053',
      title: 'White Metal Lantern',
      unit_price_minor: '339',
      product_id: productId('71053'),
    },
    { ...nothing, idx: 5, sku: 'OLD', known: false },
    { ...row, idx: 6, sku: 'FREE', title: 'Sample', unit_price_minor: '0', product_id: productId('FREE') },
  ]);
});

it('tells the tax of the price list, and null where the list or currency has no price', async () => {
  expect(
    await quote('B2B', 'GBP', [
      ['71053', 24],
      ['22633', 1],
    ]),
  ).toMatchObject([
    { unit_price_minor: '282', tax_included: false, tax_basis_points: 1750 },
    { known: true, unit_price_minor: null },
  ]);
  expect(await quote('WEB', 'EUR', [['71053', 1]])).toMatchObject([{ known: true, unit_price_minor: null }]);
  expect(await quote('WEB', 'GBP', [])).toEqual([]);
});

it('quotes an order of 593 lines in one go', async () => {
  const rows = await quote(
    'WEB',
    'GBP',
    Array.from({ length: 593 }, (_, index) => [index % 2 ? '71053' : '22633', 1] as const),
  );
  expect(rows.map((row) => row.idx)).toEqual(Array.from({ length: 593 }, (_, index) => index + 1));
  expect(rows.filter((row) => row.unit_price_minor === '339')).toHaveLength(296);
});
