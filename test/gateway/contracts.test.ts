import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildClientSchema, getIntrospectionQuery, printSchema } from 'graphql';
import { ask, type RunningGateway, runGateway } from './running-gateway.ts';
import { catalogue, compose, stock } from './shop-graph.ts';

let running: RunningGateway;
let url: string;
beforeAll(async () => {
  const graph = [catalogue(), stock()];
  running = await runGateway(compose(graph), {
    subgraphs: { kind: 'inProcess', subgraphs: graph.map(({ subgraph }) => subgraph) },
  });
  url = `${running.gateway.url}/graphql`;
});
afterAll(() => running.stop());

const storefront = (query: string, variables = {}) => ask(url, query, { key: 'dev-storefront', variables });
const warehouse = (query: string) => ask(url, query, { key: 'dev-warehouse' });
const operations = (query: string) => ask(url, query, { key: 'dev-operations' });

describe('each key speaks its own contract on one URL', () => {
  it('names the contract that served', async () => {
    expect((await storefront('{ __typename }')).headers.get('x-contract')).toBe('storefront/2026-11');
    expect((await warehouse('{ __typename }')).headers.get('x-contract')).toBe('warehouse/2026-11');
  });

  it('introspects to that contract only', async () => {
    const schemaOf = async (key: string) =>
      printSchema(buildClientSchema((await ask(url, getIntrospectionQuery(), { key })).body.data));
    expect(await schemaOf('dev-storefront')).toMatchInlineSnapshot(`
"union Entry = Note

enum Kind {
  GOODS
  SERVICE
}

type Mutation {
  rename(id: ID!, title: String!, key: String!): Product
}

type Note {
  text: String
}

type Product {
  id: ID!
  title: String!
  priceMinor: Int
  kind: Kind
  fragile: Boolean
  onHand: Int
  ownerOf: String!
  shippingMinor: Int
}

type Query {
  products: [Product!]!
  product(id: ID!): Product
  ofKind(kind: Kind!): [Product!]!
  audit: [Entry]
}"
`);
    expect(await schemaOf('dev-warehouse')).toMatchInlineSnapshot(`
"enum Kind {
  GOODS
  SERVICE
  SECRET_KIND
}

type Product {
  id: ID!
  title: String!
  supplierCode: String
  weightGrams: Int
  kind: Kind
  fragile: Boolean
  onHand: Int
  ownerOf: String!
  shippingMinor: Int
}

type Query {
  products: [Product!]!
  stockTotal: Int!
}"
`);
    expect(await schemaOf('dev-operations')).toContain('supplierCode: String');
  });

  it('answers what the contract holds, also through fields that are hidden', async () => {
    expect((await storefront('{ products { id title priceMinor onHand shippingMinor } }')).body).toEqual({
      data: {
        products: [
          { id: 'p1', title: 'Lantern', priceMinor: 338, onHand: 7, shippingMinor: 1800 },
          { id: 'p2', title: 'Mug', priceMinor: 255, onHand: 5, shippingMinor: 600 },
        ],
      },
    });
    expect((await operations('{ products { supplierCode weightGrams kind } suppliers }')).body.data).toEqual({
      products: [
        { supplierCode: 'S-1', weightGrams: 900, kind: 'GOODS' },
        { supplierCode: 'S-2', weightGrams: 300, kind: 'SECRET_KIND' },
      ],
      suppliers: ['S-1', 'S-2'],
    });
  });
});

describe('what a contract hides', () => {
  it.each([
    ['a field', '{ products { weightGrams } }', 'dev-storefront'],
    ['a field by alias', '{ products { id: weightGrams } }', 'dev-storefront'],
    ['a field in a fragment', '{ products { ...f } } fragment f on Product { supplierCode }', 'dev-storefront'],
    ['a root field', '{ suppliers }', 'dev-storefront'],
    ['a mutation', 'mutation { remove(id: "p1") }', 'dev-storefront'],
    ['a type', '{ audit { ... on Charge { text } } }', 'dev-storefront'],
    ['an enum value', '{ ofKind(kind: SECRET_KIND) { id } }', 'dev-storefront'],
    ['a price', '{ products { priceMinor } }', 'dev-warehouse'],
    ['a mutation, where the contract has none', 'mutation { remove(id: "p1") }', 'dev-warehouse'],
    ['another contract', '{ product(id: "p1") { id } }', 'dev-warehouse'],
    ['federation itself', '{ _service { sdl } }', 'dev-operations'],
    ['entities', '{ _entities(representations: []) { __typename } }', 'dev-operations'],
  ])('cannot be reached: %s', async (_, query, key) => {
    const answer = await ask(url, query, { key });
    expect(answer.status).toBe(400);
    expect(answer.body.data).toBeUndefined();
    expect(answer.body.errors[0].extensions).toEqual({
      code: 'GRAPHQL_VALIDATION_FAILED',
      retryable: false,
      traceId: answer.headers.get('x-trace-id'),
    });
  });

  it('is not named by the text of an error', async () => {
    const text = JSON.stringify([
      (await storefront('{ products { weightGram } }')).body,
      (await storefront('{ product { supplierCod } }')).body,
      (await storefront('query ($k: Kind!) { ofKind(kind: $k) { id } }', { k: 'SECRET_KIN' })).body,
      (await storefront('query ($k: Kind!) { ofKind(kind: $k) { id } }', { k: 'GOOD' })).body,
      (await storefront('{ supplier }')).body,
    ]);
    expect(text).not.toMatch(/weightGrams|supplierCode|SECRET_KIND|suppliers|Did you mean/);
  });

  it('does not come out as a value: a hidden enum value or type is null, with an error that says so', async () => {
    const kinds = await storefront('{ products { id kind } }');
    expect(kinds.body.data.products).toEqual([
      { id: 'p1', kind: 'GOODS' },
      { id: 'p2', kind: null },
    ]);
    expect(kinds.body.errors).toEqual([
      expect.objectContaining({
        path: ['products', 1, 'kind'],
        extensions: { code: 'SUBGRAPH_BAD_RESPONSE', retryable: true, traceId: expect.any(String) },
      }),
    ]);
    const audit = await storefront('{ audit { __typename ... on Note { text } } }');
    expect(audit.body.data).toEqual({ audit: [{ __typename: 'Note', text: 'seen' }, null] });
    expect(JSON.stringify([kinds.body, audit.body])).not.toMatch(/SECRET_KIND|Charge|never shown/);
  });
});
