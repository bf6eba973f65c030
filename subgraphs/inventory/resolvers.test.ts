import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import type { Caller } from '../../platform/caller.ts';
import { query } from '../../platform/db/query.ts';
import type { SubgraphAnswer } from '../../platform/graphql/execute.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { ask, askEntities, callerOf, webChannel } from '../../test/helpers/subgraph.ts';
import { memoryStockSource } from './adapters/memory.ts';
import { countStatements } from './count-statements.ts';
import { createInventorySubgraph } from './index.ts';
import { applyLevels } from './projection.ts';
import { at, commit, differences, emptyStock, hold, letExpire, stockUp } from './sample-stock.ts';

let database: TestDatabase;
let knex: Knex;
let subgraph: Subgraph;

beforeAll(async () => {
  database = await createTestDatabase(['inventory', 'integration']);
  knex = database.knex;
  subgraph = createInventorySubgraph({ knex, source: memoryStockSource({ sites: [], skus: [], stock: [] }) });
});
afterAll(() => database.drop());
beforeEach(() => emptyStock(knex));

const MEASURED = new Date('2026-11-23T08:00:00.000Z');

/** Says how long ago the warehouse was heard last. */
const heardAgo = (seconds: number) =>
  query(
    knex,
    `insert into inventory.source_feed (source, sequence, heard_at) values ('wms', 1, clock_timestamp() - make_interval(secs => ?))
     on conflict (source) do update set heard_at = excluded.heard_at`,
    [seconds],
  );

const withSafetyStock = (safetyStock: number): Caller => callerOf({ channel: { ...webChannel, safetyStock } });

function entitiesOf<Entity>(answer: SubgraphAnswer): Entity[] {
  return (answer.data?._entities ?? []) as Entity[];
}

async function availabilityOf(sku: string, args = '', caller: Caller = callerOf()) {
  const answer = await askEntities(
    subgraph,
    [{ __typename: 'ProductVariant', sku }],
    `{ sku availability${args} { status sellableQuantity nextAvailableAt asOf confidence } }`,
    caller,
  );
  expect(answer.errors).toBeUndefined();
  return entitiesOf<{ availability: Record<string, unknown> | null }>(answer)[0]?.availability;
}

