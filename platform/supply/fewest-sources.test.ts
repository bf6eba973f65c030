import { describe, expect, it } from '@jest/globals';
import { fewestSources } from './fewest-sources.ts';
import { type Offer, Supply } from './supply.ts';

/** `{ A: { east: 3, west: 5 } }`; sources are preferred in the order east, west, south. */
function supplyOf(stock: Readonly<Record<string, Readonly<Record<string, number>>>>): Supply {
  const offers: Offer[] = Object.entries(stock).flatMap(([item, bySource]) =>
    Object.entries(bySource).map(([source, units]) => ({
      item,
      source,
      preference: ['east', 'west', 'south'].indexOf(source),
      units,
    })),
  );
  return new Supply(offers);
}

const choose = (demand: Record<string, number>, supply: Supply) =>
  fewestSources(new Map(Object.entries(demand)), supply)?.map(
    ({ item, source, units }) => `${units} ${item} ${source}`,
  );

describe('fewestSources', () => {
  it('takes all from one source that has all, though another is preferred', () => {
    const supply = supplyOf({ A: { east: 9, west: 1 }, B: { west: 1 } });
    expect(choose({ A: 1, B: 1 }, supply)).toEqual(['1 A west', '1 B west']);
  });

  it('goes on where another part of the demand comes from, among equals', () => {
    const supply = supplyOf({ A: { east: 2, west: 2 } });
    expect(fewestSources(new Map([['A', 2]]), supply, new Set(['west']))).toEqual([{ item: 'A', source: 'west', units: 2 }]); // biome-ignore format: one thought
  });

  it('prefers among equals', () => {
    expect(choose({ A: 2 }, supplyOf({ A: { south: 2, west: 2, east: 2 } }))).toEqual(['2 A east']);
  });

  it('goes on with what is missing where most of it is', () => {
    const supply = supplyOf({ A: { east: 2, west: 3, south: 4 }, B: { east: 1 } });
    expect(choose({ A: 7, B: 1 }, supply)).toEqual(['2 A east', '1 B east', '4 A south', '1 A west']);
  });

  it('finds nothing when there is not enough, and takes nothing', () => {
    const supply = supplyOf({ A: { east: 2 }, B: { east: 1 } });
    expect(choose({ A: 2, B: 2 }, supply)).toBeUndefined();
    expect(choose({ C: 1 }, supply)).toBeUndefined();
    expect(supply.total('A')).toBe(2);
  });

  it('lets the next demand see what the one before took', () => {
    const supply = supplyOf({ A: { east: 2, west: 1 } });
    const demand = new Map([['A', 1]]);
    for (const expected of ['east', 'east', 'west']) {
      const takes = fewestSources(demand, supply);
      expect(takes).toEqual([{ item: 'A', source: expected, units: 1 }]);
      supply.take(takes ?? []);
    }
    expect(fewestSources(demand, supply)).toBeNull();
    expect(() => supply.take([{ item: 'A', source: 'east', units: 1 }])).toThrow(RangeError);
  });
});
