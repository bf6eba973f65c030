import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { query } from '../../../platform/db/query.ts';
import { readDrift, whyNotClean } from '../../../platform/drift/drift.ts';
import { createLogger } from '../../../platform/logger.ts';
import { bundleFact, categoryFact, goods, priceFact, productFact, variantFact } from '../../../test/contract/product-source.harness.ts'; // biome-ignore format: one thought
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { ask } from '../../../test/helpers/subgraph.ts';
import { memoryProductSource } from '../adapters/memory.ts';
import { createProductFeed, createProductSubgraph, followServing } from '../index.ts';
import { moveProduct, partOf } from '../main.ts';
import type { CatalogueFact, ChangeEntry, PriceFact } from '../port.ts';
import type { ShadowOptions } from './follow.ts';
import type { ServedPart } from './model.ts';

const logger = createLogger({ level: 'silent', component: 'test' });
const NEVER = new AbortController().signal;
const SHADOW: ShadowOptions = { everySeconds: 0, settleSeconds: 0, cleanWanted: 6, budgetPercent: 0, ignored: [] };
const REST: ServedPart = { name: '', system: 'erp', when: {} };
const SHELF: ServedPart = { name: 'shelf', system: 'tryton', when: { skus: [{ from: '1', to: '2' }] } };

/** The same facts under the keys of another system, which has no brands and no former prices. */
function elsewhere(facts: readonly CatalogueFact[]): CatalogueFact[] {
  const keyOf = (kind: string, key: string) => `${kind}-${key}`;
  return facts
    .filter((fact) => !(fact.kind === 'price' && fact.former))
    .map((fact): CatalogueFact => {
      const key = keyOf(fact.kind.replace('Removed', ''), fact.key);
      if (fact.kind === 'product') return { ...fact, key, brand: null, title: ` ${fact.title.replace(' ', '  ')}`, categoryKeys: fact.categoryKeys.map((one) => keyOf('category', one)) }; // biome-ignore format: one thought
      if (fact.kind === 'variant') return { ...fact, key, productKey: keyOf('product', fact.productKey) };
      if (fact.kind === 'price') return { ...fact, key, variantKey: keyOf('variant', fact.variantKey), validFrom: new Date(0) }; // biome-ignore format: one thought
      if (fact.kind === 'category') return { ...fact, key, parentKey: fact.parentKey && keyOf('category', fact.parentKey) }; // biome-ignore format: one thought
      return { ...fact, key };
    });
}

const GOODS: readonly CatalogueFact[] = [
  categoryFact('R1', { name: 'Home' }),
  categoryFact('R2', { name: 'Light', parentKey: 'R1' }),
  ...goods('1', 'Hand Warmer', 185, { brand: 'Glow', categoryKeys: ['R2'] }),
  ...goods('2', 'White Lantern', 339, { brand: 'Glow', categoryKeys: ['R1'] }),
  priceFact('2', 300, { minQuantity: 24 }),
  priceFact('2', 500, { former: true }),
  productFact('S', { title: 'Scarf', brand: 'Knit' }),
  variantFact('3', { productKey: 'S', title: 'Scarf' }),
  variantFact('4', { productKey: 'S', title: 'Scarf' }),
  priceFact('3', 900),
  priceFact('4', 950),
];

let database: TestDatabase;
let world: ReturnType<typeof openWorld>;
beforeEach(async () => {
  database = await createTestDatabase(['product', 'integration', 'inventory']);
  world = openWorld();
});
afterEach(() => database.drop());

