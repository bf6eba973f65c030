import { Supergraph } from '@apollo/federation-internals';
import { describe, expect, it } from '@jest/globals';
import { buildASTSchema, type GraphQLSchema, lexicographicSortSchema, parse, printSchema } from 'graphql';
import { catalogue, compose, shopContracts, stock, tinySubgraph } from '../test/gateway/shop-graph.ts';
import { contractSupergraph, hiddenElements, type TagFilter, withoutHidden } from './contract-from-tags.ts';

/** A graph with each rule of the transform in it. */
const rules = tinySubgraph(
  'rules',
  `
  interface Problem @tag(name: "shop") @tag(name: "depot") { message: String! detail: String }
  type OrderProblem implements Problem @tag(name: "shop") { message: String! detail: String @tag(name: "secret") order: ID }
  type PickProblem implements Problem @tag(name: "depot") { message: String! detail: String bin: ID }
  type OtherProblem implements Problem @tag(name: "shop") { message: String! detail: String @tag(name: "secret") }
  interface Party { id: ID! @tag(name: "shop") }
  type Person implements Party @key(fields: "id") @tag(name: "shop") { id: ID! name: String }
  type Robot implements Party @tag(name: "depot") { id: ID! }
  union Thing = Person | Robot | Hidden
  type Hidden @inaccessible { id: ID! }
  scalar Weight
  scalar Unused
  enum Mode { FAST SLOW SECRET @tag(name: "secret") }
  enum OnlySecret { A @tag(name: "secret") }
  input Filter { mode: Mode weight: Weight inner: Inner secret: SecretInput only: OnlySecret }
  input Inner { text: String! }
  input SecretInput @tag(name: "secret") { text: String }
  input NeedsSecret { required: SecretInput! }
  type Query {
    things(filter: Filter): [Thing] @tag(name: "shop")
    party: Party @tag(name: "shop")
    robots(mode: Mode): [Robot!] @tag(name: "depot")
    optionalSecret(a: Int, s: SecretInput): Int @tag(name: "shop")
    requiredSecret(s: NeedsSecret!): Int @tag(name: "shop")
    defaulted(s: Int = 3 @tag(name: "secret")): Int @tag(name: "shop")
    untagged: Int
    unusedHere: [Problem!] @tag(name: "all-problems")
  }
  type Mutation {
    order: OrderPayload @tag(name: "shop")
    pick: PickPayload @tag(name: "depot")
  }
  type OrderPayload @tag(name: "shop") { problems: [OrderProblem!]! }
  type PickPayload @tag(name: "depot") { problems: [PickProblem!]! }
`,
  {},
);

const shop: TagFilter = { include: ['shop'], exclude: ['secret'] };
const depot: TagFilter = { include: ['depot'], exclude: ['secret'] };

function shortWay(sdl: string, filter: TagFilter): GraphQLSchema {
  const apiSchema = Supergraph.build(sdl).apiSchema().toAST();
  return buildASTSchema(withoutHidden(apiSchema, hiddenElements(parse(sdl), filter)));
}

function longWay(sdl: string, filter: TagFilter): GraphQLSchema {
  return Supergraph.build(contractSupergraph(sdl, filter)).apiSchema().toGraphQLJSSchema();
}

const text = (schema: GraphQLSchema) => printSchema(lexicographicSortSchema(schema));

describe('the contract of a client', () => {
  it('holds what its tags let in, and nothing that cannot stand without the rest', () => {
    expect(text(shortWay(compose([rules]), shop))).toMatchInlineSnapshot(`
"input Filter {
  inner: Inner
  mode: Mode
  weight: Weight
}

input Inner {
  text: String!
}

enum Mode {
  FAST
  SLOW
}

type Mutation {
  order: OrderPayload
}

type OrderPayload {
  problems: [OrderProblem!]!
}

type OrderProblem implements Problem {
  message: String!
  order: ID
}

interface Party {
  id: ID!
}

type Person implements Party {
  id: ID!
  name: String
}

interface Problem {
  message: String!
}

type Query {
  defaulted: Int
  optionalSecret(a: Int): Int
  party: Party
  things(filter: Filter): [Thing]
}

union Thing = Person

scalar Weight"
`);
  });

  it('brings the implementations of an interface only where a field returns the interface', () => {
    const types = (...include: string[]) =>
      Object.keys(shortWay(compose([rules]), { include, exclude: [] }).getTypeMap()).filter((name) =>
        name.endsWith('Problem'),
      );
    expect(types('shop')).toEqual(['OrderProblem', 'Problem']);
    expect(types('shop', 'depot')).toEqual(['OrderProblem', 'PickProblem', 'Problem']);
    expect(types('shop', 'all-problems')).toEqual(['OrderProblem', 'OtherProblem', 'Problem']);
  });

  it('is the whole API when everything is included', () => {
    const sdl = compose([rules]);
    const whole = Supergraph.build(sdl).apiSchema().toGraphQLJSSchema();
    const all = shortWay(sdl, { include: null, exclude: [] });
    const unreachable = ['Unused', 'OnlySecret', 'SecretInput', 'NeedsSecret'].filter((name) => !all.getType(name));
    expect(unreachable).toEqual(['Unused']);
    expect(text(all)).toBe(text(whole).replace(/scalar Unused\n\n/, ''));
  });
});

describe('the short way (removing from the API schema)', () => {
  const graphs: [string, string, TagFilter][] = [
    ['shop', compose([rules]), shop],
    ['depot', compose([rules]), depot],
    ['everything but the secret', compose([rules]), { include: null, exclude: ['secret'] }],
    ...shopContracts.map(({ name, filter }): [string, string, TagFilter] => [
      name,
      compose([catalogue(), stock()]),
      filter,
    ]),
  ];
  it.each(graphs)(
    'comes to the same schema as the long way (@inaccessible in the supergraph): %s',
    (_, sdl, filter) => {
      expect(text(shortWay(sdl, filter))).toBe(text(longWay(sdl, filter)));
    },
  );
});
