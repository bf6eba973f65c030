import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import { createLogger } from '../../platform/logger.ts';
import {
  categoryFact,
  goods,
  NOW,
  priceFact,
  productFact,
  startCatalogue,
  type TestCatalogue,
  variantFact,
} from '../../test/contract/product-source.harness.ts';
import { ask } from '../../test/helpers/subgraph.ts';
import { productId } from './facts/products.ts';
import { createProductFeed } from './index.ts';
import type { Sku } from './model.ts';
import type { RejectedRecord } from './port.ts';

const minutes = (number: number) => new Date(NOW.getTime() + number * 60_000);
const NEVER = new AbortController().signal;

let catalogue: TestCatalogue;
beforeEach(async () => {
  catalogue = await startCatalogue();
});
afterEach(() => catalogue.stop());

interface Listed {
  handle: string;
  title: string;
  updatedAt: string;
  categories: { name: string }[];
  variants: { nodes: { sku: string; price: { amount: { amount: string } } | null }[] };
}

async function listed(args = ''): Promise<Listed[]> {
  const answer = await ask(
    catalogue.subgraph,
    `{ products${args} { nodes { handle title updatedAt categories { name } variants { nodes { sku price { amount { amount } } } } } } }`,
  );
  expect(answer.errors).toBeUndefined();
  return (answer.data?.products as { nodes: Listed[] } | undefined)?.nodes ?? [];
}

const handles = async (args?: string) => (await listed(args)).map((product) => product.handle);

const events = () =>
  query<{ subject: string; version: number; data: { productId: string; skus: string[] } }>(
    catalogue.knex,
    "select subject, version, data from integration.outbox where type = 'product-changed.v1' order by subject, version",
  );

const setAside = () =>
  query<Record<string, unknown>>(
    catalogue.knex,
    'select source, kind, key, reason from product.set_aside order by kind, key',
  );

describe('facts', () => {
  it('may come in any order', async () => {
    const facts = [
      categoryFact('R1', { name: 'Home' }),
      ...goods('71053', 'White Metal Lantern', 339, { categoryKeys: ['R1'] }),
    ].reverse();
    for (const fact of facts) await catalogue.tell(fact);
    expect(await listed('(search: "71053", sortBy: PRICE_ASC)')).toEqual([
      {
        handle: 'white-metal-lantern',
        title: 'White Metal Lantern',
        updatedAt: expect.any(String),
        categories: [{ name: 'Home' }],
        variants: { nodes: [{ sku: '71053', price: { amount: { amount: '3.39' } } }] },
      },
    ]);
    const order = await query(catalogue.knex, 'select amount_minor from product.listed_price');
    expect(order).toEqual([{ amount_minor: '339' }]);
  });

  it('that are known already change nothing and tell nobody', async () => {
    const facts = [categoryFact('R1'), ...goods('71053', 'Lantern', 339, { categoryKeys: ['R1'] })];
    await catalogue.tell(...facts);
    const before = { list: await listed(), events: await events() };
    catalogue.time.now = minutes(5);
    await catalogue.tell(...facts);
    expect({ list: await listed(), events: await events() }).toEqual(before);
    expect(before.events).toHaveLength(1);
  });

  it('tell of each change once, with versions without a gap and the SKUs of the product', async () => {
    await catalogue.tell(...goods('71053', 'Lantern', 339), ...goods('22633', 'Hand Warmer'));
    await catalogue.tell(priceFact('71053', 299));
    await catalogue.tell(variantFact('71053-B', { productKey: '71053' }));
    await catalogue.tell(
      { kind: 'priceRemoved', key: priceFact('71053', 0).key },
      { kind: 'variantRemoved', key: '71053' },
    );
    const id = productId('71053');
    const both = ['71053', '71053-B'];
    expect(
      (await events()).filter((event) => event.subject === id).map(({ version, data }) => [version, data]),
    ).toEqual([
      [1, { productId: id, skus: ['71053'] }],
      [2, { productId: id, skus: ['71053'] }],
      [3, { productId: id, skus: both }],
      [4, { productId: id, skus: both }],
    ]);
    expect(await events()).toHaveLength(5);
  });

  it('move updatedAt forward, each writer later than the one before even when the clock stands still', async () => {
    await catalogue.tell(...goods('A', 'A'));
    await catalogue.tell(...goods('B', 'B'));
    catalogue.time.now = minutes(-60);
    await catalogue.tell(priceFact('A', 100));
    const times = (await listed('(sortBy: UPDATED_ASC)')).map((product) => product.updatedAt);
    expect(times).toEqual([...times].sort());
    expect(new Set(times).size).toBe(2);
    expect(await handles('(sortBy: UPDATED_ASC)')).toEqual(['b', 'a']);
  });

  it('that end hide what they were about, until it comes back under its old name', async () => {
    await catalogue.tell(
      categoryFact('R1', { name: 'Home' }),
      ...goods('71053', 'Lantern', 339, { categoryKeys: ['R1'] }),
    );
    await catalogue.tell({ kind: 'productRemoved', key: '71053' }, { kind: 'categoryRemoved', key: 'R1' });
    expect(await handles()).toEqual([]);
    expect(await handles('(search: "lantern")')).toEqual([]);
    expect(await handles('(sortBy: PRICE_ASC)')).toEqual([]);
    expect(await query(catalogue.knex, 'select hidden from product.product')).toEqual([{ hidden: true }]);

    await catalogue.tell(productFact('71053', { title: 'Lantern, again', categoryKeys: ['R1'] }));
    expect(await listed('(sortBy: PRICE_ASC)')).toMatchObject([
      { handle: 'lantern', title: 'Lantern, again', categories: [], variants: { nodes: [{ sku: '71053' }] } },
    ]);
  });

  it('move a variant from a product of its own into a style group', async () => {
    await catalogue.tell(...goods('85014A', 'Umbrella Black', 595), productFact('K', { title: 'Umbrella' }));
    await catalogue.tell(
      { kind: 'productRemoved', key: '85014A' },
      variantFact('85014A', { productKey: 'K', title: 'Umbrella Black' }),
    );
    expect(await listed('(search: "black")')).toMatchObject([
      { handle: 'umbrella', variants: { nodes: [{ sku: '85014A', price: { amount: { amount: '5.95' } } }] } },
    ]);
    const order = await query(catalogue.knex, 'select product_id from product.listed_price');
    expect(order).toEqual([{ product_id: productId('K') }]);
  });

  it('of one key in one page count as the last of them', async () => {
    await catalogue.tell(
      productFact('A', { title: 'First' }),
      { kind: 'productRemoved', key: 'A' },
      productFact('A', { title: 'Last' }),
      productFact('B'),
      { kind: 'productRemoved', key: 'B' },
    );
    expect((await listed()).map((product) => product.title)).toEqual(['Last']);
  });
});

