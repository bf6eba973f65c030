import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ask, type RunningGateway, runGateway } from './running-gateway.ts';
import { compose, tinySubgraph } from './shop-graph.ts';

/** What the subgraphs were asked for: a denied field must not even be fetched. */
const resolved: string[] = [];
const note =
  <Value>(field: string, value: Value) =>
  (): Value => {
    resolved.push(field);
    return value;
  };

const items = tinySubgraph(
  'items',
  `
  type Query {
    item(id: ID!): Item @tag(name: "selling")
    items: [Item!]! @tag(name: "selling")
    node(id: ID!): Node @tag(name: "selling")
    things: [Thing!]! @tag(name: "selling")
    margin: Margin @tag(name: "selling")
    report: Int @tag(name: "selling") @policy(policies: [["back-office"]])
  }
  type Mutation {
    touch: Int @tag(name: "selling")
    wipe: Int! @tag(name: "selling") @requiresScopes(scopes: [["items:wipe", "items:sure"], ["root"]])
    change: Item @tag(name: "selling")
  }
  interface Node @tag(name: "selling") { id: ID! cost: Int }
  type Item implements Node @key(fields: "id") @key(fields: "code") @tag(name: "selling") {
    id: ID!
    code: ID @requiresScopes(scopes: [["cost:read"]])
    title: String
    cost: Int @requiresScopes(scopes: [["cost:read"]])
    weight: Int! @requiresScopes(scopes: [["weight:read"]])
    maker: Maker
    rule: Rule
  }
  type Maker @tag(name: "selling") { name: String phone: String! @requiresScopes(scopes: [["customer-data:read"]]) }
  type Rule @tag(name: "selling") { text: String }
  type Service implements Node @key(fields: "id") @tag(name: "selling") { id: ID! cost: Int title: String }
  union Thing @tag(name: "selling") = Item | Service
  type Margin @tag(name: "selling") @policy(policies: [["back-office"]]) { percent: Int }
`,
  {
    Query: {
      item: (_: unknown, { id }: { id: string }) => (id === 'gone' ? null : { __typename: 'Item', id }),
      items: () => [{ id: 'i1' }, { id: 'i2' }],
      node: (_: unknown, { id }: { id: string }) => ({ __typename: id.startsWith('s') ? 'Service' : 'Item', id }),
      things: () => [
        { __typename: 'Item', id: 'i1' },
        { __typename: 'Service', id: 's1' },
      ],
      margin: note('margin', { percent: 40 }),
      report: note('report', 12),
    },
    Mutation: { touch: note('touch', 1), wipe: note('wipe', 2), change: () => ({ id: 'i1' }) },
    Item: {
      __resolveReference: (reference: object) => reference,
      title: () => 'Lantern',
      cost: note('cost', 338),
      code: () => 'secret-code',
      weight: note('weight', 900),
      maker: () => ({ name: 'Acme', phone: '+44 1' }),
    },
    Service: {
      __resolveReference: (reference: object) => reference,
      cost: note('service cost', 5),
      title: () => 'Wrap',
    },
    Maker: { phone: note('phone', '+44 1') },
  },
);

const quotes = tinySubgraph(
  'quotes',
  `
  type Item @key(fields: "code") @tag(name: "selling") {
    code: ID
    quote: String
    late: Int
  }
`,
  {
    Item: {
      __resolveReference: (reference: object) => reference,
      quote: ({ code }: { code: string }) => `quote of ${code}`,
      late: () => {
        throw new Error('down');
      },
    },
  },
);

let running: RunningGateway;
const keys: Record<string, string> = {};
beforeAll(async () => {
  const graph = [items, quotes];
  running = await runGateway(compose(graph), {
    subgraphs: { kind: 'inProcess', subgraphs: graph.map(({ subgraph }) => subgraph) },
  });
  const make = (clientId: string, scopes: string[], channelCode: string | null = 'WEB') =>
    running.createKey({ clientId, contracts: ['storefront'], channelCode, scopes });
  keys.none = await make('none', []);
  keys.cost = await make('cost', ['cost:read']);
  keys.all = await make('all', ['cost:read', 'weight:read', 'customer-data:read', 'items:wipe', 'items:sure']);
  keys.half = await make('half', ['items:wipe']);
  keys.root = await make('root', ['root']);
  keys.office = await make('office', [], null);
});
afterAll(() => running.stop());
beforeEach(() => {
  resolved.length = 0;
});

