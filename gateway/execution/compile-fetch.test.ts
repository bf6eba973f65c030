import type { FetchNode } from '@apollo/query-planner';
import { expect, it } from '@jest/globals';
import { buildSchema, OperationTypeNode } from 'graphql';
import { createLogger } from '../../platform/logger.ts';
import { callerOf } from '../../test/helpers/subgraph.ts';
import { createContext } from '../context.ts';
import { createDataSource } from '../data-sources/data-source.ts';
import { compileFetch } from './compile-fetch.ts';
import type { Entity, Run } from './run.ts';

const supergraph = buildSchema(
  'type Query { items: [Item] } type Item { id: ID! price: Int tags: [Tag!] } type Tag { id: ID! }',
);
const logger = createLogger({ level: 'silent', component: 'test' });

/** A run in which the subgraph answers what `answer` says, and remembers what it was asked. */
function runOn(data: Entity, answer: (variables: Entity) => unknown): Run & { asked: Entity[] } {
  const asked: Entity[] = [];
  const source = createDataSource(
    async ({ variables }) => {
      asked.push(variables);
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
  };
}

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
  await compileFetch(fetch, ['items', '@'], { supergraph, mayShare: false })(run);
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
  await compileFetch(fetch, ['items', '@'], { supergraph, mayShare: false })(run);
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
  await compileFetch(fetch, ['items', '@'], { supergraph, mayShare: false })(run);
  expect(run.errors).toMatchObject([{ message: 'no price', path: ['items', 1, 'price'] }]);
  expect(run.isComplete).toBe(false);
});

it('sends equal requests of a run once, and gives each place objects of its own', async () => {
  const run = runOn({ one: item('a'), two: item('a') }, () => ({ data: { _entities: [{ tags: [{ id: 't' }] }] } }));
  const node = { ...fetch, operation: fetch.operation.replace('{price}', '{tags{id}}') };
  const second = { ...node, operation: node.operation.replace('_1', '_2'), operationName: 'Page__prices__2' };
  await Promise.all([
    compileFetch(node, ['one'], { supergraph, mayShare: true })(run),
    compileFetch(second, ['two'], { supergraph, mayShare: true })(run),
  ]);
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
  await compileFetch(node, ['items', '@'], { supergraph, mayShare: false })(run);
  expect(run.asked[0]?.representations).toEqual([item('a'), { __typename: 'Tag', id: 'a' }]);
  expect(run.data.items).toMatchObject([{ price: 1 }, { price: 2 }]);
});