describe('handles', () => {
  it('are the title; when that is taken, title and key; and they stay', async () => {
    await catalogue.tell(
      productFact('71053', { title: 'White Metal Lantern' }),
      productFact('71053B', { title: 'WHITE METAL LANTERN' }),
      productFact('9', { title: '日本' }),
      productFact('8', { title: 'White Metal Lantern 71053b' }),
    );
    const products = await listed();
    // All in one go: a handle that is given twice would be found by the store, and the page cut up around it.
    expect(new Set(products.map((product) => product.updatedAt)).size).toBe(1);
    const byTitle = Object.fromEntries(products.map((product) => [product.title, product.handle]));
    expect(byTitle).toEqual({
      'White Metal Lantern': 'white-metal-lantern',
      'WHITE METAL LANTERN': 'white-metal-lantern-71053b',
      日本: '9',
      'White Metal Lantern 71053b': 'white-metal-lantern-71053b-8',
    });
    await catalogue.tell(
      productFact('71053', { title: 'Renamed' }),
      productFact('7', { title: 'White Metal Lantern' }),
    );
    expect(Object.fromEntries((await listed()).map((product) => [product.title, product.handle]))).toMatchObject({
      Renamed: 'white-metal-lantern',
      'White Metal Lantern': 'white-metal-lantern-7',
    });
  });
});

