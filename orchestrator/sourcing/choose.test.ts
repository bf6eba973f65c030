import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chooseNodes } from './choose.ts';
import type { NodePolicy, Sources, SourcingRequest, SourcingRule, SourcingRules } from './model.ts';

const plain: NodePolicy = { timeZone: 'UTC', closed: [], cost: { shipment: 0, unit: 0, to: {} } };
const rule = (more: Partial<SourcingRule> = {}): SourcingRule => ({
  name: 'all',
  prefer: ['fewest-shipments'],
  nodes: [],
  without: [],
  otherwise: 'split',
  fill: 'FillAll',
  keep: 0,
  ...more,
});
const rulesOf = (
  one: Partial<SourcingRule>,
  nodes: Readonly<Record<string, Partial<NodePolicy>>> = {},
  zones: SourcingRules['zones'] = {},
): SourcingRules => ({
  zones,
  nodes: Object.fromEntries(Object.entries(nodes).map(([code, policy]) => [code, { ...plain, ...policy }])),
  rules: [rule(one)],
});

type Shelf = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** `{ EAST: { BOLT: 3 } }`: what is free, and `own` what is committed to line 1, 2 … Nodes in the order of their names here. */
function sourcesOf(free: Shelf, more: Partial<Sources['nodes'][number]> & { own?: Sources['own'] } = {}): Sources {
  const { own = [], ...facts } = more;
  return {
    nodes: Object.keys(free).map((code, priority) => ({
      locationId: code,
      code,
      priority,
      workToday: 0,
      refused: false,
      ...facts,
    })),
    own,
    free: Object.entries(free).flatMap(([locationId, shelf]) =>
      Object.entries(shelf).map(([sku, quantity]) => ({ sku, locationId, quantity })),
    ),
  };
}

const request = (
  lines: readonly (readonly [sku: string, quantity: number])[],
  more: Partial<SourcingRequest> = {},
) => ({
  channelCode: 'WEB',
  serviceLevel: null,
  destination: { countryCode: 'GB', postalCode: 'N1 1AA' },
  lines: lines.map(([sku, quantity], index) => ({ lineId: `l${index + 1}`, sku, quantity })),
  at: new Date('2026-11-27T10:00:00Z'), // a Friday
  ...more,
});

/** The decision in short: `l1 2 EAST`, and what waits as `l1 2 -`. */
function choose(rules: SourcingRules, lines: Parameters<typeof request>[0], sources: Sources, more = {}) {
  const decision = chooseNodes(rules, request(lines, more), sources);
  return [
    ...(decision?.sourced ?? []).map(({ lineId, quantity, locationId }) => `${lineId} ${quantity} ${locationId}`),
    ...(decision?.waiting ?? []).map(({ lineId, quantity }) => `${lineId} ${quantity} -`),
  ];
}

