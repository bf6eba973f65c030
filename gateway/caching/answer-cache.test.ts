import { beforeEach, describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import type { StoredEvent } from '../../events/port.ts';
import { memoryCache } from '../../platform/cache/adapters/memory.ts';
import type { Caller, Channel } from '../../platform/caller.ts';
import { createContext, type GatewayContext } from '../context.ts';
import { type PlannedFetch, type SubgraphSource, sourceOf } from '../data-sources/data-source.ts';
import { fetchOperation } from '../data-sources/fetch-operation.ts';
import type { SubgraphAnswer } from '../data-sources/subgraph-answer.ts';
import { AnswerCache } from './answer-cache.ts';
import { answerPolicy } from './answer-policy.ts';
import { readCacheRules } from './cache-rules.ts';
import { ChangeRecord } from './change-record.ts';
import { changedBy } from './changes.ts';

const SDL = `
  schema @link(url: "https://commerce.example/specs/cacheControl/v1.0", import: ["@cacheControl"]) { query: Query }
  directive @link(url: String, import: [String]) on SCHEMA
  directive @cacheControl(maxAge: Int!, staleIfError: Int! = 0) on OBJECT | FIELD_DEFINITION
  type Query {
    products: Page @cacheControl(maxAge: 5)
    product(handle: String!): Product
    variants(skus: [String!]!): [ProductVariant]
    count: Int
    order: Order
  }
  type Mutation { touch: Product }
  type Page @cacheControl(maxAge: 60) { nodes: [Product!]! }
  type Product @cacheControl(maxAge: 60, staleIfError: 300) { id: ID! title: String variants: [ProductVariant!]! order: Order }
  type ProductVariant @cacheControl(maxAge: 60, staleIfError: 300) { sku: String! title: String product: Product hot: Int @cacheControl(maxAge: 1) }
  type Order { id: ID! }`;
const graph = { id: 'graph', schema: buildSchema(SDL), rules: readCacheRules(parse(SDL)) };
const entities = { Product: 'id', ProductVariant: 'sku' };

const web: Channel = {
  code: 'WEB',
  kind: 'STOREFRONT',
  name: 'Web shop',
  priceList: 'WEB',
  currencyCode: 'GBP',
  safetyStock: 0,
  acknowledgementHours: null,
};
const caller: Caller = {
  contract: 'storefront',
  clientId: 'shop',
  channel: web,
  customerId: null,
  scopes: [],
  traceId: 't',
};
const contextOf = (own: Partial<Caller> = {}, lane: GatewayContext['lane'] = 'reading'): GatewayContext => ({
  ...createContext({ ...caller, ...own }, new AbortController().signal),
  lane,
});

let now: number;
let asked: { variables: Readonly<Record<string, unknown>>; caller: Caller }[];
let answer: (fetch: PlannedFetch) => SubgraphAnswer | Promise<SubgraphAnswer>;
let changes: ChangeRecord;
let seen: string[];
let source: SubgraphSource;
const outage: SubgraphAnswer = { errors: [{ message: 'down', path: ['_entities', 0, 'title'], extensions: {} }] };

beforeEach(() => {
  now = 1_000_000;
  asked = [];
  seen = [];
  changes = new ChangeRecord(() => now);
  now += 100;
  const cache = new AnswerCache({
    cache: memoryCache(1_000_000, () => now),
    changes,
    staleBounds: { of: (channel) => (channel === 'STRICT' ? 0 : 120_000) },
    observe: (_subgraph, outcome, count) => seen.push(`${count} ${outcome}`),
    now: () => now,
  });
  const own = sourceOf(async (fetch, context) => {
    asked.push({ variables: fetch.variables, caller: context.caller });
    return answer(fetch);
  });
  source = cache.around(own, 'product', graph) as SubgraphSource;
});

const ask = (text: string, variables: Record<string, unknown> = {}, context = contextOf()) =>
  source.ask({ operation: fetchOperation(text, undefined), variables, entities: null }, context);
const ENTITIES =
  'query($representations:[_Any!]!){_entities(representations:$representations){...on ProductVariant{title}}}';
const askVariants = (skus: string[], context = contextOf()) => {
  const representations = skus.map((sku) => ({ __typename: 'ProductVariant', sku }));
  return source.ask(
    { operation: fetchOperation(ENTITIES, undefined), variables: { representations }, entities: skus.length },
    context,
  );
};
const titles = (prefix: string) => (fetch: PlannedFetch) => ({
  data: {
    _entities: (fetch.variables.representations as { sku: string }[]).map(({ sku }) => ({ title: `${prefix} ${sku}` })),
  },
});
const PRODUCT = 'query($handle:String!){product(handle:$handle){id title variants{sku}}}';
const lamp = { product: { id: 'p1', title: 'Lamp', variants: [{ sku: 'A' }] } };
const changed = (type: StoredEvent['type'], data: object) =>
  changes.note(changedBy({ type, data } as unknown as StoredEvent));

describe('AnswerCache', () => {
  it('asks once for what many want, and hands each a copy of its own', async () => {
    answer = () => ({ data: structuredClone(lamp) });
    const first = await ask(PRODUCT, { handle: 'lamp' });
    (first.data?.product as { title: string }).title = 'merged into';
    const second = await ask(PRODUCT, { handle: 'lamp' });
    expect(second).toEqual({ data: lamp });
    expect((await ask(PRODUCT, { handle: 'lamp' })).data).not.toBe(second.data);
    expect(asked).toHaveLength(1);
    await ask(PRODUCT, { handle: 'mug' });
    expect(seen).toEqual(['1 miss', '1 hit', '1 hit', '1 miss']);
  });

  it('asks again when the time of the shortest field is over', async () => {
    answer = () => ({ data: { variants: [] } });
    const query = '{variants(skus:[]){sku hot}}';
    await ask(query);
    now += 999;
    await ask(query);
    expect(asked).toHaveLength(1);
    now += 1;
    await ask(query);
    expect(asked).toHaveLength(2);
  });

  it('asks only for the entities that are missing, each in its place', async () => {
    answer = titles('one');
    await askVariants(['B']);
    answer = titles('two');
    expect(await askVariants(['A', 'B', 'C'])).toEqual({
      data: { _entities: [{ title: 'two A' }, { title: 'one B' }, { title: 'two C' }] },
    });
    expect(seen).toEqual(['1 miss', '1 hit', '2 miss']);
    expect((await askVariants(['C', 'B'])).data?._entities).toEqual([{ title: 'two C' }, { title: 'one B' }]);
    expect(asked).toHaveLength(2);
  });

  it('forgets what an event names, at once, and nothing else', async () => {
    answer = titles('old');
    await askVariants(['A', 'B']);
    now += 50;
    changed('product-changed.v1', { productId: 'p1', skus: ['A'] });
    now += 50;
    answer = titles('new');
    expect((await askVariants(['A', 'B'])).data?._entities).toEqual([{ title: 'new A' }, { title: 'old B' }]);
  });

  it('forgets a product for its own event, a list for any, and neither for stock, which is not in them', async () => {
    answer = (fetch) => ({ data: fetch.operation.text.includes('products') ? { products: { nodes: [] } } : lamp });
    const both = async () => {
      const before = asked.length;
      await ask(PRODUCT, { handle: 'lamp' });
      const product = asked.length - before;
      await ask('{products{nodes{id}}}');
      return [product, asked.length - before - product];
    };
    expect(await both()).toEqual([1, 1]);
    const whenTold = async (...event: Parameters<typeof changed>) => {
      now += 50;
      changed(...event);
      now += 50;
      return both();
    };
    expect(await whenTold('inventory-changed.v1', { sku: 'A' })).toEqual([0, 0]);
    expect(await whenTold('product-changed.v1', { productId: 'p2', skus: ['X'] })).toEqual([0, 1]);
    expect(await whenTold('product-changed.v1', { productId: 'p2', skus: ['A'] })).toEqual([1, 1]);
    expect(await whenTold('product-changed.v1', { productId: 'p1', skus: [] })).toEqual([1, 1]);
  });

  it('does not believe an answer that was under way when its event came', async () => {
    let goOn: () => void = () => undefined;
    answer = async (fetch) => {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return titles('old')(fetch);
    };
    const late = askVariants(['A']);
    await new Promise((resolve) => setImmediate(resolve));
    changed('product-changed.v1', { productId: 'p1', skus: ['A'] });
    goOn();
    await late;
    now += 50;
    answer = titles('new');
    expect((await askVariants(['A'])).data?._entities).toEqual([{ title: 'new A' }]);
  });

  it('does not keep for others what may be a read that began before an event', async () => {
    answer = titles('old');
    changed('product-changed.v1', { productId: 'p1', skus: ['A'] });
    now += 25;
    await askVariants(['A']);
    answer = titles('new');
    expect((await askVariants(['A'])).data?._entities).toEqual([{ title: 'new A' }]);
    now += 1;
    await askVariants(['A']);
    expect((await askVariants(['A'])).data?._entities).toEqual([{ title: 'new A' }]);
    expect(asked).toHaveLength(3);
  });

  it('remembers that something is not there until anything changes', async () => {
    answer = () => ({ data: { product: null } });
    await ask(PRODUCT, { handle: 'new' });
    await ask(PRODUCT, { handle: 'new' });
    expect(asked).toHaveLength(1);
    now += 50;
    changed('product-changed.v1', { productId: 'p9', skus: [] });
    now += 50;
    await ask(PRODUCT, { handle: 'new' });
    expect(asked).toHaveLength(2);
  });

  it('keeps channels, contracts and values apart, and gives the subgraph no person to answer for', async () => {
    answer = titles('x');
    const ada = { customerId: 'ada', clientId: 'app', scopes: ['customer-data:read'] };
    await askVariants(['A'], contextOf(ada));
    await askVariants(['A'], contextOf({ customerId: 'bob' }));
    expect(asked.map((each) => each.caller)).toEqual([{ ...caller, clientId: 'cache', customerId: null, scopes: [] }]);
    await askVariants(['A'], contextOf({ channel: { ...web, priceList: 'SALE' } }));
    await askVariants(['A'], contextOf({ contract: 'marketplace' }));
    await askVariants(['A'], contextOf({ channel: null }));
    expect(asked).toHaveLength(4);
  });

  it('goes past it for what a mutation or a subscription reads', async () => {
    answer = titles('old');
    await askVariants(['A']);
    answer = titles('new');
    for (const lane of ['writing', 'delivering'] as const) {
      expect((await askVariants(['A'], contextOf({}, lane))).data?._entities).toEqual([{ title: 'new A' }]);
    }
    expect(asked.at(-1)?.caller.clientId).toBe('shop');
  });

  it('keeps no answer with an error, and none longer than the subgraph says', async () => {
    answer = () => ({ data: lamp, errors: [{ message: 'x', path: ['product', 'title'], extensions: {} }] });
    await ask(PRODUCT, { handle: 'lamp' });
    answer = () => ({ data: lamp, goodUntil: now + 2_000 });
    await ask(PRODUCT, { handle: 'lamp' });
    now += 1_999;
    await ask(PRODUCT, { handle: 'lamp' });
    expect(asked).toHaveLength(2);
    now += 1;
    await ask(PRODUCT, { handle: 'lamp' });
    expect(asked).toHaveLength(3);
  });

  it('shows what a failing subgraph said before, within the bound of the channel', async () => {
    answer = titles('old');
    await askVariants(['A']);
    const strict = contextOf({ channel: { ...web, code: 'STRICT' } });
    await askVariants(['A'], strict);
    answer = () => outage;
    now += 61_000;
    expect(await askVariants(['A'])).toEqual({ data: { _entities: [{ title: 'old A' }] } });
    expect(await askVariants(['A'], strict)).toEqual(outage);
    const some = await askVariants(['A', 'B']);
    expect(some).toEqual({
      data: { _entities: [{ title: 'old A' }, null] },
      errors: [{ message: 'down', path: ['_entities', 1, 'title'], extensions: {} }],
    });
    now += 50;
    changed('product-changed.v1', { productId: 'p1', skus: ['A'] });
    expect(await askVariants(['A'])).toEqual(outage);
    now += 120_000;
    expect(await askVariants(['A'])).toEqual(outage);
  });
});

describe('answerPolicy', () => {
  const policyOf = (text: string) => answerPolicy(text, { ...graph, entities });

  it('keeps nothing of which any part has no rule', () => {
    for (const text of ['{order{id}}', '{count}', '{product(handle:"a"){id order{id}}}', 'mutation{touch{id}}'])
      expect(policyOf(text)).toBeNull();
    expect(policyOf('{products{nodes{id}}}')?.keep).toEqual({ fresh: 5_000, stale: 0 });
    expect(policyOf('{product(handle:"a"){...F}} fragment F on Product{id title}')?.keep.fresh).toBe(60_000);
  });
});

describe('ChangeRecord', () => {
  it('takes what it no longer remembers for changed, and what came before it listened', () => {
    const record = new ChangeRecord(() => now, 2);
    const before = now;
    now += 10;
    record.note(['a']);
    now += 10;
    expect(record.isUnchanged(['other'], before, 0)).toBe(false);
    expect(record.isUnchanged(['other'], before + 5, 0)).toBe(true);
    expect(record.isUnchanged(['other'], before + 5, 10)).toBe(false);
    record.note(['b', 'c']);
    expect(record.isUnchanged(['other'], before + 5, 0)).toBe(false);
    expect(record.isUnchanged(['other'], now + 1, 0)).toBe(true);
    record.noteAll();
    expect(record.isUnchanged(['other'], now, 0)).toBe(false);
  });
});