const run = async (key: string, text: string, variables: object = {}) =>
  (await ask(`${running.gateway.url}/graphql`, text, { key: keys[key] ?? '', variables })).body;
const forbidden = (path: (string | number)[], scope?: string) => ({
  message: scope
    ? `The credential does not allow this: it needs the scope ${scope}.`
    : 'The credential does not allow this.',
  path,
  extensions: { code: 'FORBIDDEN', retryable: false, traceId: expect.any(String) },
});

describe('a field that the credential may not read', () => {
  it('is null with an error at its path, is not fetched, and the rest is served', async () => {
    expect(await run('none', '{ item(id: "i1") { id title cost } }')).toEqual({
      data: { item: { id: 'i1', title: 'Lantern', cost: null } },
      errors: [forbidden(['item', 'cost'], 'cost:read')],
    });
    expect(resolved).toEqual([]);
  });

  it('is served to a credential that may, by the same document', async () => {
    expect(await run('cost', '{ item(id: "i1") { id title cost } }')).toEqual({
      data: { item: { id: 'i1', title: 'Lantern', cost: 338 } },
    });
    expect(resolved).toEqual(['cost']);
  });

  it('has an error in each item of a list', async () => {
    expect(await run('none', '{ items { cost } }')).toEqual({
      data: { items: [{ cost: null }, { cost: null }] },
      errors: [forbidden(['items', 0, 'cost'], 'cost:read'), forbidden(['items', 1, 'cost'], 'cost:read')],
    });
  });

  it('takes the object with it when the schema promises a value', async () => {
    expect(await run('none', '{ item(id: "i1") { id weight } }')).toEqual({
      data: { item: null },
      errors: [forbidden(['item', 'weight'], 'weight:read')],
    });
    expect(await run('none', '{ items { id weight } }')).toMatchObject({ data: null });
    expect(await run('none', '{ item(id: "i1") { title maker { name phone } } }')).toEqual({
      data: { item: { title: 'Lantern', maker: null } },
      errors: [forbidden(['item', 'maker', 'phone'], 'customer-data:read')],
    });
    expect(resolved).toEqual([]);
  });

  it('is said to be denied also when something else failed', async () => {
    const { data, errors } = await run('none', '{ item(id: "i1") { late weight } }');
    expect(data).toEqual({ item: null });
    expect(errors.map((error: { extensions: { code: string } }) => error.extensions.code).sort()).toEqual([
      'FORBIDDEN',
      'INTERNAL_SERVER_ERROR',
    ]);
  });

  it('is no oracle: an object that does not exist is null without it', async () => {
    expect(await run('none', '{ item(id: "gone") { cost } }')).toEqual({ data: { item: null } });
  });
});

