import type { FetchNode } from '@apollo/query-planner';
import { expect, it } from '@jest/globals';
import { buildSchema, OperationTypeNode } from 'graphql';
import { createLogger } from '../../platform/logger.ts';
import { callerOf } from '../../test/helpers/subgraph.ts';
import { createContext } from '../context.ts';
import { createDataSource } from '../data-sources/data-source.ts';
import { compileFetch, compileSiblings } from './compile-fetch.ts';
import { PlanRequests } from './plan-requests.ts';
import type { Entity, Run } from './run.ts';

const supergraph = buildSchema(
  'type Query { items: [Item] } type Item { id: ID! price: Int tags: [Tag!] } type Tag { id: ID! }',
);
const logger = createLogger({ level: 'silent', component: 'test' });

/** A run in which the subgraph answers what `answer` says, and remembers what it was asked. */
function runOn(data: Entity, answer: (variables: Entity) => unknown): Run & { asked: Entity[]; texts: string[] } {
  const asked: Entity[] = [];
  const texts: string[] = [];
  const source = createDataSource(
    async ({ operation, variables }) => {
      asked.push(variables);
      texts.push(operation.text);
      return answer(variables);
    },
    { subgraph: 'prices', deadlineMillis: 60_000, logger },
  );
  const context = createContext(callerOf(), new AbortController().signal);
  return {
    data,
    variables: {},
    context,
    services: { prices: source },
    errors: [],
    shared: new Map(),
    isComplete: true,
    asked,
    texts,
  };
}

const options = () => ({ supergraph, requests: new PlanRequests(true) });

const fetch: FetchNode = {
  kind: 'Fetch',
  serviceName: 'prices',
  requires: [
    {
      kind: 'InlineFragment',
      typeCondition: 'Item',
      selections: [
        { kind: 'Field', name: '__typename' },
        { kind: 'Field', name: 'id' },
      ],
    },
  ],
  operation:
    'query Page__prices__1($representations:[_Any!]!){_entities(representations:$representations){...on Item{price}}}',
  operationName: 'Page__prices__1',
  operationKind: OperationTypeNode.QUERY,
};
const item = (id: unknown) => ({ __typename: 'Item', id });

it('asks for each entity once, and takes over what it asked for', async () => {
  const run = runOn({ items: [item('a'), null, item('b'), item('a')] }, () => ({
    data: { _entities: [{ price: 1, secret: 'x' }, { price: 2 }] },
  }));
  await compileFetch({ node: fetch, path: ['items', '@'] }, options())(run);
  expect(run.asked).toEqual([{ representations: [item('a'), item('b')] }]);
  expect(run.data.items).toEqual([
    { ...item('a'), price: 1 },
    null,
    { ...item('b'), price: 2 },
    { ...item('a'), price: 1 },
  ]);
  expect(run.isComplete).toBe(true);
});

it('tells 1 from "1"', async () => {
  const run = runOn({ items: [item(1), item('1')] }, () => ({ data: { _entities: [{ price: 1 }, { price: 2 }] } }));
  await compileFetch({ node: fetch, path: ['items', '@'] }, options())(run);
  expect(run.data.items).toEqual([
    { ...item(1), price: 1 },
    { ...item('1'), price: 2 },
  ]);
});

it('points an error at its entity, also behind one that could not be asked for', async () => {
  const run = runOn({ items: [{ __typename: 'Item' }, item('b')] }, () => ({
    data: { _entities: [{ price: null }] },
    errors: [{ message: 'no price', path: ['_entities', 0, 'price'], extensions: { code: 'SYSTEM_TIMEOUT' } }],
  }));
  await compileFetch({ node: fetch, path: ['items', '@'] }, options())(run);
  expect(run.errors).toMatchObject([{ message: 'no price', path: ['items', 1, 'price'] }]);
  expect(run.isComplete).toBe(false);
});

