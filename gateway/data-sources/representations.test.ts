import { expect, it } from '@jest/globals';
import { uniqueRepresentations } from './representations.ts';

const a = { __typename: 'Product', id: 'a' };
const b = { __typename: 'Product', id: 'b' };

it('asks for each entity once and lays the answer out again, each place with an object of its own', () => {
  const unique = uniqueRepresentations({ currency: 'GBP', representations: [a, b, { ...a }, a] });
  expect(unique.variables).toEqual({ currency: 'GBP', representations: [a, b] });
  const { data } = unique.restore<{ data: Record<string, unknown> }>({ data: { _entities: [{ tags: ['x'] }, null] } });
  expect(data).toEqual({ _entities: [{ tags: ['x'] }, null, { tags: ['x'] }, { tags: ['x'] }] });
  const [first, , third, fourth] = data._entities as { tags: string[] }[];
  expect(new Set([first, third, fourth]).size).toBe(3);
  expect(new Set([first?.tags, third?.tags, fourth?.tags]).size).toBe(3);
});

it('points errors at the first place of their entity', () => {
  const unique = uniqueRepresentations({ representations: [a, a, b] });
  const { errors } = unique.restore({
    errors: [{ message: 'late', path: ['_entities', 1, 'price'] }, { message: 'whole' }],
  });
  expect(errors).toEqual([{ message: 'late', path: ['_entities', 2, 'price'] }, { message: 'whole' }]);
});

it('leaves other requests as they are', () => {
  const variables = { id: 1 };
  const unique = uniqueRepresentations(variables);
  expect(unique.variables).toBe(variables);
  expect(unique.representations).toBeNull();
  const answer = { data: { a: 1 } };
  expect(unique.restore(answer)).toBe(answer);
  const different = { representations: [a, b] };
  expect(uniqueRepresentations(different).variables).toBe(different);
});