function openWorld() {
  const { knex } = database;
  const config = { systems: ['erp'], parts: [REST] as readonly ServedPart[], shadow: SHADOW };
  const sources = { erp: { ...memoryProductSource(), name: 'erp' }, tryton: { ...memoryProductSource(), name: 'tryton' } }; // biome-ignore format: one thought
  const rejected: unknown[] = [];
  const feedOf = (source: (typeof sources)['erp']) => createProductFeed({ knex, source, logger, partOf, onRejected: async (records) => void rejected.push(...records) }); // biome-ignore format: one thought
  const feeds = { erp: feedOf(sources.erp), tryton: feedOf(sources.tryton) };
  const lacks: Record<string, string[]> = { erp: [], tryton: ['BRANDS', 'FORMER_PRICES', 'BUNDLES'] };
  const follower = followServing({
    knex,
    logger,
    partOf,
    configured: () => ({
      ...config,
      systems: config.systems.map((name) => ({ name, streams: ['all'], lacks: lacks[name] ?? [] })),
    }),
  });
  const look = async () => {
    await follower.look();
    for (const name of config.systems) await feeds[name as 'erp'].catchUp(NEVER);
    await follower.look();
  };
  return {
    config,
    rejected,
    subgraph: createProductSubgraph({ knex }),
    look,
    served: follower.served,
    async tell(name: 'erp' | 'tryton', ...facts: readonly ChangeEntry[]) {
      sources[name].tell(...facts);
      await look();
    },
    move: (to: string | null, part = '') =>
      moveProduct(knex, { part, to, by: 'test', reason: 'because' }, async () => undefined),
    async drift() {
      const [first] = await readDrift(knex);
      return first && { ...first, blockedBy: whyNotClean(first) };
    },
  };
}

/** All that a shop sees, ids and handles too. */
async function catalogue(): Promise<unknown> {
  const answer = await ask(
    world.subgraph,
    `{ products(sortBy: TITLE_ASC) { nodes { id handle title brand categories { id name } variants { nodes { sku title price { amount { amount } compareAt { amount } } } } } } }`, // biome-ignore format: one thought
  );
  expect(answer.errors).toBeUndefined();
  return answer.data?.products;
}

const quote = () =>
  query<{ sku: string; product_id: string; unit_price_minor: string }>(
    database.knex,
    "select * from product.quote('WEB', 'GBP', array['1', '2', '2', '3', '4'], array[1, 1, 24, 1, 1], now())",
  );

/** ERP as it always was, then a shadow with the same goods. */
async function inShadow(...changed: readonly ChangeEntry[]): Promise<void> {
  await world.tell('erp', ...GOODS);
  world.config.systems = ['erp', 'tryton'];
  await world.tell('tryton', ...elsewhere(GOODS), ...changed);
}

const price = (sku: string, pence: number): PriceFact => ({ ...(elsewhere([priceFact(sku, pence)])[0] as PriceFact) });

describe('a shadow', () => {
  it('is compared field by field, normalised, and changes nothing that anybody sees', async () => {
    await world.tell('erp', ...GOODS);
    const before = [await catalogue(), await quote()];
    await inShadow(price('4', 949), { kind: 'variantRemoved', key: 'variant-1' });
    expect([await catalogue(), await quote()]).toEqual(before);
    expect(await world.drift()).toMatchObject({
      domain: 'product',
      part: '',
      system: 'erp',
      shadow: 'tryton',
      fields: expect.arrayContaining([{ field: 'price WEB GBP', differences: expect.any(Number) }]),
      examples: [
        { subject: '1', field: 'article', here: 'there', there: 'not there' },
        { subject: '4', field: 'price WEB GBP', here: '9.50 GBP', there: '9.49 GBP' },
      ],
    });
  });

  it('is promoted when enough is clean, and not before: refused, nothing moves', async () => {
    await inShadow(price('4', 949));
    const before = [await catalogue(), await quote()];
    const refused = await world.move('tryton');
    expect(refused).toMatchObject({ kind: 'refused', why: expect.stringMatching(/samples differ \(\d+\.\d\d %\), 0 % may$|clean samples$/) }); // biome-ignore format: one thought
    expect([await catalogue(), await quote(), await world.served()]).toEqual([...before, [REST]]);
    world.config.shadow = { ...SHADOW, cleanWanted: 4 };
    await world.tell('tryton', price('4', 950));
    expect((await world.drift())?.blockedBy).toBeNull();
    expect(await world.move('tryton')).toMatchObject({ kind: 'moved', from: 'erp', to: 'tryton' });
    expect(await query(database.knex, 'select kind, from_system, to_system, moved_by, reason from integration.system_move')).toEqual([{ kind: 'PROMOTED', from_system: 'erp', to_system: 'tryton', moved_by: 'test', reason: 'because' }]); // biome-ignore format: one thought
  });
});

