import { expect, it } from '@jest/globals';
import { deskStateOf } from './state.ts';

const position = (qty: number, dispatched: number, cancelled: number) => ({ qty, dispatched, cancelled });
const acknowledged = { acknowledged: true, completed: false };

it.each([
  ['RECEIVED', [position(2, 0, 0)], { acknowledged: false, completed: false }],
  ['ACKNOWLEDGED', [position(2, 0, 0)], acknowledged],
  ['ACKNOWLEDGED', [position(2, 0, 1), position(1, 0, 1)], acknowledged],
  ['PART_DISPATCHED', [position(2, 1, 0)], acknowledged],
  ['PART_DISPATCHED', [position(2, 2, 0), position(1, 0, 0)], acknowledged],
  ['DISPATCHED', [position(2, 2, 0), position(1, 0, 1)], acknowledged],
  ['DISPATCHED', [position(2, 1, 1)], acknowledged],
  ['COMPLETED', [position(2, 2, 0)], { acknowledged: true, completed: true }],
  ['CANCELLED', [position(2, 0, 2), position(1, 0, 1)], { acknowledged: false, completed: false }],
] as const)('%s when the positions are %j', (state, positions, facts) => {
  expect(deskStateOf(positions, facts)).toBe(state);
});
