import { type TinySubgraph, tinySubgraph } from '../gateway/shop-graph.ts';

/** A composed graph and queries on it. Each shows one part of the federation specification. */
export interface Example {
  readonly shows: string;
  readonly graph: readonly TinySubgraph[];
  readonly queries: readonly string[];
}

const byReference = { __resolveReference: (reference: object) => reference };

const keys: Example = {
  shows: '@key: several, compound, nested, and one that another subgraph must give first',
  graph: [
    tinySubgraph(
      'names',
      `type Query { items: [Item!]! byCode: [Item!]! }
       type Item @key(fields: "id") @key(fields: "code region { id }") { id: ID! code: String! region: Region! name: String }
       type Region @shareable { id: ID! }`,
      {
        Query: {
          items: () => [1, 2].map((n) => ({ id: `i${n}`, code: `c${n}`, region: { id: 'uk' }, name: `Item ${n}` })),
          byCode: () => [{ id: 'i2', code: 'c2', region: { id: 'uk' }, name: 'Item 2' }],
        },
        Item: {
          __resolveReference: (reference: { id?: string; code?: string }) => {
            const number = (reference.id ?? reference.code ?? '').slice(1);
            return { id: `i${number}`, code: `c${number}`, region: { id: 'uk' }, name: `Item ${number}` };
          },
        },
      },
    ),
    tinySubgraph(
      'prices',
      `type Item @key(fields: "code region { id }") { code: String! region: Region! price: Int }
       type Region @shareable { id: ID! }`,
      { Item: { ...byReference, price: ({ code }: { code: string }) => Number(code.slice(1)) * 100 } },
    ),
    tinySubgraph(
      'ratings',
      `type Query { best: Item }
       type Item @key(fields: "id") { id: ID! stars: Int }`,
      {
        Query: { best: () => ({ id: 'i2' }) },
        Item: { ...byReference, stars: ({ id }: { id: string }) => id.length + 2 },
      },
    ),
  ],
  queries: [
    '{ items { id price stars } }',
    '{ best { price } }',
    '{ best { name price region { id } } byCode { stars } }',
    '{ a: items { x: price } b: best { y: stars z: __typename } }',
    'query($with: Boolean = false) { best { stars price @include(if: $with) name @skip(if: $with) } }',
  ],
};

const requires: Example = {
  shows: '@requires, also of what is itself required, and @provides',
  graph: [
    tinySubgraph(
      'goods',
      `type Query { parcel: Parcel }
       type Parcel @key(fields: "id") { id: ID! weight: Int @shareable size: Size }
       type Size @shareable { width: Int height: Int }`,
      {
        Query: { parcel: () => ({ id: 'p', weight: 3, size: { width: 2, height: 5 } }) },
        Parcel: { __resolveReference: () => ({ id: 'p', weight: 3, size: { width: 2, height: 5 } }) },
      },
    ),
    tinySubgraph(
      'rates',
      `type Query { recent: [Parcel] @provides(fields: "weight") }
       type Parcel @key(fields: "id") {
         id: ID! weight: Int @external size: Size @external
         rate: Int @requires(fields: "weight size { width height }")
       }
       type Size @shareable { width: Int height: Int }`,
      {
        Query: { recent: () => [{ id: 'p', weight: 4 }] },
        Parcel: {
          ...byReference,
          rate: ({ weight, size }: { weight: number; size: { width: number; height: number } }) =>
            weight * size.width * size.height,
        },
      },
    ),
    tinySubgraph(
      'invoices',
      `type Parcel @key(fields: "id") { id: ID! rate: Int @external total: String @requires(fields: "rate") }`,
      { Parcel: { ...byReference, total: ({ rate }: { rate: number }) => `${rate} GBP` } },
    ),
  ],
  queries: [
    '{ parcel { rate } }',
    '{ parcel { total } }',
    '{ recent { id weight } }',
    '{ recent { weight size { width } } }',
  ],
};

const abstract: Example = {
  shows: 'interfaces and unions whose members come from several subgraphs',
  graph: [
    tinySubgraph(
      'media',
      `type Query { feed: [Media!]! search: [Result] }
       interface Media { id: ID! title: String }
       type Book implements Media @key(fields: "id") { id: ID! title: String pages: Int }
       type Film implements Media @key(fields: "id") { id: ID! title: String minutes: Int }
       union Result = Book | Film | Shop
       type Shop { name: String }`,
      {
        Query: {
          feed: () => [
            { __typename: 'Book', id: 'b1', title: 'A book', pages: 100 },
            { __typename: 'Film', id: 'f1', title: 'A film', minutes: 90 },
          ],
          search: () => [{ __typename: 'Shop', name: 'Corner' }, null, { __typename: 'Film', id: 'f1' }],
        },
        Book: { __resolveReference: ({ id }: { id: string }) => ({ id, title: 'A book', pages: 100 }) },
        Film: { __resolveReference: ({ id }: { id: string }) => ({ id, title: 'A film', minutes: 90 }) },
      },
    ),
    tinySubgraph(
      'reviews',
      `interface Media { id: ID! stars: Int }
       type Book implements Media @key(fields: "id") { id: ID! stars: Int }
       type Film implements Media @key(fields: "id") { id: ID! stars: Int }
       type Query { top: Media }`,
      {
        Query: { top: () => ({ __typename: 'Book', id: 'b1' }) },
        Book: { ...byReference, stars: () => 4 },
        Film: { ...byReference, stars: () => 3 },
      },
    ),
  ],
  queries: [
    '{ feed { __typename id title } }',
    '{ feed { stars ... on Book { pages } ... on Film { minutes } } }',
    '{ search { __typename ... on Shop { name } ... on Film { stars } } }',
    '{ top { stars title ... on Book { pages } } }',
    'query { feed { ...m } } fragment m on Media { id ...b } fragment b on Book { stars }',
  ],
};