it('sends equal requests of a run once, and gives each place objects of its own', async () => {
  const run = runOn({ one: item('a'), two: item('a') }, () => ({ data: { _entities: [{ tags: [{ id: 't' }] }] } }));
  const node = { ...fetch, operation: fetch.operation.replace('{price}', '{tags{id}}') };
  const second = { ...node, operation: node.operation.replace('_1', '_2'), operationName: 'Page__prices__2' };
  const shared = options();
  const steps = [compileFetch({ node, path: ['one'] }, shared), compileFetch({ node: second, path: ['two'] }, shared)];
  await Promise.all(steps.map((step) => step(run)));
  expect(run.asked).toHaveLength(1);
  expect(run.data).toEqual({ one: { ...item('a'), tags: [{ id: 't' }] }, two: { ...item('a'), tags: [{ id: 't' }] } });
  const tagsOf = (name: string) => (run.data[name] as { tags: object[] }).tags[0];
  expect(tagsOf('one')).not.toBe(tagsOf('two'));
});

it('tells entities of two types with the same id apart', async () => {
  const requires = [
    ...(fetch.requires ?? []),
    { ...fetch.requires?.[0], typeCondition: 'Tag' },
  ] as FetchNode['requires'];
  const node = { ...fetch, ...(requires ? { requires } : {}) };
  const run = runOn({ items: [item('a'), { __typename: 'Tag', id: 'a' }] }, () => ({
    data: { _entities: [{ price: 1 }, { price: 2 }] },
  }));
  await compileFetch({ node: node, path: ['items', '@'] }, options())(run);
  expect(run.asked[0]?.representations).toEqual([item('a'), { __typename: 'Tag', id: 'a' }]);
  expect(run.data.items).toMatchObject([{ price: 1 }, { price: 2 }]);
});

const twoPlaces = () => ({ one: item('a'), two: [item('b'), item('a')] });
const pricesOf = (...places: object[]) => places.map((place) => (place as { price?: number }).price);

it('asks once for all places that want the same of their entities', async () => {
  const data = twoPlaces();
  const run = runOn(data, () => ({ data: { _entities: [{ price: 1 }, { price: 2 }] } }));
  const places = [['one'], ['two', '@']].map((path) => ({ node: fetch, path }));
  await compileSiblings(places, options())(run);
  expect(run.asked).toEqual([{ representations: [item('a'), item('b')] }]);
  expect(pricesOf(data.one, ...data.two)).toEqual([1, 2, 1]);
});

it('gives each of the places that it asks for at once objects of its own: what is fetched later may differ', async () => {
  const run = runOn(twoPlaces(), () => ({ data: { _entities: [{ tags: [{ id: 't' }] }, { tags: [{ id: 'u' }] }] } }));
  const node = { ...fetch, operation: fetch.operation.replace('{price}', '{tags{id}}') };
  await compileSiblings(
    [
      { node, path: ['one'] },
      { node, path: ['two', '@'] },
    ],
    options(),
  )(run);
  const { one, two } = run.data as { one: Entity; two: Entity[] };
  expect([one, two]).toEqual([
    { ...item('a'), tags: [{ id: 't' }] },
    [
      { ...item('b'), tags: [{ id: 'u' }] },
      { ...item('a'), tags: [{ id: 't' }] },
    ],
  ]);
  Object.assign((one.tags as Entity[])[0] ?? {}, { label: 'of one' });
  expect(two[1]?.tags).toEqual([{ id: 't' }]);
});

it('tells an error at each place of its entity, and the failure of all at every place', async () => {
  const error = { message: 'no price', path: ['_entities', 0, 'price'], extensions: { code: 'SYSTEM_TIMEOUT' } };
  const places = [['one'], ['two', '@'], ['three', '@']].map((path) => ({ node: fetch, path }));
  const told = async (answer: object) => {
    const run = runOn({ ...twoPlaces(), three: [item('c')] }, () => answer);
    await compileSiblings(places, options())(run);
    return run.errors.map((each) => (each as { path?: unknown }).path);
  };
  const some = { data: { _entities: [{ price: null }, { price: 2 }, { price: 3 }] }, errors: [error] };
  expect(await told(some)).toEqual([
    ['one', 'price'],
    ['two', 1, 'price'],
  ]);
  expect(await told({ data: null, errors: [error] })).toEqual([
    ['one', 'price'],
    ['two', 1, 'price'],
    ['three', 0, 'price'],
  ]);
});

