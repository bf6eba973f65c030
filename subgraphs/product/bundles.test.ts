import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import {
  bundleFact,
  goods,
  startCatalogue,
  type TestCatalogue,
  variantFact,
} from '../../test/contract/product-source.harness.ts';
import { ask } from '../../test/helpers/subgraph.ts';
import { faultOf } from './facts/bundles.ts';

let catalogue: TestCatalogue;

/** What inventory unfolds a SKU into. */
async function recipe(sku: string): Promise<Record<string, number>> {
  const rows = await query<{ sku: string; quantity: number }>(
    catalogue.knex,
    'select component_sku as sku, quantity from inventory.bundle_component where bundle_sku = ? order by component_sku',
    [sku],
  );
  return Object.fromEntries(rows.map((row) => [row.sku, row.quantity]));
}
const isSold = async (sku: string) =>
  (
    await query<{ known: boolean }>(
      catalogue.knex,
      `select known from product.quote('WEB', 'GBP', array[?], array[1], now())`,
      [sku],
    )
  )[0]?.known;
const components = async (sku: string) => {
  const answer = await ask(
    catalogue.subgraph,
    'query ($skus: [String!]!) { productVariants(skus: $skus) { components { quantity variant { sku title } } } }',
    { skus: [sku] },
  );
  expect(answer.errors).toBeUndefined();
  return (answer.data?.productVariants as { components: object[] }[] | undefined)?.[0]?.components;
};
const setAside = () => query(catalogue.knex, 'select kind, key, reason from product.set_aside');
const changesOf = async (title: string) =>
  (
    await query<{ revision: number }>(
      catalogue.knex,
      'select s.revision from product.product_state s join product.product p on p.id = s.product_id where p.title = ?',
      [title],
    )
  )[0]?.revision;

/** No node has it. */
const NEVER = { '': 1 };