const interfaceObject: Example = {
  shows: 'an entity interface extended by @interfaceObject',
  graph: [
    tinySubgraph(
      'accounts',
      `type Query { users: [User!]! }
       interface User @key(fields: "id") { id: ID! name: String }
       type Admin implements User @key(fields: "id") { id: ID! name: String level: Int }
       type Guest implements User @key(fields: "id") { id: ID! name: String }`,
      {
        Query: {
          users: () => [
            { __typename: 'Admin', id: 'u1', name: 'Ada', level: 9 },
            { __typename: 'Guest', id: 'u2', name: 'Guy' },
          ],
        },
        User: {
          __resolveReference: ({ id }: { id: string }) =>
            id === 'u1' ? { __typename: 'Admin', id, name: 'Ada', level: 9 } : { __typename: 'Guest', id, name: 'Guy' },
        },
        Admin: { __resolveReference: ({ id }: { id: string }) => ({ id, name: 'Ada', level: 9 }) },
        Guest: { __resolveReference: ({ id }: { id: string }) => ({ id, name: 'Guy' }) },
      },
    ),
    tinySubgraph(
      'visits',
      `type Query { lastVisitor: User }
       type User @key(fields: "id") @interfaceObject { id: ID! visits: Int }`,
      {
        Query: { lastVisitor: () => ({ id: 'u2' }) },
        User: { ...byReference, visits: ({ id }: { id: string }) => id.length },
      },
    ),
  ],
  queries: [
    '{ users { id visits } }',
    '{ users { __typename name visits ... on Admin { level } } }',
    '{ lastVisitor { visits } }',
    '{ lastVisitor { __typename name visits } }',
    '{ lastVisitor { ... on Guest { name } ... on Admin { level } } }',
  ],
};

const sharing: Example = {
  shows: '@shareable, @override, @inaccessible, mutations in their order, and introspection',
  graph: [
    tinySubgraph(
      'old',
      `type Query { thing: Thing @shareable hidden: Int @inaccessible }
       type Mutation { add(to: String!): [String!]! }
       type Thing @key(fields: "id") { id: ID! moved: String kept: String }`,
      {
        Query: { thing: () => ({ id: 't', moved: 'old', kept: 'old' }) },
        Mutation: { add: (_: unknown, { to }: { to: string }) => [to, 'old'] },
        Thing: { __resolveReference: () => ({ id: 't', moved: 'old', kept: 'old' }) },
      },
    ),
    tinySubgraph(
      'new',
      `type Query { thing: Thing @shareable }
       type Mutation { addLater(to: String!): [String!]! }
       type Thing @key(fields: "id") { id: ID! moved: String @override(from: "old") }`,
      {
        Query: { thing: () => ({ id: 't', moved: 'new' }) },
        Mutation: { addLater: (_: unknown, { to }: { to: string }) => [to, 'new'] },
        Thing: { __resolveReference: () => ({ id: 't', moved: 'new' }) },
      },
    ),
  ],
  queries: [
    '{ thing { moved kept } }',
    'mutation { a: add(to: "x") b: addLater(to: "y") c: add(to: "z") }',
    '{ hidden }',
    '{ __schema { queryType { name } types { name kind } } __type(name: "Thing") { fields { name type { name } } } thing { id } }',
    '{ __typename }',
  ],
};

const failures: Example = {
  shows: 'null and errors: entities that are not known, fields that fail, lists with holes',
  graph: [
    tinySubgraph(
      'lists',
      `type Query { all: [Node] one(id: ID!): Node }
       type Node @key(fields: "id") { id: ID! next: Node }`,
      {
        Query: {
          all: () => [{ id: 'a' }, null, { id: 'gone' }],
          one: (_: unknown, { id }: { id: string }) => ({ id, next: { id: 'a' } }),
        },
        Node: byReference,
      },
    ),
    tinySubgraph('values', `type Node @key(fields: "id") { id: ID! value: Int fails: Int }`, {
      Node: {
        __resolveReference: ({ id }: { id: string }) => (id === 'gone' ? null : { id }),
        value: () => 1,
        fails: () => {
          throw new Error('it fails');
        },
      },
    }),
  ],
  queries: [
    '{ all { id value } }',
    '{ all { id fails } }',
    '{ one(id: "b") { value next { value next { id } } } }',
    'query($id: ID!) { one(id: $id) { id } }',
    '{ one { id } }',
    'query A { one(id: "a") { id } } query B { all { id } }',
  ],
};

export const examples: readonly Example[] = [keys, requires, abstract, interfaceObject, sharing, failures];