describe('there is no way around a rule', () => {
  const cost = (data: object, ...path: (string | number)[]) => ({ data, errors: [forbidden(path, 'cost:read')] });
  it.each([
    ['an alias', '{ item(id: "i1") { price: cost } }', cost({ item: { price: null } }, 'item', 'price')],
    [
      'an alias that is a key',
      '{ item(id: "i1") { code: cost quote } }',
      cost({ item: { code: null, quote: 'quote of secret-code' } }, 'item', 'code'),
    ],
    [
      'a key that another field is fetched by',
      '{ item(id: "i1") { code quote } }',
      cost({ item: { code: null, quote: 'quote of secret-code' } }, 'item', 'code'),
    ],
    [
      'a fragment',
      'query Q { item(id: "i1") { ...f } } fragment f on Item { cost }',
      cost({ item: { cost: null } }, 'item', 'cost'),
    ],
    [
      'an inline fragment',
      '{ item(id: "i1") { ... { ... on Item { cost } } } }',
      cost({ item: { cost: null } }, 'item', 'cost'),
    ],
    ['the interface', '{ node(id: "i1") { cost } }', cost({ node: { cost: null } }, 'node', 'cost')],
    [
      'a fragment on the interface',
      '{ item(id: "i1") { ... on Node { cost } } }',
      cost({ item: { cost: null } }, 'item', 'cost'),
    ],
    [
      'a fragment under node(id)',
      '{ node(id: "i1") { ... on Item { cost } } }',
      cost({ node: { cost: null } }, 'node', 'cost'),
    ],
    [
      'a union',
      '{ things { ... on Item { c: cost } ... on Service { c: cost } } }',
      cost({ things: [{ c: null }, { c: 5 }] }, 'things', 0, 'c'),
    ],
    ['a directive', '{ item(id: "i1") { cost @include(if: true) } }', cost({ item: { cost: null } }, 'item', 'cost')],
    [
      'asking twice',
      '{ item(id: "i1") { cost } item(id: "i1") { cost title } }',
      cost({ item: { cost: null, title: 'Lantern' } }, 'item', 'cost'),
    ],
    [
      'a name like our own',
      '{ item(id: "i1") { denied0_cost: title cost } }',
      cost({ item: { denied0_cost: 'Lantern', cost: null } }, 'item', 'cost'),
    ],
  ])('by %s', async (_, text, answer) => {
    expect(await run('none', text)).toEqual(answer);
    expect(JSON.stringify(answer)).not.toContain('338');
  });

  it('by a variable', async () => {
    const text = 'query ($with: Boolean!) { item(id: "i1") { title cost @include(if: $with) } }';
    expect(await run('none', text, { with: true })).toEqual(
      cost({ item: { title: 'Lantern', cost: null } }, 'item', 'cost'),
    );
    expect(await run('none', text, { with: false })).toEqual({ data: { item: { title: 'Lantern' } } });
  });

  it('by an operation beside one that is harmless', async () => {
    const text = 'query A { item(id: "i1") { title } } mutation B { wipe }';
    const response = await fetch(`${running.gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': keys.none ?? '' },
      body: JSON.stringify({ query: text, operationName: 'A' }),
    });
    expect(await response.json()).toMatchObject({ data: { item: { title: 'Lantern' } } });
  });
});

describe('a rule on a type', () => {
  it('denies the fields that return it', async () => {
    expect(await run('all', '{ margin { percent } report }')).toEqual({
      data: { margin: null, report: null },
      errors: [forbidden(['margin']), forbidden(['report'])],
    });
    expect(resolved).toEqual([]);
    expect(await run('office', '{ margin { percent } report }')).toEqual({
      data: { margin: { percent: 40 }, report: 12 },
    });
  });
});

describe('a mutation', () => {
  it('that is denied is not run, nor is another of the same request', async () => {
    expect(await run('none', 'mutation { touch renamed: wipe }')).toEqual({
      data: null,
      errors: [forbidden(['renamed'], 'items:wipe and items:sure, or root')],
    });
    expect(resolved).toEqual([]);
  });

  it.each([
    ['some of the scopes together', 'half', null],
    ['all of one alternative', 'all', { wipe: 2 }],
    ['the other alternative', 'root', { wipe: 2 }],
  ])('needs all scopes of an alternative: %s', async (_, key, data) => {
    expect((await run(key, 'mutation { wipe }')).data).toEqual(data);
  });

  it('is run when only a field of its answer is denied', async () => {
    expect(await run('none', 'mutation { change { title cost } }')).toMatchObject({
      data: { change: { title: 'Lantern', cost: null } },
      errors: [{ path: ['change', 'cost'] }],
    });
  });
});

it('a supergraph with a policy that nobody knows is refused, and the former one keeps serving', async () => {
  const before = running.gateway.runtime.supergraphId;
  const unknown = compose([items, quotes]).replace('["back-office"]', '["moon-phase"]');
  expect(running.gateway.runtime.reload(unknown)).toEqual({
    kind: 'rejected',
    reason: expect.stringContaining('"moon-phase"'),
  });
  expect(running.gateway.runtime.supergraphId).toBe(before);
});
