import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, parse } from 'graphql';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@tag", "@shareable", "@external", "@requires", "@provides", "@interfaceObject", "@inaccessible"])\n`;

/** A graph with one of everything that plans are made of: it answers with whatever `answers.ts` makes up. */
const TYPES: Readonly<Record<string, string>> = {
  goods: `
    type Query { items(first: Int): [Item!]! item(id: ID!): Item feed: [Media] best: Media! search(text: String): [Result!] grid: [[Item]] shelf: Shelf! }
    type Mutation { change(id: ID!): Item! clear: Int }
    scalar Json
    enum Colour { RED GREEN INFRARED @tag(name: "internal") }
    interface Media { id: ID! title: String! maker: Maker }
    type Item @key(fields: "id") @key(fields: "code region { id }") {
      id: ID! code: String! region: Region! name: String! @shareable colour: Colour! colours: [Colour!] price: Float count: Int! flag: Boolean facts: Json
      size: Size related: [Item!] parent: Item maker: Maker hidden: String @tag(name: "internal")
    }
    type Region @shareable { id: ID! name: String }
    type Size @shareable { width: Int! height: Int }
    type Maker @key(fields: "id") { id: ID! name: String! items: [Item] }
    type Book implements Media @key(fields: "id") { id: ID! title: String! maker: Maker pages: Int }
    type Film implements Media @key(fields: "id") { id: ID! title: String! maker: Maker minutes: Int! }
    type Secret implements Media @key(fields: "id") @tag(name: "internal") { id: ID! title: String! maker: Maker }
    type Shelf { label: String best: Media items: [Item!]! results: [Result] }
    union Result = Item | Book | Film | Shelf | Secret`,
  stock: `
    type Query { scarce: [Item] lastBook: Book }
    type Mutation { count(id: ID!, by: Int = 1): Item }
    type Item @key(fields: "id") {
      id: ID! size: Size @external count: Int! @external
      onHand: Int! places: [Place!] freight: String @requires(fields: "size { width height } count") nearest(to: String): Place!
    }
    type Size @shareable { width: Int! height: Int }
    type Place @key(fields: "id") { id: ID! label: String! item: Item }
    type Book @key(fields: "id") { id: ID! copies: [Place] }`,
  prices: `
    type Query { offers: [Offer!] }
    type Item @key(fields: "code region { id }") { code: String! region: Region! offer: Offer offers(first: Int = 2): [Offer!]! name: String! @external }
    type Region @shareable { id: ID! }
    type Offer { amount: String! currency: Currency! for: Item @provides(fields: "name") place: Place }
    enum Currency { GBP EUR }
    type Place @key(fields: "id") { id: ID! rent: Float! }`,
  reviews: `
    type Query { lastMedia: Media }
    type Media @key(fields: "id") @interfaceObject { id: ID! stars: Int! notes: [Note!] }
    type Note { text: String! about: Media author: Author! }
    union Author = Maker | Robot
    type Robot { model: String }
    type Maker @key(fields: "id") { id: ID! notes: [Note] rank: Int! }
    type Item @key(fields: "id") { id: ID! freight: String @external stars: Int! summary: String! @requires(fields: "freight") notes: [Note!]! }`,
};

// An entity interface, so that `@interfaceObject` can add to it.
const SCHEMAS = Object.entries(TYPES).map(([name, types]) => ({
  name,
  typeDefs: parse(LINK + types.replace('interface Media {', 'interface Media @key(fields: "id") {')),
}));

/** Who knows an entity interface knows the type of each of its entities. */
const resolvers = {
  Media: {
    __resolveReference: (reference: { id: string }) => ({
      ...reference,
      __typename: ['Book', 'Film', 'Secret'][reference.id.length % 3 || Number(reference.id) % 3 || 0],
    }),
  },
};

export const SUBGRAPHS: ReadonlyMap<string, GraphQLSchema> = new Map(
  SCHEMAS.map(({ name, typeDefs }) => [
    name,
    buildSubgraphSchema([{ typeDefs, ...(name === 'goods' ? { resolvers: resolvers as never } : {}) }]),
  ]),
);

export function supergraph(): string {
  const result = composeServices(SCHEMAS.map((each) => ({ ...each, url: `http://${each.name}.invalid/graphql` })));
  if (result.errors) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result.supergraphSdl;
}