describe('the nodes of an order', () => {
  const both: Shelf = { EAST: { BOLT: 5, NUT: 1 }, WEST: { BOLT: 5, NUT: 5 } };

  it('are as few as possible', () => {
    expect(choose(rulesOf({}), [['BOLT', 2], ['NUT', 3]], sourcesOf(both))).toEqual(['l1 2 WEST', 'l2 3 WEST']); // biome-ignore format: one order
  });

  it('share an item that no single one has', () => {
    expect(choose(rulesOf({}), [['BOLT', 8]], sourcesOf(both))).toEqual(['l1 5 EAST', 'l1 3 WEST']);
  });

  it('are not asked by a rule for others: the first that fits decides', () => {
    const rules = {
      ...rulesOf({}),
      rules: [rule({ name: 'b2b', channels: ['B2B'], only: ['EAST'] }), rule({ only: ['WEST'] })],
    };
    const bolts: Parameters<typeof request>[0] = [['BOLT', 1]];
    expect(choose(rules, bolts, sourcesOf(both))).toEqual(['l1 1 WEST']);
    expect(choose(rules, bolts, sourcesOf(both), { channelCode: 'B2B' })).toEqual(['l1 1 EAST']);
    expect(chooseNodes({ ...rules, rules: [] }, request(bolts), sourcesOf(both))).toBeNull();
  });

  it.each([
    ['dispatch first', { prefer: ['earliest-dispatch'] }, { EAST: { cutOff: '09:00' }, WEST: { cutOff: '11:00' } }, 'WEST'],
    ['are open tomorrow', { prefer: ['earliest-dispatch'] }, { EAST: { cutOff: '09:00', closed: ['SAT', 'SUN'] }, WEST: { cutOff: '09:30' } }, 'WEST'],
    ['dispatch first by their own clock', { prefer: ['earliest-dispatch'] }, { EAST: { cutOff: '11:00', timeZone: 'Europe/Helsinki' }, WEST: { cutOff: '11:00' } }, 'WEST'],
    ['are near', { prefer: ['nearest'] }, { EAST: { at: [55.9, -3.2] }, WEST: { at: [51.4, -0.9] } }, 'WEST'],
    ['are near, and it is known', { prefer: ['nearest'] }, { WEST: { at: [51.4, -0.9] } }, 'WEST'],
    ['are cheap', { prefer: ['cheapest'] }, { EAST: { cost: { shipment: 300, unit: 0, to: {} } }, WEST: { cost: { shipment: 100, unit: 90, to: {} } } }, 'WEST'],
    ['are cheap to there', { prefer: ['cheapest'] }, { EAST: { cost: { shipment: 300, unit: 0, to: {} } }, WEST: { cost: { shipment: 900, unit: 0, to: { london: 200 } } } }, 'WEST'],
    ['have least to do', { prefer: ['least-loaded'] }, { EAST: { capacityPerDay: 50 }, WEST: { capacityPerDay: 500 } }, 'WEST'],
    ['are preferred', { prefer: ['preferred-nodes'], nodes: ['WEST', 'EAST'] }, {}, 'WEST'],
    ['are not left out', { without: ['EAST'] }, {}, 'WEST'],
    ['deliver there', {}, { EAST: { delivers: ['FR', 'IE'] } }, 'WEST'],
    ['have capacity', {}, { EAST: { capacityPerDay: 20 } }, 'WEST'],
    ['come first otherwise', {}, {}, 'EAST'],
  ] as const)('%s', (_, one, nodes, expected) => {
    const london = { london: { country: 'GB', postalCodes: ['N'], at: [51.5, -0.1] as const } };
    expect(choose(rulesOf(one, nodes as never, london), [['BOLT', 2]], sourcesOf(both, { workToday: 20 }))).toEqual([`l1 2 ${expected}`]);
  }); // biome-ignore format: a table

  it('are asked beyond their capacity when nobody else has the goods', () => {
    const rules = rulesOf({}, { EAST: { capacityPerDay: 0 } });
    expect(choose(rules, [['BOLT', 6]], sourcesOf(both))).toEqual(['l1 5 EAST', 'l1 1 WEST']);
  });

  it('keep what a rule leaves at them, but not what is committed to the order', () => {
    const rules = rulesOf({ keep: 4 });
    expect(choose(rules, [['BOLT', 2]], sourcesOf(both))).toEqual(['l1 1 EAST', 'l1 1 WEST']);
    const own = [{ lineId: 'l1', sku: 'BOLT', locationId: 'EAST', quantity: 2 }];
    expect(choose(rules, [['BOLT', 2]], sourcesOf(both, { own }))).toEqual(['l1 2 EAST']);
  });

  it('are no more than the rule allows, or as many as it takes, or the order waits', () => {
    const apart: Shelf = { EAST: { BOLT: 5 }, WEST: { NUT: 5 } };
    const lines: Parameters<typeof request>[0] = [['BOLT', 1], ['NUT', 1]]; // biome-ignore format: one order
    expect(choose(rulesOf({ shipments: 2 }), lines, sourcesOf(apart))).toEqual(['l1 1 EAST', 'l2 1 WEST']);
    expect(choose(rulesOf({ shipments: 1 }), lines, sourcesOf(apart))).toEqual(['l1 1 EAST', 'l2 1 WEST']);
    expect(choose(rulesOf({ shipments: 1, otherwise: 'wait' }), lines, sourcesOf(apart))).toEqual(['l1 1 -', 'l2 1 -']);
  });

  it('that gave units back are not asked again; what nobody else has waits', () => {
    const sources = sourcesOf({ EAST: { BOLT: 5 }, WEST: { BOLT: 1 } });
    const nodes = sources.nodes.map((node) => ({ ...node, refused: node.code === 'EAST' }));
    expect(choose(rulesOf({}), [['BOLT', 3]], { ...sources, nodes })).toEqual(['l1 1 WEST', 'l1 2 -']);
  });

  it('serve lines of one item from where each has its units already', () => {
    const own = [
      { lineId: 'l1', sku: 'BOLT', locationId: 'WEST', quantity: 2 },
      { lineId: 'l2', sku: 'BOLT', locationId: 'EAST', quantity: 2 },
    ];
    const sources = sourcesOf({ EAST: {}, WEST: {} }, { own });
    expect(choose(rulesOf({}), [['BOLT', 2], ['BOLT', 2]], sources)).toEqual(['l1 2 WEST', 'l2 2 EAST']); // biome-ignore format: one order
  });

  it('may be many: more than are compared together are found one after the other', () => {
    const shelf = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`N${String(i).padStart(2, '0')}`, { BOLT: 1 }]),
    );
    expect(choose(rulesOf({}), [['BOLT', 20]], sourcesOf(shelf))).toHaveLength(20);
  });
});

