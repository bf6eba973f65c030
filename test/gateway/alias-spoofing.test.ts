import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, type RunningGateway, runGateway } from './running-gateway.ts';
import { compose, tinySubgraph } from './shop-graph.ts';

const customers = tinySubgraph(
  'customers',
  `
  type Query { me: Customer @tag(name: "selling") }
  type Customer @key(fields: "id") @tag(name: "selling") {
    id: ID!
    nickname: String
    broken: String
    weight(unit: String = "LB"): Int
    height: Int
    address: Address
  }
  type Address @tag(name: "selling") { city: String street: String }
`,
  {
    Query: { me: () => ({ id: 'attacker', nickname: 'victim' }) },
    Customer: {
      __resolveReference: (reference: object) => reference,
      weight: (_: unknown, { unit }: { unit: string }) => (unit === 'LB' ? 22 : 10),
      height: () => 180,
      broken: () => {
        throw new Error('broken');
      },
      address: () => ({ city: 'London', street: 'victim street' }),
    },
  },
);

const represented: unknown[] = [];
const orders = tinySubgraph(
  'orders',
  `
  type Customer @key(fields: "id") @tag(name: "selling") {
    id: ID!
    height: Int @external
    address: Address @external
    orders: [String]
    shipping: String @requires(fields: "height address { city }")
  }
  type Address @shareable { city: String @external }
`,
  {
    Customer: {
      __resolveReference(reference: object) {
        represented.push(reference);
        return reference;
      },
      orders: ({ id }: { id: string }) => [`order of ${id}`],
      shipping: ({ height, address }: { height: number; address: { city: string } }) => `${height} to ${address.city}`,
    },
  },
);

let running: RunningGateway;
beforeAll(async () => {
  const graph = [customers, orders];
  running = await runGateway(compose(graph), {
    subgraphs: { kind: 'inProcess', subgraphs: graph.map(({ subgraph }) => subgraph) },
  });
});
afterAll(() => running.stop());

const query = async (text: string) =>
  (await ask(`${running.gateway.url}/graphql`, text, { key: 'dev-storefront' })).body;

describe('a client cannot feed a value of its choice to another subgraph by an alias', () => {
  it.each([
    ['{ me { id: nickname orders } }', { id: 'victim', orders: ['order of attacker'] }],
    ['{ me { ...f orders } } fragment f on Customer { id: nickname }', { id: 'victim', orders: ['order of attacker'] }],
    ['{ me { ... on Customer { id: nickname } orders } }', { id: 'victim', orders: ['order of attacker'] }],
    ['{ me { __typename: nickname orders } }', { __typename: 'victim', orders: ['order of attacker'] }],
    ['{ me { height: weight shipping } }', { height: 22, shipping: '180 to London' }],
    ['{ me { address { city: street } shipping } }', { address: { city: 'victim street' }, shipping: '180 to London' }],
    [
      '{ me { guarded0_id: nickname id: nickname orders } }',
      { guarded0_id: 'victim', id: 'victim', orders: ['order of attacker'] },
    ],
  ])('%s', async (text, me) => {
    represented.length = 0;
    expect(await query(text)).toEqual({ data: { me } });
    expect(represented).toEqual([expect.objectContaining({ __typename: 'Customer', id: 'attacker' })]);
  });
});

it('leaves aliases alone that are no danger', async () => {
  expect(await query('{ self: me { name: nickname id number: weight(unit: "KG") orders } }')).toEqual({
    data: { self: { name: 'victim', id: 'attacker', number: 10, orders: ['order of attacker'] } },
  });
});

it('points errors at the name that the client chose', async () => {
  const { data, errors } = await query('{ me { id: broken orders } }');
  expect(data).toEqual({ me: { id: null, orders: ['order of attacker'] } });
  expect(errors).toEqual([expect.objectContaining({ path: ['me', 'id'] })]);
});

it('keeps response names that JavaScript treats specially', async () => {
  const { data } = await query('{ me { __proto__: nickname constructor: nickname id: nickname } }');
  expect(Object.entries(data.me)).toEqual([
    ['__proto__', 'victim'],
    ['constructor', 'victim'],
    ['id', 'victim'],
  ]);
  expect(({} as { victim?: unknown }).victim).toBeUndefined();
});
