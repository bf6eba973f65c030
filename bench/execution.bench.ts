import { isDeepStrictEqual } from 'node:util';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import { report } from './capture/options.ts';
import { importPeer, installPeers } from './gateway/install-peers.ts';

// `npm run bench:execution`: what a subgraph's execution costs by graphql-js, and by graphql-jit, which compiles operations. The
// shapes are those of our subgraphs: entities whose fields are there, entities whose fields come from loaders, a listing of both.
const versions = installPeers();
// As in production: otherwise graphql-js checks each type that it meets.
process.env.NODE_ENV = 'production';
/** One copy of graphql for both: objects of two are not taken for the same. */
const { buildSchema, execute, parse } = await importPeer<typeof import('graphql')>('graphql');
const { compileQuery } = await importPeer<{ compileQuery: Compile }>('graphql-jit');

type Compile = (
  schema: GraphQLSchema,
  document: DocumentNode,
) => { query: (root: unknown, context: unknown, variables: object) => ExecutionResult | Promise<ExecutionResult> };

const schema = buildSchema(`
  type Query { listing(first: Int!): [Product!]! variants(skus: [ID!]!): [Variant]! }
  type Product { id: ID! handle: String! title: String! vendor: String status: Status! variants: [Variant!]! }
  enum Status { ACTIVE ARCHIVED }
  type Variant { id: ID! sku: String! title: String! barcode: String price: Price availability: Availability }
  type Price { amount: Money! taxIncluded: Boolean! }
  type Money { amount: String! currencyCode: String! }
  type Availability { status: String! sellableQuantity: Int! asOf: String! }`);
const price = { amount: { amount: '12.50', currencyCode: 'GBP' }, taxIncluded: true };
const availability = { status: 'IN_STOCK', sellableQuantity: 7, asOf: '2026-11-27T10:00:00Z' };
const variant = (id: number) => ({ id: `v${id}`, sku: `SKU-${id}`, title: `Variant ${id}`, barcode: null });
const variants = Array.from({ length: 500 }, (_, id) => variant(id));
const products = Array.from({ length: 100 }, (_, id) => ({
  ...{ id: `p${id}`, handle: `product-${id}`, title: `Product ${id}`, vendor: 'Ours', status: 'ACTIVE' },
  variants: variants.slice(id * 5, id * 5 + 5),
}));
const resolvers: Record<string, Record<string, (source: never, args: never) => unknown>> = {
  Query: {
    listing: (_, { first }: { first: number }) => products.slice(0, first),
    variants: (_, { skus }: { skus: readonly string[] }) => skus.map((sku) => variants[Number(sku)] ?? null),
  },
  // As loaders answer: later, all of them together.
  Variant: { price: async () => price, availability: async () => availability },
};
for (const [type, fields] of Object.entries(resolvers))
  for (const [name, resolve] of Object.entries(fields))
    Object.assign((schema.getType(type) as { getFields(): Record<string, object> }).getFields()[name] ?? {}, {
      resolve,
    });

const VARIABLES = { first: 20, skus: Array.from({ length: 100 }, (_, sku) => String(sku)) };
const CASES: Readonly<Record<string, string>> = {
  '100 entities, fields that are there':
    'query ($skus: [ID!]!) { variants(skus: $skus) { __typename id sku title barcode } }',
  '100 entities, fields of loaders':
    'query ($skus: [ID!]!) { variants(skus: $skus) { price { amount { amount currencyCode } } availability { status sellableQuantity asOf } } }',
  'a listing of 20 products with 5 variants each':
    'query ($first: Int!) { listing(first: $first) { id handle title vendor status variants { sku title price { amount { amount currencyCode } } availability { status sellableQuantity } } } }',
};

/** CPU milliseconds of one execution. */
async function cost(run: () => ExecutionResult | Promise<ExecutionResult>, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let time = 0; time < times; time++) await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / times;
}

const ROUNDS = 5;
const rows: string[] = [];
for (const [name, text] of Object.entries(CASES)) {
  const document = parse(text);
  const compiled = compileQuery(schema, document);
  const ways = {
    js: () => execute({ schema, document, variableValues: VARIABLES }) as Promise<ExecutionResult>,
    jit: () => compiled.query(undefined, {}, VARIABLES),
  };
  const [one, other] = [await ways.js(), await ways.jit()];
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other))))
    throw new Error(`${name}: the answers differ`);
  for (const run of Object.values(ways)) await cost(run, 500);
  const found: { js: number[]; jit: number[] } = { js: [], jit: [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const way of ['js', 'jit'] as const) found[way].push(await cost(ways[way], 300));
  const median = (list: number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
  const [js, jit] = [median(found.js), median(found.jit)];
  rows.push(`| ${name} | ${js.toFixed(3)} | ${jit.toFixed(3)} | ${(js / jit).toFixed(2)}× |`);
}
const head = '| operation | graphql-js, CPU ms | graphql-jit, CPU ms | jit to js |\n| --- | --- | --- | --- |';
report('execution', `Medians of ${ROUNDS} rounds, by turns. ${versions.join(', ')}\n\n${head}\n${rows.join('\n')}`);
