import { describe, expect, it } from '@jest/globals';
import { buildSchema, getOperationAST, parse } from 'graphql';
import { readCostRules } from './cost-rules.ts';
import { operationCost, type Variables } from './operation-cost.ts';

const SDL = `
  extend schema @link(url: "https://specs.apollo.dev/cost/v0.1", import: [{ name: "@cost", as: "@price" }, "@listSize"])
  directive @link(url: String!, import: [_Any], as: String) repeatable on SCHEMA
  scalar _Any
  directive @price(weight: Int!) on FIELD_DEFINITION | OBJECT | SCALAR
  directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION
  type Query {
    order(id: ID!): Order
    guess(code: String!): Order @price(weight: 50)
    orders(first: Int, last: Int, states: [State!]): OrderConnection
    byId(ids: [ID!]!): [Order]!
    top(limit: Int!): [Order] @listSize(slicingArguments: ["limit"])
    node: Node
  }
  type Mutation { place(input: Place): Order light: Order @price(weight: 1) }
  type Subscription { changed: Order }
  enum State { A B }
  input Place { lines: [Line!]! note: String }
  input Line { sku: String parts: [Line!] }
  interface Node { id: ID! }
  type OrderConnection { nodes: [Order!]! edges: [Edge!]! pageInfo: Page }
  type Page @price(weight: 0) { next: Boolean }
  type Edge { node: Order! }
  type Order implements Node {
    id: ID! total: Money! lines: [Item!]! few: [Item!]! @listSize(assumedSize: 2) notes: [String!]! history: Order
    sub(first: Int = 7): OrderConnection
  }
  type Item { id: ID! heavy: String @price(weight: 9) }
  type Money @price(weight: 0) { amount: String currency: String }
`;
const schema = buildSchema(SDL, { assumeValidSDL: true });
const rules = readCostRules(parse(SDL));

function costOf(text: string) {
  const document = parse(text);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('no operation');
  return operationCost(schema, document, operation, { rules, assumedListSize: 10 });
}

describe('what an operation may cost', () => {
  it.each<[string, number, Variables?]>([
    ['{ order(id: 1) { id } }', 1],
    ['{ __typename }', 0],
    ['{ order(id: 1) { id total { amount currency } notes } }', 1],
    ['{ guess(code: 1) { id } }', 51],
    ['{ a: guess(code: 1) { id } b: guess(code: 2) { id } }', 102],
    ['{ order(id: 1) { lines { id } } }', 11],
    ['{ order(id: 1) { few { heavy } } }', 1 + 2 * 10],
    ['{ orders(first: 3) { nodes { id } pageInfo { next } } }', 1 + 3],
    ['{ orders(last: 4) { edges { node { id } } } }', 1 + 4 * 2],
    ['{ orders(first: 3) { nodes { id } edges { node { id } } } }', 1 + 3 + 6],
    ['{ orders { nodes { id } } }', 21],
    ['{ orders(states: [A]) { nodes { id } } }', 21],
    ['{ top(limit: 6) { id } }', 6],
    ['{ byId(ids: [1, 2, 3]) { id } }', 3],
    ['query ($ids: [ID!]!) { byId(ids: $ids) { id } }', 5, { ids: [1, 2, 3, 4, 5] }],
    ['query ($n: Int) { orders(first: $n) { nodes { id } } }', 31, { n: 30 }],
    ['query ($n: Int) { orders(first: $n) { nodes { id } } }', 21, { n: null }],
    ['query ($n: Int) { orders(first: $n) { nodes { id } } }', 21, {}],
    ['query ($n: Int = 40) { orders(first: $n) { nodes { id } } }', 41, {}],
    ['query ($n: Int) { orders(first: $n) { nodes { id } } }', 21, { n: 'many' }],
    ['{ order(id: 1) { sub { nodes { id } } } }', 1 + 1 + 7],
    ['{ orders(first: 100) { nodes { sub(first: 100) { nodes { lines { id } } } } } }', 1 + 100 * (2 + 100 * 11)],
    ['query ($no: Boolean!) { order(id: 1) @include(if: $no) { lines { id } } }', 11, { no: false }],
    ['{ ...F ...F } fragment F on Query { order(id: 1) { id } }', 2],
    ['{ orders(first: 3) { ...C } } fragment C on OrderConnection { nodes { id } }', 4],
    ['{ node { id ... on Order { lines { id } } } }', 11],
    ['{ __schema { types { name } } }', 100],
    ['mutation { place(input: { lines: [] }) { id } }', 11],
    ['mutation { light { id } }', 2],
    ['mutation ($input: Place) { place(input: $input) { id } }', 11 + 3, { input: { lines: [{}, { parts: [{}] }] } }],
    ['subscription { changed { lines { id } } }', 11],
    ['{ nothing { at { all } } }', 0],
  ])('%s is %d', (text, points, variables = {}) => expect(costOf(text).requested(variables)).toBe(points));
});

describe('what it did cost', () => {
  it.each<[string, unknown, number]>([
    ['{ order(id: 1) { lines { id } } }', { order: { lines: [{ id: 1 }, { id: 2 }] } }, 3],
    ['{ order(id: 1) { few { id } } }', { order: { few: [1, 2, 3].map((id) => ({ id })) } }, 4],
    ['{ orders(first: 50) { nodes { id } } }', { orders: { nodes: [] } }, 1],
    ['{ a: order(id: 1) { total { amount } } }', { a: { total: { amount: '1' } } }, 1],
    ['{ node { ... on Order { lines { heavy } } } }', { node: {} }, 1],
    ['{ node { ... on Order { lines { heavy } } } }', { node: { lines: [{ heavy: 'x' }] } }, 11],
    ['{ byId(ids: [1, 2]) { id } }', { byId: [null, { id: 2 }] }, 2],
    ['{ orders { nodes { id } } }', {}, 0],
  ])('%s answered with %j: %d', (text, data, points) => expect(costOf(text).actual(data, {})).toBe(points));

  it('for a guess that found nothing is what it is for one that did', () => {
    const cost = costOf('{ a: guess(code: 1) { id } b: guess(code: 2) { id } }');
    expect(cost.actual({ a: null, b: null }, {})).toBe(102);
    expect(cost.actual({ a: { id: 1 }, b: { id: 2 } }, {})).toBe(102);
  });
});

describe('the sizes of pages', () => {
  it('are found wherever they are asked for', () => {
    const cost = costOf('query ($n: Int) { orders(first: 5) { nodes { sub(first: $n) { nodes { id } } } } }');
    expect(cost.largestList({ n: 99_999_999 })).toBe(99_999_999);
    expect(cost.smallestList({ n: -1 })).toBe(-1);
    expect(costOf('{ orders(first: 5, last: -5) { nodes { id } } }').smallestList({})).toBe(-5);
  });
});

describe('the names of the directives', () => {
  it.each([
    ['extend schema @link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@listSize"])', 'cost', 'listSize'],
    ['extend schema @link(url: "https://specs.apollo.dev/cost/v0.1", as: "c")', 'c', 'c__listSize'],
    ['extend schema @link(url: "https://specs.apollo.dev/cost/v0.1")', 'cost', 'cost__listSize'],
  ])('come from %s', (link, cost, listSize) => {
    const rules = readCostRules(parse(`${link} type T @${cost}(weight: 3) { l: [T] @${listSize}(assumedSize: 4) }`));
    expect([rules.weights.get('T'), rules.listSizes.get('T.l')?.assumedSize]).toEqual([3, 4]);
  });
});
