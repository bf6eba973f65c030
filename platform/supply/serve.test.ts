import { describe, expect, it } from '@jest/globals';
import { fewestSources } from './fewest-sources.ts';
import { type ItemTerms, isServed, serve } from './serve.ts';
import { Supply } from './supply.ts';

const FREE: ItemTerms = {
  kept: 0,
  keepsRoughly: false,
  cap: Number.POSITIVE_INFINITY,
  waitable: 0,
  isReleased: true,
  parts: null,
};

/** `{ A: { east: 3, west: [5] } }`; a number in brackets may be more. East is preferred. */
function supplyOf(stock: Record<string, Record<string, number | [number]>>): Supply {
  return new Supply(
    Object.entries(stock).flatMap(([item, bySource]) =>
      Object.entries(bySource).map(([source, units]) => ({
        item,
        source,
        preference: source === 'east' ? 1 : 2,
        units: typeof units === 'number' ? units : units[0],
        mayHaveMore: typeof units !== 'number',
      })),
    ),
  );
}

const KIT = { ...FREE, parts: new Map(Object.entries({ BOLT: 2, NUT: 4 })) };

/** What is given and awaited, `2 A east`; or why not. */
function ask(
  units: Record<string, number>,
  supply: Supply,
  { mayWait = false, ...rules }: { mayWait?: boolean; [item: string]: Partial<ItemTerms> | boolean } = {},
) {
  const termsOf = (item: string): ItemTerms => ({ ...(item === 'KIT' ? KIT : FREE), ...(rules[item] as ItemTerms) });
  const outcome = serve({ units: new Map(Object.entries(units)), mayWait, termsOf }, supply, fewestSources);
  if (typeof outcome === 'string') return outcome;
  if (!isServed(outcome)) return Object.fromEntries(outcome.most);
  const waits = [...outcome.waits].map(([item, left]) => `${left} ${item} waits`);
  return [...outcome.given.map(({ item, source, units: given }) => `${given} ${item} ${source}`), ...waits].join(', ');
}

describe('serve', () => {
  it('gives all or nothing, and says what could be had', () => {
    const supply = supplyOf({ A: { east: 3, west: 2 }, B: { east: 1 } });
    expect(ask({ A: 4, B: 2 }, supply)).toEqual({ B: 1 });
    expect(ask({ A: 6 }, supply, { A: { kept: 2 } })).toEqual({ A: 3 });
    expect(ask({ A: 4 }, supply, { A: { cap: 3 } })).toEqual({ A: 3 });
    expect([supply.total('A'), supply.total('B')]).toEqual([5, 1]);
    expect(ask({ A: 4, B: 1 }, supply)).toBe('3 A east, 1 B east, 1 A west');
    expect([supply.total('A'), supply.total('B')]).toEqual([1, 0]);
  });

  it('does not take for short what only others took', () => {
    const supply = supplyOf({ A: { east: 3 }, B: { east: 9 } });
    ask({ A: 2 }, supply);
    expect(ask({ B: 1, A: 2 }, supply)).toBe('crowded');
    expect(ask({ A: 4 }, supply)).toEqual({ A: 3 });
    expect(supply.total('B')).toBe(9);
  });

  it('does not say more than the reading does', () => {
    const supply = supplyOf({ A: { east: [10] } });
    expect(ask({ A: 8 }, supply, { A: { kept: 5 } })).toBe('unclear');
    expect(ask({ A: 11 }, supply, { A: { cap: 8 } })).toEqual({ A: 8 });
    expect(ask({ A: 8 }, supply, { A: { kept: 5 }, mayWait: true })).toBe('unclear');
    expect(ask({ A: 9 }, supply, { A: { kept: 2, keepsRoughly: true } })).toBe('unclear');
    expect(ask({ C: 1 }, supply)).toBe('unclear');
  });

  it('gives sets whole, each from one source, before what is sold loose', () => {
    const supply = supplyOf({ BOLT: { east: 10, west: 4, south: 99 }, NUT: { east: 15, west: [100] } });
    expect(ask({ KIT: 6 }, supply)).toEqual({ KIT: 5 });
    expect(ask({ KIT: 4, BOLT: 1 }, supply, { BOLT: { kept: 50 } })).toBe('3 KIT east, 1 KIT west, 1 BOLT east');
    expect([supply.of('BOLT'), supply.of('NUT')].map((rests) => rests.map(({ units }) => units))).toEqual([[3, 2, 99], [3, 96]]); // biome-ignore format: one thought
    expect(ask({ KIT: 2 }, supply)).toBe('crowded');
  });

  it('keeps of sets what is kept of their parts, and gives none whose part is nowhere or not on sale', () => {
    const stock = { BOLT: { east: 10 }, NUT: { east: 100 } };
    expect(ask({ KIT: 5 }, supplyOf(stock), { BOLT: { kept: 3 } })).toEqual({ KIT: 3 });
    expect(ask({ KIT: 1 }, supplyOf({ BOLT: { east: 10 } }))).toEqual({ KIT: 0 });
    expect(ask({ KIT: 1 }, supplyOf(stock), { NUT: { isReleased: false } })).toEqual({ KIT: 0 });
    expect(ask({ KIT: 2, BOLT: 7 }, supplyOf(stock))).toEqual({ BOLT: 6 });
  });

  it('waits for what is not there, as far as that is allowed', () => {
    const supply = supplyOf({ A: { east: 3 }, BOLT: { east: 4 }, NUT: { east: 9 } });
    const rules = { A: { waitable: 5 }, KIT: { waitable: 1 }, mayWait: true };
    expect(ask({ A: 9 }, supply, rules)).toEqual({ A: 8 });
    expect(ask({ A: 9 }, supply, { ...rules, mayWait: false })).toEqual({ A: 3 });
    expect(ask({ A: 6 }, supply, rules)).toBe('3 A east, 3 A waits');
    expect(ask({ A: 2 }, supply, rules)).toBe('2 A waits');
    expect(ask({ A: 1 }, supply, rules)).toBe('crowded');
    expect(ask({ KIT: 3 }, supply, rules)).toBe('2 KIT east, 1 KIT waits');
  });

  it('gives nothing of what is not on sale yet', () => {
    const supply = supplyOf({ A: { east: 30 } });
    expect(ask({ A: 3 }, supply, { A: { isReleased: false, waitable: 9 } })).toEqual({ A: 0 });
    expect(ask({ A: 3 }, supply, { A: { isReleased: false, waitable: 9 }, mayWait: true })).toBe('3 A waits');
    expect(supply.total('A')).toBe(30);
  });
});
