import { expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { visiblePath } from './visible-path.ts';

const document = parse(`
  query A { list: products { id ...f ... on Product { price { amount } } } }
  query B { other }
  fragment f on Product { stock { onHand } }
`);

it.each<[(string | number)[], (string | number)[]]>([
  [
    ['list', 0, 'id'],
    ['list', 0, 'id'],
  ],
  [
    ['list', 3, 'stock', 'onHand'],
    ['list', 3, 'stock', 'onHand'],
  ],
  [
    ['list', 1, 'price', 'amount'],
    ['list', 1, 'price', 'amount'],
  ],
  [
    ['list', 1, 'price', 'secret'],
    ['list', 1, 'price'],
  ],
  [
    ['list', 1, 'secret', 0, 'more'],
    ['list', 1],
  ],
  [['products'], []],
  [['other'], []],
])('%j shows as %j', (path, visible) => {
  expect(visiblePath(path, document, 'A')).toEqual(visible);
});

it('looks at the only operation when none is named', () => {
  expect(visiblePath(['a', 'b'], parse('{ a }'), undefined)).toEqual(['a']);
});