describe('availability', () => {
  it('sums the nodes that ship, less orders, live holds and the channel safety stock', async () => {
    await stockUp(knex, { BOLT: { EAST: 10, PARTNER: 5, SHOP: 100 } }, MEASURED);
    await heardAgo(1);
    await commit(knex, 'o1', [['BOLT', 2]]);
    await hold(knex, 'r1', [['BOLT', 1]]);
    await hold(knex, 'r2', [['BOLT', 3]]);
    await letExpire(knex, 'r2');
    expect(await availabilityOf('BOLT', '', withSafetyStock(4))).toEqual({
      status: 'IN_STOCK',
      sellableQuantity: 8,
      nextAvailableAt: null,
      asOf: MEASURED.toISOString(),
      confidence: 'LIVE',
    });
    expect(await availabilityOf('BOLT', '', callerOf({ channel: null }))).toMatchObject({ sellableQuantity: 12 });
  });

  it('sells exactly what commit_order gives', async () => {
    await stockUp(knex, { BOLT: { EAST: 6, WEST: 3, SHOP: 9 } });
    await query(knex, 'select inventory.set_safety_stock(?, ?, 4)', ['BOLT', at('WEST')]);
    for (const [safetyStock, location] of [
      [0, null],
      [2, null],
      [2, 'SHOP'],
      [99, null],
    ] as const) {
      const args = location ? `(locationId: "${at(location)}")` : '';
      const shown = (await availabilityOf('BOLT', args, withSafetyStock(safetyStock)))?.sellableQuantity as number;
      const options = { safetyStock, ...(location ? { at: at(location) } : {}) };
      expect((await commit(knex, 'o-more', [['BOLT', shown + 1]], options))[0]?.[0]).toBe('SHORT');
      if (shown === 0) continue;
      const [first] = await commit(knex, `o-${safetyStock}-${location}`, [['BOLT', shown]], options);
      expect(first?.[0]).toBe('ALLOCATED');
      await query(knex, 'select inventory.release_order(?, array[?], array[?::int])', [
        `o-${safetyStock}-${location}`,
        `o-${safetyStock}-${location}.l1`,
        shown,
      ]);
    }
  });

  it('of one location is its own stock, less the channel safety stock', async () => {
    await stockUp(knex, { BOLT: { EAST: 10, SHOP: 4 }, NUT: { EAST: 3 } });
    const inShop = `(locationId: "${at('SHOP')}")`;
    expect(await availabilityOf('BOLT', inShop, withSafetyStock(1))).toMatchObject({
      status: 'LOW_STOCK',
      sellableQuantity: 3,
    });
    expect(await availabilityOf('NUT', inShop)).toMatchObject({ status: 'BACKORDER', sellableQuantity: 0 });
    expect(await availabilityOf('NUT', '(locationId: "loc_nowhere")')).toBeNull();
  });

  it('is null for a SKU no warehouse knows, and never breaks on strange ones', async () => {
    await stockUp(knex, { BOLT: { SHOP: 2 } });
    expect(await availabilityOf('NOPE')).toBeNull();
    expect(await availabilityOf('a\0b')).toBeNull();
    expect(await availabilityOf('\u202e\r\n%')).toBeNull();
    expect(await availabilityOf('BOLT', '(locationId: "\\u0000")')).toBeNull();
    expect(await availabilityOf('BOLT')).toMatchObject({ status: 'BACKORDER', sellableQuantity: 0 });
  });

  it('is never negative after a loss', async () => {
    await stockUp(knex, { BOLT: { EAST: 4, WEST: 3 } });
    await commit(knex, 'o1', [['BOLT', 4]]);
    await knex.transaction((trx) =>
      applyLevels(trx, [
        { siteCode: 'EAST', sku: 'BOLT', onHand: 0, sequence: 5, measuredAt: MEASURED, incoming: null },
      ]),
    );
    expect(await availabilityOf('BOLT')).toMatchObject({ sellableQuantity: 3 });
  });

  it('tells what is on its way', async () => {
    await stockUp(knex, { BOLT: { EAST: 0 }, NUT: { EAST: 0 } });
    const expectedAt = new Date('2026-12-24T06:00:00.000Z');
    const level = (sku: string, sequence: number) => ({
      siteCode: 'WEST',
      sku,
      onHand: 0,
      sequence,
      measuredAt: MEASURED,
    });
    await knex.transaction((trx) =>
      applyLevels(trx, [
        { ...level('BOLT', 2), incoming: { units: 8, expectedAt } },
        { ...level('NEW', 0), incoming: { units: 8, expectedAt: null } },
      ]),
    );
    expect(await availabilityOf('BOLT')).toMatchObject({
      status: 'BACKORDER',
      nextAvailableAt: expectedAt.toISOString(),
    });
    expect(await availabilityOf('NEW')).toMatchObject({ status: 'PREORDER', nextAvailableAt: null });
    expect(await availabilityOf('NUT')).toMatchObject({
      status: 'BACKORDER',
      nextAvailableAt: null,
    });
    expect(await differences(knex)).toEqual([]);
  });

  it.each([
    [59, 'LIVE'],
    [61, 'CACHED'],
    [899, 'CACHED'],
    [901, 'FALLBACK'],
  ] as const)('after %i silent seconds is %s', async (seconds, confidence) => {
    await stockUp(knex, { BOLT: { EAST: 4 } });
    await heardAgo(seconds);
    expect(await availabilityOf('BOLT')).toMatchObject({ confidence });
  });

  it('is a FALLBACK when the warehouse was never heard', async () => {
    await stockUp(knex, { BOLT: { EAST: 4 } });
    expect(await availabilityOf('BOLT')).toMatchObject({ confidence: 'FALLBACK' });
  });
});

describe('a page of 50 products with 10 variants each', () => {
  it('costs three statements for availability, positions and locations, like one variant', async () => {
    const skus = Array.from({ length: 500 }, (_, n) => `S${n}`);
    await stockUp(knex, Object.fromEntries(skus.map((sku, n) => [sku, { EAST: n % 9, WEST: 2, SHOP: 1 }])));
    const selection = `{ sku availability { sellableQuantity } inventoryPositions(first: 50) { nodes { location { code } onHand available confidence } } }`;
    const load = (wanted: string[]) => () =>
      askEntities(
        subgraph,
        wanted.map((sku) => ({ __typename: 'ProductVariant', sku })),
        selection,
      );
    const one = await countStatements(knex, load(['S1']));
    let answer: Awaited<ReturnType<typeof askEntities>> | undefined;
    const many = await countStatements(knex, async () => {
      answer = await load(skus)();
    });
    expect([one, many]).toEqual([3, 3]);
    expect(answer?.errors).toBeUndefined();
    expect(answer?.data?._entities).toHaveLength(500);
    expect(answer && entitiesOf(answer)[7]).toEqual({
      sku: 'S7',
      availability: { sellableQuantity: 9 },
      inventoryPositions: {
        nodes: [
          { location: { code: 'EAST' }, onHand: 7, available: 7, confidence: 'FALLBACK' },
          { location: { code: 'WEST' }, onHand: 2, available: 2, confidence: 'FALLBACK' },
          { location: { code: 'SHOP' }, onHand: 1, available: 1, confidence: 'FALLBACK' },
        ],
      },
    });
  });

  it('asks both of all nodes and of one location in one statement', async () => {
    await stockUp(knex, { A: { EAST: 3, SHOP: 1 }, B: { EAST: 4 } });
    const selection = `{ all: availability { sellableQuantity } shop: availability(locationId: "${at('SHOP')}") { sellableQuantity } }`;
    const statements = await countStatements(knex, async () => {
      const answer = await askEntities(
        subgraph,
        ['A', 'B'].map((sku) => ({ __typename: 'ProductVariant', sku })),
        selection,
      );
      expect(answer.data?._entities).toEqual([
        { all: { sellableQuantity: 3 }, shop: { sellableQuantity: 1 } },
        { all: { sellableQuantity: 4 }, shop: { sellableQuantity: 0 } },
      ]);
    });
    expect(statements).toBe(1);
  });
});

