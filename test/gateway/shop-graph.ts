import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { GraphQLError, parse } from 'graphql';
import { CommerceError } from '../../platform/errors.ts';
import { markReplayed, type RequestContext, type Resolvers, type Subgraph } from '../../platform/graphql/subgraph.ts';
import type { ContractDefinition } from '../../registry/contracts.ts';

/** A subgraph of a test: schema and resolvers in a few lines. */
export interface TinySubgraph {
  readonly subgraph: Subgraph;
  readonly typeDefs: string;
}

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@tag", "@shareable", "@external", "@requires", "@provides", "@interfaceObject", "@inaccessible", "@override",
    "@authenticated", "@requiresScopes", "@policy"])\n`;

export function tinySubgraph(name: string, schema: string, resolvers: Resolvers): TinySubgraph {
  const typeDefs = LINK + schema;
  const executable = buildSubgraphSchema([{ typeDefs: parse(typeDefs), resolvers: resolvers as never }]);
  return { typeDefs, subgraph: { name, schema: executable, context: (caller, signal) => ({ caller, signal }) } };
}

/** @throws Error with what composition found wrong */
export function compose(subgraphs: readonly TinySubgraph[], urls: Readonly<Record<string, string>> = {}): string {
  const result = composeServices(
    subgraphs.map(({ subgraph: { name }, typeDefs }) => ({
      name,
      url: urls[name] ?? `http://${name}.invalid/graphql`,
      typeDefs: parse(typeDefs),
    })),
  );
  if (result.errors) throw new Error(result.errors.map((error) => error.message).join('\n'));
  return result.supergraphSdl;
}

export const shopContracts: readonly ContractDefinition[] = [
  {
    path: 'storefront/2026-11',
    name: 'storefront',
    version: '2026-11',
    filter: { include: ['selling'], exclude: ['internal'] },
    documents: 'open',
  },
  {
    path: 'warehouse/2026-11',
    name: 'warehouse',
    version: '2026-11',
    filter: { include: ['warehouse'], exclude: ['price'] },
    documents: 'open',
  },
  {
    path: 'operations/2026-11',
    name: 'operations',
    version: '2026-11',
    filter: { include: null, exclude: [] },
    documents: 'open',
  },
];

export const products = [
  { id: 'p1', title: 'Lantern', priceMinor: 338, weightGrams: 900, supplierCode: 'S-1', kind: 'GOODS' },
  { id: 'p2', title: 'Mug', priceMinor: 255, weightGrams: 300, supplierCode: 'S-2', kind: 'SECRET_KIND' },
];

/** Products with a price and, from another subgraph, stock and a shipping cost that needs the hidden weight. */
export function catalogue(extra = ''): TinySubgraph {
  return tinySubgraph(
    'catalogue',
    `
    type Query {
      products: [Product!]! @tag(name: "selling") @tag(name: "warehouse")
      product(id: ID!): Product @tag(name: "selling")
      ofKind(kind: Kind!): [Product!]! @tag(name: "selling")
      audit: [Entry] @tag(name: "selling")
      suppliers: [String!]!
      ${extra}
    }
    type Mutation {
      rename(id: ID!, title: String!, key: String!): Product @tag(name: "selling")
      remove(id: ID!): Boolean
    }
    type Product @key(fields: "id") @tag(name: "selling") @tag(name: "warehouse") {
      id: ID!
      title: String!
      priceMinor: Int @tag(name: "price")
      supplierCode: String @tag(name: "internal")
      weightGrams: Int @tag(name: "internal")
      kind: Kind
      fragile: Boolean
    }
    enum Kind { GOODS SERVICE SECRET_KIND @tag(name: "internal") }
    union Entry = Note | Charge
    type Note @tag(name: "selling") { text: String }
    type Charge @tag(name: "internal") { text: String }
  `,
    {
      Query: {
        products: () => products,
        product: (_: unknown, { id }: { id: string }) => products.find((product) => product.id === id) ?? null,
        ofKind: (_: unknown, { kind }: { kind: string }) => products.filter((product) => product.kind === kind),
        audit: () => [
          { __typename: 'Note', text: 'seen' },
          { __typename: 'Charge', text: 'never shown' },
        ],
        suppliers: () => ['S-1', 'S-2'],
      },
      Mutation: {
        rename(_: unknown, { id, title, key }: { id: string; title: string; key: string }, context: RequestContext) {
          if (key === 'again') markReplayed(context);
          if (key === 'refused') throw new CommerceError('IDEMPOTENCY_CONFLICT', 'Other input.', { secretDetail: 'x' });
          if (key === 'full') throw new CommerceError('OVERLOADED', 'Too many wait.', { retryAfterSeconds: 3 });
          if (key === 'bug') throw new Error('password=hunter2');
          if (key === 'plain')
            throw new GraphQLError('Bad title', { extensions: { code: 'BAD_USER_INPUT', inner: 1 } });
          return { ...products[0], id, title };
        },
        remove: () => true,
      },
      Product: {
        __resolveReference: ({ id }: { id: string }) => products.find((product) => product.id === id) ?? null,
        fragile: () => {
          throw new CommerceError('SYSTEM_TIMEOUT', 'The catalogue did not answer.');
        },
      },
    },
  );
}

export function stock(): TinySubgraph {
  return tinySubgraph(
    'stock',
    `
    type Query { stockTotal: Int! @tag(name: "warehouse") }
    type Product @key(fields: "id") @tag(name: "selling") @tag(name: "warehouse") {
      id: ID!
      weightGrams: Int @external
      onHand: Int
      ownerOf: String!
      shippingMinor: Int @requires(fields: "weightGrams")
    }
  `,
    {
      Query: { stockTotal: () => 12 },
      Product: {
        __resolveReference: (reference: { id: string }) => (reference.id === 'unknown' ? null : reference),
        onHand: ({ id }: { id: string }) => (id === 'p1' ? 7 : 5),
        ownerOf: ({ id }: { id: string }) => `owner of ${id}`,
        shippingMinor: ({ weightGrams }: { weightGrams: number }) => weightGrams * 2,
      },
    },
  );
}