describe('a promotion under traffic', () => {
  it('shows no wrong and no failed answer, keeps ids, handles and what the new system lacks, and can be taken back', async () => {
    await inShadow();
    await world.look();
    const before = [await catalogue(), await quote()];
    const events = async () => (await query(database.knex, "select 1 from integration.outbox where type = 'product-changed.v1'")).length; // biome-ignore format: one thought
    const told = await events();

    let isOver = false;
    let asked = 0;
    const traffic = async () => {
      while (!isOver) {
        expect(await quote()).toEqual(before[1]);
        asked += 1;
      }
    };
    const shops = [traffic(), traffic()];
    expect(await world.move('tryton')).toMatchObject({ kind: 'moved' });
    expect(await catalogue()).toEqual(withSpaces(before[0]));
    expect(await world.move(null)).toMatchObject({ kind: 'moved', from: 'tryton', to: 'erp' });
    isOver = true;
    await Promise.all(shops);
    expect(asked).toBeGreaterThan(0);
    expect([await catalogue(), await quote()]).toEqual(before);
    expect(await events()).toBeGreaterThan(told);
    expect(world.rejected).toEqual([]);
  });

  it('has the new system followed from then on, and not the old one, whatever the file still says', async () => {
    await inShadow();
    await world.look();
    expect(await world.move('tryton')).toMatchObject({ kind: 'moved' });
    const ids = new Set((await quote()).map(({ product_id }) => product_id));
    await world.tell('erp', priceFact('1', 1), ...goods('9', 'Only there', 100));
    await world.tell('tryton', price('1', 190), ...elsewhere(goods('5', 'Umbrella', 1_200)));
    expect((await quote()).map((row) => Number(row.unit_price_minor))).toEqual([190, 339, 300, 900, 950]);
    expect(new Set((await quote()).map(({ product_id }) => product_id))).toEqual(ids);
    const skus = await query(database.knex, 'select sku from product.variant where not hidden order by sku');
    expect(skus).toEqual(['1', '2', '3', '4', '5'].map((sku) => ({ sku })));
    expect(await world.drift()).toMatchObject({ system: 'tryton', shadow: 'erp' });
    expect(await world.served()).toEqual([{ ...REST, system: 'tryton' }]);

    world.config.systems = ['erp'];
    await expect(world.look()).rejects.toThrow(/does not name tryton for product, which serves product since it was moved there/); // biome-ignore format: one thought
    world.config.systems = ['tryton'];
    world.config.parts = [{ ...REST, system: 'tryton' }];
    await world.tell('tryton', price('1', 195));
    expect(Number((await quote())[0]?.unit_price_minor)).toBe(195);
  });
});

describe('a cohort of SKUs', () => {
  it('has a system of its own, for its goods only, and keeps their ids', async () => {
    await inShadow(price('2', 350), price('3', 950));
    const before = await quote();
    world.config.parts = [SHELF, REST];
    await world.look();
    const prices = async () => (await quote()).map((row) => Number(row.unit_price_minor));
    expect(await prices()).toEqual([185, 350, 300, 900, 950]);
    expect((await quote()).map(({ product_id }) => product_id)).toEqual(before.map(({ product_id }) => product_id));
    await world.tell('erp', priceFact('1', 1), priceFact('3', 901));
    await world.tell('tryton', price('1', 186), price('4', 1));
    expect(await prices()).toEqual([186, 350, 300, 901, 950]);
    expect(await world.move(null, 'shelf')).toMatchObject({ kind: 'refused', why: expect.stringContaining('was never moved') }); // biome-ignore format: one thought
    world.config.parts = [REST];
    await world.look();
    expect(await prices()).toEqual([1, 339, 300, 901, 950]);
  });

  it('has bundles of components that the other system serves', async () => {
    await inShadow();
    await world.tell('erp', ...goods('SET', 'Both', 500), bundleFact('SET', { 1: 1, 3: 2 }));
    world.config.parts = [SHELF, REST];
    await world.look();
    const parts = await query(database.knex, "select component_sku, quantity from inventory.bundle_component where bundle_sku = 'SET' order by 1"); // biome-ignore format: one thought
    expect(parts).toEqual([{ component_sku: '1', quantity: 1 }, { component_sku: '3', quantity: 2 }]); // biome-ignore format: one thought
  });
});

/** The other system writes titles of products with its own spaces. */
function withSpaces(page: unknown): unknown {
  const { nodes } = page as { nodes: { title: string }[] };
  return { nodes: nodes.map((node) => ({ ...node, title: ` ${node.title.replace(' ', '  ')}` })) };
}
