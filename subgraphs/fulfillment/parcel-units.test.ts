import { expect, it } from '@jest/globals';
import { lineOutcomes, type ParcelRow } from './parcel-units.ts';
import type { ShipmentStatus } from './states.ts';

const KIT = [{ lineRef: 'BOLT', orderLineId: 'KIT', perUnit: 1 }, { lineRef: 'NUT', orderLineId: 'KIT', perUnit: 1 }]; // biome-ignore format: a table
let parcels = 0;
/** A parcel with units of one thing, of which some were taken in, or arrived by a person's word. */
const parcel = (status: ShipmentStatus, lineRef: string | null, quantity = 1, takenIn = 0, arrived = 0): ParcelRow => ({ packageId: `p${++parcels}`, status, furthest: status, lineRef, quantity, takenIn, arrived }); // biome-ignore format: one thought
const kits = (quantity: number, ...rows: readonly ParcelRow[]) => {
  const [{ delivered, lost, stranded } = { delivered: 0, lost: 0, stranded: 0 }] = lineOutcomes([{ lineId: 'KIT', quantity }], KIT, rows); // biome-ignore format: one thought
  return [delivered, lost, stranded];
};
const plain = (quantity: number, ...rows: readonly ParcelRow[]) => {
  const [{ delivered, lost, stranded } = { delivered: 0, lost: 0, stranded: 0 }] = lineOutcomes([{ lineId: 'A', quantity }], [], rows); // biome-ignore format: one thought
  return [delivered, lost, stranded];
};

it('counts each parcel by itself, and what people said of it apart', () => {
  const rows = [parcel('DELIVERED', 'A', 2), parcel('LOST', 'A', 3, 1), parcel('RETURN_TO_SENDER', 'A', 4, 1, 2), parcel('CANCELLED', 'A', 1), parcel('EXCEPTION', 'A', 5)]; // biome-ignore format: a table
  // Of the lost three one was taken in; of those that go back one was, and two arrived.
  expect(plain(15, ...rows)).toEqual([4, 2, 4]);
  expect(plain(5, { ...parcel('EXCEPTION', 'A', 5), furthest: 'RETURN_TO_SENDER' })).toEqual([0, 0, 5]);
  expect(plain(2, parcel('DELIVERED', null, 0))).toEqual([2, 0, 0]); // handed over
  expect(plain(2, parcel('LABEL_CREATED', null, 0))).toEqual([0, 0, 0]); // sent without a parcel that can be followed
  expect(plain(2, parcel('LOST', 'A', 2, 0, 1))).toEqual([0, 1, 0]); // what was found is counted apart
});

it.each([
  [['DELIVERED', 'IN_TRANSIT'], [0, 0, 0]],
  [['DELIVERED', 'LOST'], [3, 0, 0]],
  [['LOST', 'CANCELLED'], [0, 3, 0]],
  [['CANCELLED'], [0, 0, 3]],
  [['DELIVERED', 'RETURN_TO_SENDER'], [0, 0, 3]],
] as const)('takes units that no parcel was told of to be in those whose contents are not known: %j', (statuses, expected) => {
  expect(plain(3, ...statuses.map((status) => parcel(status, null, 0)))).toEqual(expected);
  // A parcel of which all is known holds none of them.
  expect(plain(4, parcel('LOST', 'A', 1), ...statuses.map((status) => parcel(status, null, 0)))).toEqual([expected[0], expected[1] + 1, expected[2]]);
}); // biome-ignore format: a table

it('takes parts of a bundle that are missing to be of as few bundles as they can, whichever was missing first', () => {
  const rest = [parcel('DELIVERED', 'BOLT'), parcel('DELIVERED', 'NUT')];
  // A bolt is lost and a nut goes back: one bundle, and it is lost already.
  expect(kits(2, ...rest, parcel('LOST', 'BOLT'), parcel('RETURN_TO_SENDER', 'NUT'))).toEqual([1, 1, 0]);
  // The nut was taken in, and paid back with its bundle, before the bolt got lost.
  expect(kits(2, ...rest, parcel('LOST', 'BOLT'), parcel('RETURN_TO_SENDER', 'NUT', 1, 1))).toEqual([1, 0, 1]);
  expect(kits(3, ...rest, parcel('LOST', 'BOLT'), parcel('DELIVERED', 'BOLT'), parcel('RETURN_TO_SENDER', 'NUT', 2, 1))).toEqual([1, 1, 1]); // biome-ignore format: one thought
});
