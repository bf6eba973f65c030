import { expect, it } from '@jest/globals';
import { dispatchDay, distanceKm } from './places.ts';

it('measures distances over the earth', () => {
  expect(distanceKm([51.5074, -0.1278], [55.9533, -3.1883])).toBe(534); // London to Edinburgh
  expect(distanceKm([0, 179.5], [0, -179.5])).toBe(111);
  expect(distanceKm([90, 0], [-90, 0])).toBe(20_015);
  expect(distanceKm([51.5, 0], [51.5, 0])).toBe(0);
});

it.each([
  ['before the cut-off', '2026-11-27T15:59:59Z', {}, '2026-11-27'],
  ['at the cut-off', '2026-11-27T16:00:00Z', {}, '2026-11-28'],
  ['over a closed day', '2026-11-27T16:00:00Z', { closed: ['SAT', 'SUN'] }, '2026-11-30'],
  ['on a closed day', '2026-11-28T08:00:00Z', { closed: ['SAT'] }, '2026-11-29'],
  ['by the clock on its wall', '2026-11-27T15:30:00Z', { timeZone: 'Europe/Helsinki' }, '2026-11-28'],
  ['in summer time', '2026-07-01T15:30:00Z', { timeZone: 'Europe/London' }, '2026-07-02'],
  ['over midnight', '2026-11-27T23:30:00Z', { timeZone: 'Asia/Tokyo' }, '2026-11-28'],
  ['at the end of the year', '2026-12-31T17:00:00Z', { closed: ['FRI'] }, '2027-01-02'],
] as const)('finds the day of dispatch %s', (_, at, more, expected) => {
  expect(dispatchDay(new Date(at), { timeZone: 'UTC', cutOff: '16:00', closed: [], ...more })).toBe(expected);
}); // biome-ignore format: a table