it('sends what siblings ask of a subgraph in one request, and alone what is left of it', async () => {
  const tags = { ...fetch, operation: fetch.operation.replace('{price}}}', '{...T}}}fragment T on Item{tags{id}}') };
  const places = [
    { node: fetch, path: ['one'] },
    { node: tags, path: ['two', '@'] },
  ];
  const merged = runOn(twoPlaces(), () => ({
    data: { _entities_0: [{ price: 1 }], _entities_1: [null, { tags: [{ id: 't' }] }] },
    errors: [{ message: 'gone', path: ['_entities_1', 0, 'tags'], extensions: { code: 'NOT_FOUND' } }],
  }));
  const step = compileSiblings(places, options());
  await step(merged);
  expect(merged.asked).toEqual([{ representations_0: [item('a')], representations_1: [item('b'), item('a')] }]);
  expect(merged.texts).toEqual([
    'query Page__prices($representations_0:[_Any!]!$representations_1:[_Any!]!){_entities_0:_entities(representations:$representations_0){...on Item{price}}_entities_1:_entities(representations:$representations_1){...on Item{...T_1}}}fragment T_1 on Item{tags{id}}',
  ]);
  expect(merged.data).toEqual({
    one: { ...item('a'), price: 1 },
    two: [item('b'), { ...item('a'), tags: [{ id: 't' }] }],
  });
  expect(merged.errors).toMatchObject([{ message: 'gone', path: ['two', 0, 'tags'] }]);

  const alone = runOn({ one: null, two: [item('a')] }, () => ({ data: { _entities: [{ tags: [] }] } }));
  await step(alone);
  expect(alone.asked).toEqual([{ representations: [item('a')] }]);
  expect(alone.data).toEqual({ one: null, two: [{ ...item('a'), tags: [] }] });
});

it('gives a merged operation the variables of all its parts, also of one that has nobody to ask for', async () => {
  const nodes = ['first', 'second', 'third'].map((name) => ({
    ...fetch,
    operation: fetch.operation.replace('{price}', `{price(${name}: $${name})}`),
    variableUsages: [name],
  }));
  const run = runOn({ one: item('a'), two: item('a'), three: null }, () => ({ errors: [{ message: 'stop' }] }));
  const places = nodes.map((node, index) => ({ node, path: [['one', 'two', 'three'][index] ?? ''] }));
  await compileSiblings(places, options())({ ...run, variables: { first: 1, second: 2, third: 3, other: 4 } });
  expect(run.asked).toEqual([
    {
      ...{ first: 1, second: 2, third: 3 },
      ...{ representations_0: [item('a')], representations_1: [item('a')], representations_2: [] },
    },
  ]);
});

it('tells every part that its request failed', async () => {
  const tags = { ...fetch, operation: fetch.operation.replace('{price}', '{tags{id}}') };
  const run = runOn(twoPlaces(), () => {
    throw new Error('unreachable');
  });
  const nameless = { ...fetch, operation: fetch.operation.replace('{price}', '{__typename}') };
  const places = [
    { node: fetch, path: ['one'] },
    { node: tags, path: ['two', '@'] },
    { node: nameless, path: ['one'] },
  ];
  await compileSiblings(places, options())(run);
  expect(run.errors.map((each) => (each as { path?: unknown }).path)).toEqual([
    ['one', 'price'],
    ['two', 0, 'tags'],
    undefined,
  ]);
  expect(run.isComplete).toBe(false);
});