it('says why, without a word about the buyer', () => {
  const rules = rulesOf(
    { name: 'standard', prefer: ['fewest-shipments', 'nearest'] },
    { EAST: { delivers: ['FR'] }, WEST: { cutOff: '09:00' } },
  );
  const decision = chooseNodes(rules, request([['BOLT', 2], ['NUT', 9]]), sourcesOf({ EAST: { NUT: 9 }, WEST: { BOLT: 2, NUT: 1 } })); // biome-ignore format: one thought
  expect(decision?.explanation).toBe(
    'Sourced by rule "standard" (fewest-shipments, then nearest): 3 units from WEST (dispatch 2026-11-28). ' +
      '8 units wait for stock. Left out: EAST (does not deliver there).',
  );
});

it('says of the nodes that the rule names why they were not chosen, before it does of others', () => {
  const named = ['WEST', 'NORTH', 'EAST'];
  const rules = rulesOf({ name: 'named', prefer: ['preferred-nodes'], nodes: named, only: named });
  const others = { A: { BOLT: 9 }, B: {}, C: {}, D: {}, E: {} };
  const explained = (shelf: Shelf) => chooseNodes(rules, request([['BOLT', 2]]), sourcesOf({ ...others, ...shelf }))?.explanation; // biome-ignore format: one thought
  expect(explained({ EAST: { BOLT: 2 }, NORTH: { BOLT: 1 }, WEST: {} })).toBe(
    'Sourced by rule "named" (preferred-nodes): 2 units from EAST (dispatch 2026-11-27). Left out: NORTH (has not got all of the goods), ' +
      'WEST (has not got the goods), A (not for this rule), B (not for this rule), C (not for this rule) and 2 more.',
  );
  expect(explained({ EAST: {}, NORTH: {}, WEST: {} })).toBe(
    'Rule "named" found no node. 2 units wait for stock. Left out: EAST (has not got the goods), NORTH (has not got the goods), ' +
      'WEST (has not got the goods), A (not for this rule), B (not for this rule) and 3 more.',
  );
  // One that has everything and is not so good is no riddle: the preferences say it.
  expect(explained({ EAST: { BOLT: 2 }, WEST: { BOLT: 2 } })).not.toContain('EAST');
});

