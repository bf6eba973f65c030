import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, parse } from 'graphql';

// The shop of the public gateway benchmark, after its description: accounts, products, reviews and stock in four subgraphs,
// and one deeply nested query in which few entities come up again and again. Data and code are our own.
const USERS = 6;
const PRODUCTS = 9;
const REVIEWS = 11;
/** Few wrote, and about few products: that is what makes the answer large. */
const AUTHORS = 2;
const REVIEWED = 4;
const TEXT =
  'A text of some length, as reviews have it: neither long nor short, with a word or two about the colour, the price, the people who brought it, and what the neighbours thought.';

type Row = Record<string, unknown>;
const range = (count: number) => Array.from({ length: count }, (_, index) => String(index + 1));
const users = range(USERS).map((id) => ({ id, name: `User number ${id}`, username: `user-${id}` }));
const products = range(PRODUCTS).map((upc) => ({
  upc,
  name: `Product number ${upc}`,
  price: 100 * Number(upc),
  weight: 10 * Number(upc),
}));
const reviews = range(REVIEWS).map((id) => ({
  id,
  body: TEXT,
  author: { __typename: 'User', id: String((Number(id) % AUTHORS) + 1) },
  product: { __typename: 'Product', upc: String((Number(id) % REVIEWED) + 1) },
}));
const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@requires"])\n`;

const SUBGRAPHS: Readonly<Record<string, { types: string; resolvers: Record<string, Row> }>> = {
  accounts: {
    types: 'type Query { users: [User] } type User @key(fields: "id") { id: ID! name: String username: String }',
    resolvers: {
      Query: { users: () => users },
      User: { __resolveReference: ({ id }: Row) => users.find((user) => user.id === id) },
    },
  },
  products: {
    types: `type Query { topProducts(first: Int = 5): [Product] }
      type Product @key(fields: "upc") { upc: String! name: String price: Int weight: Int }`,
    resolvers: {
      Query: { topProducts: (_: Row, { first }: { first: number }) => products.slice(0, first) },
      Product: { __resolveReference: ({ upc }: Row) => products.find((product) => product.upc === upc) },
    },
  },
  reviews: {
    types: `type Review @key(fields: "id") { id: ID! body: String author: User product: Product }
      type User @key(fields: "id") { id: ID! reviews: [Review] }
      type Product @key(fields: "upc") { upc: String! reviews: [Review] }`,
    resolvers: {
      Review: { __resolveReference: ({ id }: Row) => reviews.find((review) => review.id === id) },
      User: { reviews: ({ id }: Row) => reviews.filter(({ author }) => author.id === id) },
      Product: { reviews: ({ upc }: Row) => reviews.filter(({ product }) => product.upc === upc) },
    },
  },
  inventory: {
    types: `type Product @key(fields: "upc") {
        upc: String! weight: Int @external price: Int @external
        inStock: Boolean shippingEstimate: Int @requires(fields: "price weight") }`,
    resolvers: {
      Product: {
        inStock: ({ upc }: Row) => Number(upc) % 2 === 0,
        shippingEstimate: ({ price, weight }: { price: number; weight: number }) => (price > 1_000 ? 0 : weight / 2),
      },
    },
  },
};

export const SUBGRAPH_NAMES = Object.keys(SUBGRAPHS);

export function schemaOf(name: string): GraphQLSchema {
  const subgraph = SUBGRAPHS[name];
  if (!subgraph) throw new Error(`no subgraph ${name}`);
  return buildSubgraphSchema([{ typeDefs: parse(LINK + subgraph.types), resolvers: subgraph.resolvers as never }]);
}

/** @param port of the server of all subgraphs */
export function supergraphAt(port: number): string {
  const services = Object.entries(SUBGRAPHS).map(([name, { types }]) => ({
    name,
    url: `http://127.0.0.1:${port}/${name}`,
    typeDefs: parse(LINK + types),
  }));
  const result = composeServices(services);
  if (result.errors) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result.supergraphSdl;
}

export const QUERY = `
  fragment User on User { id username name }
  fragment Review on Review { id body }
  fragment Product on Product { inStock name price shippingEstimate upc weight }
  query Shop {
    users {
      ...User
      reviews { ...Review product { ...Product reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } } } }
    }
    topProducts {
      ...Product
      reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } }
    }
  }`;