describe('a bundle', () => {
  beforeEach(async () => {
    catalogue = await startCatalogue(
      ...goods('BOLT', 'Bolt', 10),
      ...goods('NUT', 'Nut', 5),
      ...goods('KIT', 'Kit', 35),
    );
  });
  afterEach(() => catalogue.stop());

  it('is sold as its components; inventory is told, and the graph shows them', async () => {
    const before = await changesOf('Kit');
    await catalogue.tell(bundleFact('KIT', { NUT: 4, BOLT: 2 }));
    expect(await recipe('KIT')).toEqual({ BOLT: 2, NUT: 4 });
    expect(await isSold('KIT')).toBe(true);
    expect(await components('KIT')).toEqual([
      { quantity: 2, variant: { sku: 'BOLT', title: 'Bolt' } },
      { quantity: 4, variant: { sku: 'NUT', title: 'Nut' } },
    ]);
    expect(await components('BOLT')).toEqual([]);
    expect(await changesOf('Kit')).toBe((before ?? 0) + 1);
    expect(catalogue.rejected).toEqual([]);
  });

  it('is made of other things when the system says so, and sold as it is when it is none any more', async () => {
    await catalogue.tell(bundleFact('KIT', { BOLT: 2 }), bundleFact('KIT', { NUT: 1 }));
    expect(await recipe('KIT')).toEqual({ NUT: 1 });
    await catalogue.tell({ kind: 'bundleRemoved', key: 'KIT' });
    expect(await recipe('KIT')).toEqual({});
    expect(await isSold('KIT')).toBe(true);
    expect(await components('KIT')).toEqual([]);
  });

  it('adds up a component that is listed twice', async () => {
    const [two, three] = [2, 3].map((quantity) => ({ variantKey: 'BOLT', quantity }));
    await catalogue.tell({ kind: 'bundle', key: 'KIT', components: [two, three] as never });
    expect(await recipe('KIT')).toEqual({ BOLT: 5 });
  });

  it('waits, unsold, until it and all its components are on sale, whatever comes first', async () => {
    await catalogue.tell(bundleFact('BOX', { BOLT: 1, WASHER: 6 }));
    expect(await recipe('BOX')).toEqual({});
    await catalogue.tell(...goods('BOX', 'Box', 99));
    expect([await recipe('BOX'), await isSold('BOX')]).toEqual([NEVER, false]);
    await catalogue.tell(...goods('WASHER', 'Washer', 1));
    expect([await recipe('BOX'), await isSold('BOX')]).toEqual([{ BOLT: 1, WASHER: 6 }, true]);
    await catalogue.tell({ kind: 'variantRemoved', key: 'BOLT' });
    expect([await recipe('BOX'), await isSold('BOX')]).toEqual([NEVER, false]);
    expect(await setAside()).toEqual([]);
  });

  it('that makes no sense is held back with an exception, not sold as it was before', async () => {
    await catalogue.tell(bundleFact('KIT', { BOLT: 2 }));
    await catalogue.tell(bundleFact('KIT', {}));
    expect([await recipe('KIT'), await isSold('KIT')]).toEqual([NEVER, false]);
    const reason = 'NO_COMPONENTS';
    expect(catalogue.rejected).toEqual([{ kind: 'rejected', record: 'bundle', key: 'KIT', reason }]);
    expect(await setAside()).toEqual([{ kind: 'bundle', key: 'KIT', reason }]);
    await catalogue.tell(bundleFact('KIT', { BOLT: 2 }));
    expect([await recipe('KIT'), await isSold('KIT'), await setAside()]).toEqual([{ BOLT: 2 }, true, []]);
  });

  it('of bundles is held back, whichever of them came first, until none of them is', async () => {
    await catalogue.tell(...goods('BOX', 'Box', 99), bundleFact('BOX', { KIT: 2, NUT: 1 }));
    expect(await recipe('BOX')).toEqual({ KIT: 2, NUT: 1 });
    await catalogue.tell(bundleFact('KIT', { BOLT: 2 }));
    expect([await recipe('BOX'), await isSold('BOX')]).toEqual([NEVER, false]);
    expect(await recipe('KIT')).toEqual({ BOLT: 2 });
    expect(catalogue.rejected).toEqual([{ kind: 'rejected', record: 'bundle', key: 'BOX', reason: 'NESTED_BUNDLE' }]);
    await catalogue.tell({ kind: 'bundleRemoved', key: 'KIT' });
    expect([await recipe('BOX'), await isSold('BOX'), await setAside()]).toEqual([{ KIT: 2, NUT: 1 }, true, []]);
  });

  it('leaves its SKU when it gets another, and when another variant takes it over', async () => {
    await catalogue.tell(bundleFact('KIT', { BOLT: 2 }), variantFact('KIT-2', { key: 'KIT', productKey: 'KIT' }));
    expect([await recipe('KIT'), await recipe('KIT-2')]).toEqual([{}, { BOLT: 2 }]);
    await catalogue.tell({ kind: 'variantRemoved', key: 'KIT' });
    // Orders that were taken before still need it.
    expect(await recipe('KIT-2')).toEqual({ BOLT: 2 });
    await catalogue.tell(...goods('KIT-2', 'Another kit', 20));
    expect([await recipe('KIT-2'), await isSold('KIT-2')]).toEqual([{}, true]);
  });
});

it.each([
  ['of nothing', {}, 'NO_COMPONENTS'],
  ['of itself', { KIT: 1, BOLT: 1 }, 'BUNDLE_OF_ITSELF'],
  ['with half a component', { BOLT: 0.5 }, 'COMPONENT_QUANTITY_INVALID'],
  ['with none of a component', { BOLT: 0 }, 'COMPONENT_QUANTITY_INVALID'],
  ['with more of a component than can be counted', { BOLT: 10_001 }, 'COMPONENT_QUANTITY_INVALID'],
  ['with as much as can be counted', { BOLT: 10_000, NUT: 1 }, null],
])('a bundle %s', (_, components, fault) => {
  expect(faultOf(bundleFact('KIT', components as Record<string, number>))).toBe(fault);
});