describe('for any order, stock and rule', () => {
  const codes = ['A', 'B', 'C', 'D', 'E'];
  const skus = ['X', 'Y', 'Z'];
  const anything = fc.record({
    lines: fc.array(fc.tuple(fc.constantFrom(...skus), fc.integer({ min: 1, max: 6 })), { minLength: 1, maxLength: 5 }),
    free: fc.array(fc.record({ sku: fc.constantFrom(...skus), locationId: fc.constantFrom(...codes), quantity: fc.integer({ min: 1, max: 5 }) }), { maxLength: 15 }), // biome-ignore format: one thought
    prefer: fc.shuffledSubarray(['fewest-shipments', 'earliest-dispatch', 'nearest', 'cheapest', 'least-loaded'] as const, { minLength: 1 }), // biome-ignore format: one thought
    shipments: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    otherwise: fc.constantFrom('split' as const, 'wait' as const),
    refused: fc.subarray(codes),
    costs: fc.tuple(...codes.map(() => fc.integer({ min: 0, max: 3 }))),
  });

  it('asks nobody for more than there is, loses no unit, and decides the same whatever the order of the facts', () => {
    fc.assert(
      fc.property(anything, fc.nat(), ({ lines, free, refused, costs, ...one }, turn) => {
        const once = [...new Map(free.map((offer) => [`${offer.sku}${offer.locationId}`, offer])).values()];
        const nodes = codes.map((code, priority) => ({ locationId: code, code, priority, workToday: 0, refused: refused.includes(code) })); // biome-ignore format: one thought
        const rules = rulesOf(one, Object.fromEntries(codes.map((code, i) => [code, { cost: { shipment: costs[i] ?? 0, unit: 0, to: {} } }]))); // biome-ignore format: one thought
        const asked = request(lines);
        const decision = chooseNodes(rules, asked, { nodes, own: [], free: once });
        const turned = <Item>(items: readonly Item[]) => [...items.slice(turn % (items.length || 1)), ...items.slice(0, turn % (items.length || 1))]; // biome-ignore format: one thought
        expect(chooseNodes(rules, asked, { nodes: turned(nodes), own: [], free: turned(once) })?.sourced).toEqual(decision?.sourced); // biome-ignore format: one thought

        const sourced = decision?.sourced ?? [];
        const sum = (rows: readonly { quantity: number }[]) => rows.reduce((total, row) => total + row.quantity, 0);
        for (const line of asked.lines) {
          const of = (rows: readonly { lineId: string; quantity: number }[]) => sum(rows.filter((row) => row.lineId === line.lineId));
          expect(of(sourced) + of(decision?.waiting ?? [])).toBe(line.quantity);
        } // biome-ignore format: one thought
        for (const { sku, locationId } of sourced) {
          const there = once.find((offer) => offer.sku === sku && offer.locationId === locationId)?.quantity ?? 0;
          expect(sum(sourced.filter((row) => row.sku === sku && row.locationId === locationId))).toBeLessThanOrEqual(
            there,
          );
          expect(refused).not.toContain(locationId);
        }
        if (one.otherwise === 'wait' && one.shipments !== undefined)
          expect(new Set(sourced.map((row) => row.locationId)).size).toBeLessThanOrEqual(one.shipments);
        // What waits, nobody has: unless the rule rather waits.
        if (one.otherwise === 'split')
          for (const sku of skus) {
            const able = sum(once.filter((offer) => offer.sku === sku && !refused.includes(offer.locationId)));
            const wanted = sum(asked.lines.filter((line) => line.sku === sku));
            expect(sum(sourced.filter((row) => row.sku === sku))).toBe(Math.min(able, wanted));
          }
      }),
      { numRuns: 300 },
    );
  });
});