describe('a record that cannot be taken', () => {
  it('is set aside with its reason, and the others go on', async () => {
    const titleless = productFact('x\0y', { title: '' });
    await catalogue.tell(...goods('A', 'Before'), titleless, priceFact('A', -1), ...goods('B', 'After', 100));
    expect(await handles()).toEqual(['after', 'before']);
    const price = priceFact('A', 0).key;
    expect(catalogue.rejected).toEqual([
      { kind: 'rejected', record: 'product', key: 'x\ufffdy', reason: 'TEXT_INVALID' },
      { kind: 'rejected', record: 'price', key: price, reason: 'PRICE_INVALID' },
    ]);
    expect(await setAside()).toEqual([
      { source: 'memory', kind: 'price', key: price, reason: 'PRICE_INVALID' },
      { source: 'memory', kind: 'product', key: 'x\ufffdy', reason: 'TEXT_INVALID' },
    ]);
  });

  it('is taken off the list when a later version of it can be taken', async () => {
    await catalogue.tell(productFact('x', { title: '' }), productFact('y', { title: '' }));
    await catalogue.tell(productFact('x', { title: 'Named' }));
    expect(await setAside()).toMatchObject([{ key: 'y' }]);
    expect(await handles()).toEqual(['named']);
  });

  it('leaves the version that was known', async () => {
    await catalogue.tell(...goods('71053', 'Lantern', 339));
    await catalogue.tell(priceFact('71053', -1));
    expect((await listed())[0]?.variants.nodes[0]?.price).toEqual({ amount: { amount: '3.39' } });
  });

  it('is one the adapter could not read as well', async () => {
    await catalogue.tell({ kind: 'rejected', record: 'variant', key: 'M-9', reason: 'NO_SKU' }, ...goods('B', 'After'));
    expect(await setAside()).toEqual([{ source: 'memory', kind: 'variant', key: 'M-9', reason: 'NO_SKU' }]);
    expect(await handles()).toEqual(['after']);
  });

  it('is a second variant with a SKU that is on sale, until the first is gone', async () => {
    await catalogue.tell(productFact('P'));
    // In both orders of their ids, which are hashes: the one on sale must be found, not the first.
    for (const [sku, former, successor] of [
      ['71053', 'M-1', 'M-2'],
      ['22633', 'M-2', 'M-1'],
    ] as const) {
      const variant = (key: string) =>
        variantFact(`${sku}-${key}`, { sku: sku as Sku, productKey: 'P', title: `${key} of ${sku}` });
      await catalogue.tell(variant(former));
      await catalogue.tell(variant(successor));
      expect(await setAside()).toMatchObject([
        { kind: 'variant', key: `${sku}-${successor}`, reason: 'DUPLICATE_SKU' },
      ]);
      await catalogue.tell(variant(successor), { kind: 'variantRemoved', key: `${sku}-${former}` });
      expect(await setAside()).toEqual([]);
      const answer = await ask(catalogue.subgraph, `{ productVariants(skus: ["${sku}"]) { title } }`);
      expect(answer.data).toEqual({ productVariants: [{ title: `${successor} of ${sku}` }] });
    }
  });

  it('is also one that only the store refuses', async () => {
    await catalogue.knex.raw(`
      create function product.refuse() returns trigger language plpgsql as $$
        begin raise exception 'no' using errcode = '22003'; end $$;
      create trigger refuse before insert on product.product for each row when (new.title = 'Poison') execute function product.refuse()`);
    await catalogue.tell(
      ...Array.from({ length: 20 }, (_, index) =>
        productFact(`P${index}`, { title: index === 13 ? 'Poison' : `Good ${index}` }),
      ),
    );
    expect(await listed()).toHaveLength(19);
    expect(await setAside()).toEqual([{ source: 'memory', kind: 'product', key: 'P13', reason: 'NOT_STORABLE' }]);
  });
});

