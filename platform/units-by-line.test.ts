import { expect, it } from '@jest/globals';
import { unitsByLine } from './units-by-line.ts';

it('tells each line once, with all of its units, in the order of their first', () => {
  const units = [
    { lineId: 'l2', quantity: 3 },
    { lineId: 'l1', quantity: 1, locationId: 'loc_1' },
    { lineId: 'l2', quantity: 1 },
  ];
  expect(unitsByLine(units)).toEqual([
    { lineId: 'l2', quantity: 4 },
    { lineId: 'l1', quantity: 1 },
  ]);
});