describe('positions and locations', () => {
  it('show holds that live as reserved, and page', async () => {
    await stockUp(knex, { BOLT: { EAST: 10, WEST: 5, SHOP: 4 } }, MEASURED);
    await heardAgo(0);
    await hold(knex, 'r1', [['BOLT', 2]]);
    await hold(knex, 'r2', [['BOLT', 1]]);
    await letExpire(knex, 'r2');
    await commit(knex, 'o1', [['BOLT', 3]]);
    const selection = `{ inventoryPositions(first: 1) {
      edges { node { id variant { sku } location { id code kind } onHand reserved committed safetyStock incoming available asOf confidence } }
      pageInfo { hasNextPage endCursor } } }`;
    const answer = await askEntities(subgraph, [{ __typename: 'ProductVariant', sku: 'BOLT' }], selection);
    const [found] = entitiesOf<{
      inventoryPositions: { edges: { node: { id: string } }[]; pageInfo: { endCursor: string } };
    }>(answer);
    const page = found?.inventoryPositions;
    expect(page).toEqual({
      edges: [
        {
          node: {
            id: expect.stringMatching(/^pos_/),
            variant: { sku: 'BOLT' },
            location: { id: at('EAST'), code: 'EAST', kind: 'WAREHOUSE' },
            onHand: 10,
            reserved: 2,
            committed: 3,
            safetyStock: 0,
            incoming: 0,
            available: 5,
            asOf: MEASURED.toISOString(),
            confidence: 'LIVE',
          },
        },
      ],
      pageInfo: { hasNextPage: true, endCursor: expect.any(String) },
    });
    const next = await askEntities(
      subgraph,
      [{ __typename: 'ProductVariant', sku: 'BOLT' }],
      `{ inventoryPositions(first: 5, after: "${page?.pageInfo.endCursor}") { nodes { location { code } } } }`,
    );
    expect(next.data?._entities).toEqual([
      { inventoryPositions: { nodes: [{ location: { code: 'WEST' } }, { location: { code: 'SHOP' } }] } },
    ]);
    const byId = await askEntities(
      subgraph,
      [
        { __typename: 'InventoryPosition', id: page?.edges[0]?.node.id },
        { __typename: 'InventoryPosition', id: 'pos_x' },
      ],
      '{ onHand reserved }',
    );
    expect(byId.data?._entities).toEqual([{ onHand: 10, reserved: 2 }, null]);
  });

  it('refuses a page that is too large', async () => {
    const answer = await askEntities(
      subgraph,
      [{ __typename: 'ProductVariant', sku: 'BOLT' }],
      '{ inventoryPositions(first: 101) { nodes { id } } }',
    );
    expect(answer.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it('lists locations by code, by kind, and one by id', async () => {
    await stockUp(knex, {});
    const answer = await ask(
      subgraph,
      `query($id: ID!) { all: locations { code } stores: locations(kind: STORE) { id code name kind } one: location(id: $id) { code } none: location(id: "loc_x") { code } }`,
      { id: at('WEST') },
    );
    expect(answer).toEqual({
      data: {
        all: [{ code: 'EAST' }, { code: 'PARTNER' }, { code: 'SHOP' }, { code: 'WEST' }],
        stores: [{ id: at('SHOP'), code: 'SHOP', name: 'Site SHOP', kind: 'STORE' }],
        one: { code: 'WEST' },
        none: null,
      },
    });
    const entities = await askEntities(
      subgraph,
      [
        { __typename: 'Location', id: at('EAST') },
        { __typename: 'Location', id: 'loc_x' },
      ],
      '{ code }',
    );
    expect(entities.data?._entities).toEqual([{ code: 'EAST' }, null]);
  });
});