describe('the feed', () => {
  const feedWith = (onRejected: (rejected: readonly RejectedRecord[]) => Promise<void>) =>
    createProductFeed({
      knex: catalogue.knex,
      source: catalogue.source,
      clock: catalogue.clock,
      logger: createLogger({ level: 'silent', component: 'test' }),
      onRejected,
    });

  it('keeps nothing of a page when the report of what was set aside fails, and reads it again', async () => {
    const failing = feedWith(() => Promise.reject(new Error('the desk is closed')));
    catalogue.source.tell(...goods('A', 'Good'), productFact('x', { title: '' }));
    await expect(failing.catchUp(NEVER)).rejects.toThrow('the desk is closed');
    expect([await handles(), await setAside(), await events()]).toEqual([[], [], []]);
    await catalogue.feed.catchUp(NEVER);
    expect(await handles()).toEqual(['good']);
    expect(catalogue.rejected).toHaveLength(1);
  });

  it('tells of a record that could be taken at last, in the transaction that takes it', async () => {
    const taken: unknown[] = [];
    const feed = createProductFeed({
      knex: catalogue.knex,
      source: catalogue.source,
      clock: catalogue.clock,
      logger: createLogger({ level: 'silent', component: 'test' }),
      onRejected: async () => undefined,
      onTaken: async (records) => void taken.push(...records),
    });
    catalogue.source.tell(...goods('A', 'Good'), productFact('x', { title: '' }));
    await feed.catchUp(NEVER);
    expect(taken).toEqual([]);
    catalogue.source.tell(productFact('x', { title: 'Now with a title' }), productFact('y', { title: '' }));
    await feed.catchUp(NEVER);
    expect(taken).toEqual([{ record: 'product', key: 'x' }]);
  });

  it('run by two processes applies each change once', async () => {
    catalogue.source.tell(
      ...Array.from({ length: 50 }, (_, index) => goods(`S${index}`, `Title ${index}`, 100)).flat(),
    );
    await Promise.all(Array.from({ length: 4 }, () => feedWith(async () => undefined).catchUp(NEVER)));
    expect((await events()).map((event) => event.version)).toEqual(Array(50).fill(1));
  });

  it('follows the source while it runs, and stops when told to', async () => {
    const stopping = new AbortController();
    const running = catalogue.feed.run(stopping.signal);
    catalogue.source.tell(...goods('A', 'Follow me'));
    for (let tries = 0; tries < 100 && (await handles()).length === 0; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await handles()).toEqual(['follow-me']);
    stopping.abort();
    await running;
  });

  it('takes 2,000 products of five variants with prices in a few statements', async () => {
    const facts = Array.from({ length: 2_000 }, (_, number) => [
      productFact(`P${number}`, { title: `Title ${number % 500}` }),
      ...['A', 'B', 'C', 'D', 'E'].flatMap((suffix) => [
        variantFact(`P${number}${suffix}`, { productKey: `P${number}` }),
        priceFact(`P${number}${suffix}`, 100 + number),
      ]),
    ]).flat();
    catalogue.source.tell(...facts);
    const statements = await catalogue.statementsOf(() => catalogue.feed.catchUp(NEVER));
    const counts = await query(
      catalogue.knex,
      `select (select count(*) from product.product)::int as products, (select count(*) from product.variant)::int as variants,
         (select count(*) from product.price)::int as prices, (select count(*) from product.listed_price)::int as listed,
         (select count(distinct handle) from product.product)::int as handles`,
    );
    expect(counts).toEqual([{ products: 2_000, variants: 10_000, prices: 10_000, listed: 2_000, handles: 2_000 }]);
    // 22 pages of 1,000 facts
    expect(statements.length).toBeLessThan(22 * 35);
    expect(catalogue.rejected).toEqual([]);
  });
});

describe('prices in time', () => {
  it('that begin and end move products in price sorts and in "changed since", and tell of it', async () => {
    await catalogue.tell(
      ...goods('A', 'Always', 300),
      ...goods('S', 'Sale', 500),
      priceFact('S', 200, { key: 'SALE', validFrom: minutes(10), validTo: minutes(20) }),
    );
    const at = async (minute: number) => {
      catalogue.time.now = minutes(minute);
      await catalogue.feed.catchUp(NEVER);
      const [sale] = await listed('(search: "sale")');
      return [await handles('(sortBy: PRICE_ASC)'), sale?.variants.nodes[0]?.price?.amount.amount, sale?.updatedAt];
    };
    const start = (await listed('(search: "sale")'))[0]?.updatedAt;
    expect(await at(9)).toEqual([['always', 'sale'], '5.00', start]);
    expect(await at(10)).toEqual([['sale', 'always'], '2.00', minutes(10).toISOString()]);
    expect(await at(19)).toEqual([['sale', 'always'], '2.00', minutes(10).toISOString()]);
    expect(await at(20)).toEqual([['always', 'sale'], '5.00', minutes(20).toISOString()]);
    expect((await events()).filter((event) => event.subject === productId('S')).map((event) => event.version)).toEqual([
      1, 2, 3,
    ]);
    expect((await events()).filter((event) => event.subject === productId('A'))).toHaveLength(1);
  });

  it('that were due when another change came are worked in with it, once', async () => {
    await catalogue.tell(...goods('S', 'Sale', 500), priceFact('S', 200, { key: 'SALE', validFrom: minutes(10) }));
    catalogue.time.now = minutes(15);
    await catalogue.tell(...goods('B', 'Other', 300));
    expect(await handles('(sortBy: PRICE_ASC)')).toEqual(['sale', 'other']);
    expect((await events()).filter((event) => event.subject === productId('S')).map((event) => event.version)).toEqual([
      1, 2,
    ]);
  });
});
