import type { QueryPlanSelectionNode } from '@apollo/query-planner';
import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { compileRepresentations } from './representations.ts';

const schema = buildSchema(`
  type Query { things: [Thing] }
  interface Thing { id: ID }
  type Item implements Thing { id: ID price: Int weight: Int tags: [String] }
  type Film implements Thing { id: ID price: Int weight: Int tags: [String] }`);

function askFor(on: string, ...names: string[]) {
  const selections = ['__typename', ...names].map((name) => ({ kind: 'Field', name }) as QueryPlanSelectionNode);
  return compileRepresentations([{ kind: 'InlineFragment', typeCondition: on, selections }], undefined, schema);
}

const item = (id: unknown, rest: object = {}) => ({ __typename: 'Item', id, ...rest });

describe('what a subgraph is asked for', () => {
  it('is each entity once, over all lists, by its one key', () => {
    const asked = askFor(
      'Item',
      'id',
    )([
      [item('1'), item('2'), item('1')],
      [item('2'), item(null), item(null)],
    ]);
    expect(asked.places).toEqual([
      [0, 1, 0],
      [1, 2, 2],
    ]);
    expect(asked.representations.map(({ id }) => id)).toEqual(['1', '2', null]);
  });

  it('is told apart by all keys where there are several, whichever way they come', () => {
    const all = [
      item('1', { price: 1, weight: 1 }),
      item('1', { price: 2, weight: 1 }),
      item('1', { price: 1, weight: 1 }),
      item('1', { price: 1, weight: null }),
      item('1', { price: 2, weight: 1 }),
      item('2', { price: 1, weight: 1 }),
      item('2', { price: 1 }),
    ];
    const asked = askFor('Item', 'id', 'price', 'weight')([all]);
    expect(asked.places).toEqual([[0, 1, 0, 2, 1, 3, -1]]);
    expect(asked.representations).toEqual([all[0], all[1], all[3], all[5]]);
  });

  it('is told apart by its type, and by what is in a key that is a list', () => {
    const film = { __typename: 'Film', id: '1' };
    expect(askFor('Thing', 'id')([[item('1'), film, item('1'), { ...film }]]).places).toEqual([[0, 1, 0, 1]]);
    expect(askFor('Item', 'id')([[film, { id: '1' }]]).places).toEqual([[-1, -1]]);
    const tagged = ['a', 'b', 'a'].map((tag) => item('1', { tags: [tag] }));
    expect(askFor('Item', 'tags')([tagged]).places).toEqual([[0, 1, 0]]);
    expect(askFor('Item', 'id', 'tags')([tagged]).places).toEqual([[0, 1, 0]]);
  });
});
