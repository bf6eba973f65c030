import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  categoryFact,
  goods,
  NOW,
  priceFact,
  startCatalogue,
  stockEvent,
  type TestCatalogue,
} from '../../test/contract/product-source.harness.ts';
import { ask, callerOf, webChannel } from '../../test/helpers/subgraph.ts';
import { categoryId } from './facts/categories.ts';

const LIST = `query($first: Int, $after: String, $last: Int, $before: String, $search: String, $filter: ProductFilter, $sortBy: ProductSort) {
  products(first: $first, after: $after, last: $last, before: $before, search: $search, filter: $filter, sortBy: $sortBy) {
    edges { cursor node { title } } nodes { title }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

interface List {
  edges: { cursor: string; node: { title: string } }[];
  nodes: { title: string }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}

const day = (number: number) => new Date(NOW.getTime() + number * 86_400_000);

let catalogue: TestCatalogue;
beforeAll(async () => {
  catalogue = await startCatalogue(
    categoryFact('HOME', { name: 'Home' }),
    categoryFact('LIGHT', { name: 'Lights', parentKey: 'HOME' }),
    categoryFact('PAPER', { name: 'Paper' }),
    ...goods('71053', 'White Metal Lantern', 339, {
      recordedAt: day(-5),
      categoryKeys: ['LIGHT'],
      brand: 'Glow & Co',
      description: 'Holds one candle.',
    }),
    ...goods('85123A', 'White Hanging Heart T-Light Holder', 255, {
      recordedAt: day(-4),
      categoryKeys: ['LIGHT', 'HOME'],
    }),
    ...goods('22752', 'set 7 babushka nesting boxes', 765, { recordedAt: day(-3), brand: 'Toys' }),
    ...goods('21730', 'Éclair Glass Star', 425, { recordedAt: day(-2), brand: 'glow & co' }),
    ...goods('22633', 'Hand Warmer Union Jack', undefined, { recordedAt: day(-1), categoryKeys: ['PAPER'] }),
    ...goods('22632', 'Hand Warmer Red Polka Dot', undefined, { recordedAt: day(0) }),
    ...goods('84879', 'Lanterns of Paper', 169, { recordedAt: day(-9), categoryKeys: ['PAPER'] }),
    priceFact('22633', 185, { priceList: 'POS' }),
    priceFact('71053', 640, { currencyCode: 'JPY' }),
  );
});
afterAll(() => catalogue.stop());

async function list(variables: Record<string, unknown>, caller = callerOf()): Promise<List> {
  const answer = await ask(catalogue.subgraph, LIST, variables, caller);
  expect(answer.errors).toBeUndefined();
  return answer.data?.products as List;
}

const titles = async (variables: Record<string, unknown>, caller = callerOf()) =>
  (await list(variables, caller)).nodes.map((node) => node.title);

async function refusal(variables: Record<string, unknown>) {
  const answer = await ask(catalogue.subgraph, LIST, variables);
  expect(answer.data).toEqual({ products: null });
  return answer.errors?.map((error) => [error.extensions.code, error.message]);
}

const BY_TITLE = [
  'Éclair Glass Star',
  'Hand Warmer Red Polka Dot',
  'Hand Warmer Union Jack',
  'Lanterns of Paper',
  'set 7 babushka nesting boxes',
  'White Hanging Heart T-Light Holder',
  'White Metal Lantern',
];
const UNPRICED = ['Hand Warmer Red Polka Dot', 'Hand Warmer Union Jack'];
const ORDERS = {
  TITLE_ASC: BY_TITLE,
  PRICE_ASC: [
    'Lanterns of Paper',
    'White Hanging Heart T-Light Holder',
    'White Metal Lantern',
    'Éclair Glass Star',
    'set 7 babushka nesting boxes',
    ...UNPRICED,
  ],
  PRICE_DESC: [
    'set 7 babushka nesting boxes',
    'Éclair Glass Star',
    'White Metal Lantern',
    'White Hanging Heart T-Light Holder',
    'Lanterns of Paper',
    ...UNPRICED,
  ],
  NEWEST: [
    'Hand Warmer Red Polka Dot',
    'Hand Warmer Union Jack',
    'Éclair Glass Star',
    'set 7 babushka nesting boxes',
    'White Hanging Heart T-Light Holder',
    'White Metal Lantern',
    'Lanterns of Paper',
  ],
};

describe('order and pages', () => {
  it.each(Object.entries(ORDERS))(
    '%s is the same list read whole, in pages forward and in pages backward',
    async (sortBy, expected) => {
      expect(await titles({ sortBy, first: 100 })).toEqual(expected);

      for (const size of [1, 2, 3]) {
        const forward: string[] = [];
        for (let after: string | null = null, more = true; more; ) {
          const page: List = await list({ sortBy, first: size, after });
          expect(page.pageInfo.hasPreviousPage).toBe(after !== null);
          expect(page.pageInfo.startCursor).toBe(page.edges[0]?.cursor);
          forward.push(...page.nodes.map((node) => node.title));
          after = page.pageInfo.endCursor;
          more = page.pageInfo.hasNextPage;
        }
        expect(forward).toEqual(expected);

        const backward: string[] = [];
        for (let before: string | null = null, more = true; more; ) {
          const page: List = await list({ sortBy, last: size, before });
          expect(page.pageInfo.hasNextPage).toBe(before !== null);
          backward.unshift(...page.nodes.map((node) => node.title));
          before = page.pageInfo.startCursor;
          more = page.pageInfo.hasPreviousPage;
        }
        expect(backward).toEqual(expected);
      }
    },
  );

  it('holds 20 products by title unless told, and says when it is empty', async () => {
    expect(await titles({})).toEqual(BY_TITLE);
    expect((await list({ search: 'nothing is called that' })).pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: null,
      endCursor: null,
    });
  });

  it('keeps its place when products come and go between two pages', async () => {
    const first = await list({ first: 3 });
    await catalogue.tell(...goods('A1', 'Aardvark Doorstop'), { kind: 'productRemoved', key: '22633' });
    const second = await list({ first: 3, after: first.pageInfo.endCursor });
    await catalogue.tell(
      { kind: 'productRemoved', key: 'A1' },
      ...goods('22633', 'Hand Warmer Union Jack', undefined, { categoryKeys: ['PAPER'] }),
    );
    expect(second.nodes.map((node) => node.title)).toEqual(BY_TITLE.slice(3, 6));
  });

  it('orders by the price list and currency of the caller', async () => {
    const pos = callerOf({ channel: { ...webChannel, code: 'POS', priceList: 'POS' } });
    expect(await titles({ sortBy: 'PRICE_ASC', first: 2 }, pos)).toEqual([
      'Hand Warmer Union Jack',
      'Éclair Glass Star',
    ]);
    const yen = callerOf({ channel: { ...webChannel, currencyCode: 'JPY' } });
    expect(await titles({ sortBy: 'PRICE_DESC', first: 2 }, yen)).toEqual(['White Metal Lantern', 'Éclair Glass Star']);
    expect(await titles({ sortBy: 'PRICE_ASC' }, callerOf({ contract: 'operations', channel: null }))).toEqual(
      BY_TITLE,
    );
  });

  it.each([
    [{ first: 0 }, '`first` must be between 1 and 100.'],
    [{ first: 101 }, '`first` must be between 1 and 100.'],
    [{ last: -1 }, '`last` must be between 1 and 100.'],
    [{ first: 1, last: 1 }, 'Give `first` or `last`, not both.'],
    [{ sortBy: 'RELEVANCE' }, '`sortBy: RELEVANCE` needs a `search`.'],
  ])('refuses %j', async (variables, message) => {
    expect(await refusal(variables)).toEqual([['BAD_USER_INPUT', message]]);
  });

  it('refuses a search of more than 200 characters', async () => {
    for (const search of ['x'.repeat(201), 'lantern '.repeat(1_280)]) {
      expect(await refusal({ search })).toEqual([['BAD_USER_INPUT', '`search` must have at most 200 characters.']]);
    }
  });

  it('refuses a cursor that is not one of the list', async () => {
    const encode = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url');
    const foreign = [
      'nonsense',
      '',
      encode(null),
      encode(['TITLE_ASC/0', 'x']),
      encode(['TITLE_ASC/1', 'x', 'prd', null]),
      encode(['TITLE_ASC/0', 'x\0', 'prd', null]),
      encode(['TITLE_ASC/0', 1, 'prd', null]),
      encode(['TITLE_ASC/0', null, null, null]),
    ];
    for (const after of foreign) expect((await refusal({ after }))?.[0]?.[0]).toBe('BAD_USER_INPUT');
    const price = await list({ first: 1, sortBy: 'PRICE_ASC' });
    expect(await refusal({ after: price.pageInfo.endCursor })).toEqual([
      [
        'BAD_USER_INPUT',
        'The cursor is not one of a list sorted by TITLE_ASC. Use a cursor of an earlier page of the same list.',
      ],
    ]);
    expect(await refusal({ sortBy: 'NEWEST', after: encode(['NEWEST/0', '2026-99-99', 'x', null]) })).toHaveLength(1);
    expect(await refusal({ sortBy: 'PRICE_ASC', after: encode(['PRICE_ASC/0', 1.5, 'x', null]) })).toHaveLength(1);
  });
});

describe('filter', () => {
  it('by category holds what is below it too, once', async () => {
    const lights = ['White Hanging Heart T-Light Holder', 'White Metal Lantern'];
    expect(await titles({ filter: { categoryId: categoryId('HOME') } })).toEqual(lights);
    expect(await titles({ filter: { categoryId: categoryId('LIGHT') }, sortBy: 'PRICE_ASC' })).toEqual(lights);
    expect(await titles({ filter: { categoryId: categoryId('PAPER') } })).toEqual([
      'Hand Warmer Union Jack',
      'Lanterns of Paper',
    ]);
    for (const unknown of ['cat_unknown', '', 'x\0', 'x'.repeat(10_000), "' or 1=1 --"]) {
      expect(await titles({ filter: { categoryId: unknown } })).toEqual([]);
    }
  });

  it('by brand does not mind case', async () => {
    expect(await titles({ filter: { brand: 'GLOW & co' } })).toEqual(['Éclair Glass Star', 'White Metal Lantern']);
    expect(await titles({ filter: { brand: 'GLOW & co' }, sortBy: 'PRICE_ASC' })).toEqual([
      'White Metal Lantern',
      'Éclair Glass Star',
    ]);
    for (const unknown of ['', 'Glow', '\0', 'x'.repeat(10_000)])
      expect(await titles({ filter: { brand: unknown } })).toEqual([]);
  });

  it('by stock counts what is above the safety stock of the channel', async () => {
    await catalogue.sellable.apply([stockEvent('71053', 5, 1), stockEvent('85123A', 2, 1), stockEvent('22752', 0, 1)]);
    const cautious = callerOf({ channel: { ...webChannel, safetyStock: 2 } });
    expect(await titles({ filter: { availableOnly: true } })).toEqual([
      'White Hanging Heart T-Light Holder',
      'White Metal Lantern',
    ]);
    expect(await titles({ filter: { availableOnly: true } }, cautious)).toEqual(['White Metal Lantern']);
    expect(await titles({ filter: { availableOnly: false } })).toEqual(BY_TITLE);
  });

  it('by change lists the longest unchanged first', async () => {
    catalogue.time.now = day(1);
    await catalogue.tell(priceFact('22752', 799));
    catalogue.time.now = day(2);
    await catalogue.tell(
      ...goods('84879', 'Lanterns of Paper', 169, { recordedAt: day(-9), categoryKeys: ['PAPER'], brand: 'Folded' }),
    );
    const since = (number: number) => ({ filter: { updatedSince: day(number).toISOString() } });
    expect(await titles(since(1))).toEqual(['set 7 babushka nesting boxes', 'Lanterns of Paper']);
    expect(await titles({ ...since(1), sortBy: 'TITLE_ASC' })).toEqual([
      'Lanterns of Paper',
      'set 7 babushka nesting boxes',
    ]);
    expect(await titles(since(2))).toEqual(['Lanterns of Paper']);
    expect(await titles(since(3))).toEqual([]);
    const page = await list({ ...since(1), first: 1 });
    expect(await titles({ ...since(1), first: 1, after: page.pageInfo.endCursor })).toEqual(['Lanterns of Paper']);
  });

  it('joins conditions', async () => {
    const filter = { categoryId: categoryId('HOME'), brand: 'Glow & Co', availableOnly: true };
    expect(await titles({ filter, search: 'lantern', sortBy: 'NEWEST' })).toEqual(['White Metal Lantern']);
    expect(await titles({ filter: { ...filter, brand: 'Toys' }, search: 'lantern' })).toEqual([]);
  });
});

describe('search', () => {
  it.each([
    ['lantern', ['Lanterns of Paper', 'White Metal Lantern']],
    ['LANTERNS', ['Lanterns of Paper', 'White Metal Lantern']],
    ['white lan', ['White Metal Lantern']],
    ['lantern white', ['White Metal Lantern']],
    ['hangin', ['White Hanging Heart T-Light Holder']],
    ['t-light', ['White Hanging Heart T-Light Holder']],
    ['eclair', ['Éclair Glass Star']],
    ['ÉCLAIR', ['Éclair Glass Star']],
    ['71053', ['White Metal Lantern']],
    ['85123a', ['White Hanging Heart T-Light Holder']],
    ['8512', ['White Hanging Heart T-Light Holder']],
    ['candle', ['White Metal Lantern']],
    ['glow lantern', ['White Metal Lantern']],
    ['white nothing', []],
    ['of paper', ['Lanterns of Paper']],
    ['the lantern', ['Lanterns of Paper', 'White Metal Lantern']],
    ['of', ['Lanterns of Paper']],
  ])('%s', async (search, expected) => {
    expect(await titles({ search })).toEqual(expected);
  });

  it('puts whole words before beginnings of words, and both before other texts', async () => {
    await catalogue.tell(
      ...goods('C1', 'Category Sign'),
      ...goods('C2', 'Zebra Cat'),
      ...goods('C3', 'A Dog', undefined, { description: 'Not a cat.' }),
    );
    const expected = ['Zebra Cat', 'Category Sign', 'A Dog'];
    expect(await titles({ search: 'cat' })).toEqual(expected);
    const first = await list({ search: 'cat', first: 1 });
    const rest = await list({ search: 'cat', first: 5, after: first.pageInfo.endCursor });
    expect([...first.nodes, ...rest.nodes].map((node) => node.title)).toEqual(expected);
    expect((await list({ search: 'cat', last: 2 })).nodes.map((node) => node.title)).toEqual(expected.slice(1));
    expect(await titles({ search: 'cat', sortBy: 'TITLE_ASC' })).toEqual(['A Dog', 'Category Sign', 'Zebra Cat']);
    await catalogue.tell(...['C1', 'C2', 'C3'].map((key) => ({ kind: 'productRemoved', key }) as const));
  });

  it('without a word is no search, with nothing that could be a word finds nothing', async () => {
    for (const empty of ['', '   ', '\n\t', '\u202e', '\0']) expect(await titles({ search: empty })).toEqual(BY_TITLE);
    for (const wordless of ['!!!', '&|', ':*', "''", '( )', '%', '\\', '🎁']) {
      expect(await titles({ search: wordless })).toEqual([]);
    }
  });

  it('takes hostile text for words', async () => {
    const hostile = [
      "lantern'; drop table product.product; --",
      "' or '1'='1",
      'lantern:*|white',
      "lantern' & 'white",
      '\\',
      'lan\u202etern',
      'lantern\0',
      '\ud800',
      '%_%',
      '<script>alert(1)</script>',
      '$1 ? ?? :name',
      'ﬁ ½ ² Ⅷ ௧',
      'a '.repeat(100),
      '1e5 0x1f 2.5 -7 10.0.0.1 a@b.c http://x.y/z',
    ];
    const found: Record<string, string[]> = Object.fromEntries(
      await Promise.all(hostile.map(async (search) => [search, await titles({ search })] as const)),
    );
    expect(found['lan\u202etern']).toEqual(['Lanterns of Paper', 'White Metal Lantern']);
    expect(found['lantern\0']).toEqual(['Lanterns of Paper', 'White Metal Lantern']);
    expect(found['lantern:*|white']).toEqual(['White Metal Lantern']);
    expect(Object.values(found).filter((hits) => hits.length > 0)).toHaveLength(4);
    expect(await titles({})).toEqual(BY_TITLE);
  });
});
