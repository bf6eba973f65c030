import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { ask, callerOf, webChannel } from '../../test/helpers/subgraph.ts';
import { memoryStockSource } from './adapters/memory.ts';
import { createFeedReader } from './feed-reader.ts';
import { createInventorySubgraph } from './index.ts';
import { applyLevels, applySupply } from './projection.ts';
import { at, bundleUp, commit, differences, emptyStock, SAMPLE_SITES, stockUp } from './sample-stock.ts';

const { signal } = new AbortController();
const day = (number: number) => new Date(`2099-01-0${number}T00:00:00.000Z`);

let database: TestDatabase;
let knex: Knex;
beforeAll(async () => {
  database = await createTestDatabase(['inventory', 'integration']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(() => emptyStock(knex));
afterEach(async () => {
  expect(await differences(knex)).toEqual([]);
});

const lot = (siteCode: string, sku: string, name: string, units: number, expectedAt: Date | null) => ({
  siteCode,
  sku,
  lot: name,
  units,
  expectedAt,
});
const supply = (lots: ReturnType<typeof lot>[], head = 100) => knex.transaction((trx) => applySupply(trx, lots, head));

async function promises(sku: string, channel = {}) {
  const answer = await ask(
    createInventorySubgraph({ knex, source: {} as never }),
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on ProductVariant {
      availability { status sellableQuantity backorderableQuantity orderLimit releaseAt nextAvailableAt promises { at quantity } } } } }`,
    { r: [{ __typename: 'ProductVariant', sku }] },
    callerOf({ channel: { ...webChannel, ...channel } }),
  );
  expect(answer.errors).toBeUndefined();
  const [entity] = (answer.data as { _entities: { availability: Record<string, unknown> }[] })._entities;
  return entity?.availability;
}

describe('what can be promised', () => {
  it('grows with each dated lot, after what orders wait for, and not with lots that have no date or no way to the buyer', async () => {
    await stockUp(knex, { BOLT: { EAST: 0, SHOP: 0 } });
    await commit(knex, 'o1', [['BOLT', 5]], { backorder: true });
    await supply([
      lot('EAST', 'BOLT', 'A', 3, day(1)),
      lot('WEST', 'BOLT', 'B', 4, day(2)),
      lot('EAST', 'BOLT', 'C', 9, null),
      lot('SHOP', 'BOLT', 'D', 50, day(1)),
    ]);
    expect(await promises('BOLT')).toEqual({
      status: 'BACKORDER',
      sellableQuantity: 0,
      backorderableQuantity: null,
      orderLimit: null,
      releaseAt: null,
      nextAvailableAt: day(2).toISOString(),
      promises: [
        { at: day(1).toISOString(), quantity: 0 },
        { at: day(2).toISOString(), quantity: 2 },
      ],
    });
  });

  it('keeps to the rules of the channel', async () => {
    await stockUp(knex, { BOLT: { EAST: 10 } });
    await supply([lot('EAST', 'BOLT', 'A', 20, day(1))]);
    await query(
      knex,
      `insert into inventory.channel_rule (channel_code, withheld, cap, backorder, backorder_units) values ('WEB', 4, 15, 'UNITS', 7)`,
    );
    expect(await promises('BOLT')).toMatchObject({
      sellableQuantity: 6,
      backorderableQuantity: 7,
      orderLimit: 15,
      promises: [{ quantity: 15 }],
    });
    expect(await promises('BOLT', { code: 'POS', safetyStock: 1 })).toMatchObject({
      sellableQuantity: 9,
      orderLimit: null,
      promises: [{ quantity: 29 }],
    });
  });

  it('makes up first for what is promised and gone, and for what the channel leaves to others', async () => {
    await stockUp(knex, { BOLT: { EAST: 20 }, NUT: { EAST: 10 } });
    await bundleUp(knex, { KIT: { NUT: 2 } });
    await commit(knex, 'o1', [['BOLT', 20]]);
    await knex.transaction((trx) =>
      applyLevels(trx, [
        { siteCode: 'EAST', sku: 'BOLT', onHand: 5, sequence: 50, measuredAt: new Date(), incoming: null },
      ]),
    );
    await supply([lot('WEST', 'BOLT', 'A', 50, day(1)), lot('EAST', 'NUT', 'B', 50, day(1))]);
    await query(knex, `insert into inventory.channel_rule (sku, backorder) values ('BOLT', 'INCOMING')`);
    await query(knex, `insert into inventory.channel_rule (sku, withheld) values ('NUT', 40)`);
    expect(await promises('BOLT')).toMatchObject({ backorderableQuantity: 35, promises: [{ quantity: 35 }] });
    const buy = async (order: string, quantity: number) =>
      (await commit(knex, order, [['BOLT', quantity]], { backorder: true, channel: 'WEB' })).map(([kind]) => kind);
    expect(await buy('o2', 36)).toEqual(['SHORT']);
    expect(await buy('o3', 35)).toEqual(['BACKORDERED']);
    // What a rule leaves to others is not for who waits either, not even of a bundle or as a part of one.
    await query(knex, `update inventory.channel_rule set backorder = 'INCOMING' where sku = 'NUT'`);
    await query(knex, `insert into inventory.channel_rule (sku, backorder) values ('KIT', 'INCOMING')`);
    const offered = async () => [(await promises('NUT'))?.backorderableQuantity, (await promises('KIT'))?.backorderableQuantity]; // biome-ignore format: one thought
    expect(await offered()).toEqual([20, 10]);
    expect((await commit(knex, 'o4', [['NUT', 21]], { backorder: true, channel: 'WEB' })).map(([kind]) => kind)).toEqual(['SHORT']); // biome-ignore format: one thought
    await query(knex, `insert into inventory.channel_rule (channel_code, sku, withheld) values ('WEB', 'KIT', 3), ('POS', 'NUT', 0)`); // biome-ignore format: one thought
    expect(await offered()).toEqual([20, 7]);
    await query(knex, `delete from inventory.channel_rule where channel_code is not null`);
    // As much as the channel sees once all of it has come.
    expect(await promises('NUT')).toMatchObject({ sellableQuantity: 0, promises: [{ quantity: 20 }] });
    expect(await promises('KIT')).toMatchObject({ sellableQuantity: 0, promises: [{ quantity: 10 }] });
  });

  it('of a bundle keeps to the rules of its components, and they count who waits for it', async () => {
    await bundleUp(knex, { KIT: { BOLT: 2, NUT: 1 } });
    await stockUp(knex, { BOLT: { EAST: 0 }, NUT: { EAST: 500 } });
    await supply([lot('EAST', 'BOLT', 'A', 30, day(1))]);
    await query(
      knex,
      `insert into inventory.channel_rule (channel_code, sku, cap, backorder) values ('WEB', 'BOLT', 20, 'INCOMING')`,
    );
    const buy = async (order: string, sku: string, quantity: number) =>
      (await commit(knex, order, [[sku, quantity]], { backorder: true, channel: 'WEB' })).map(([kind]) => kind);
    const offered = async () =>
      [await promises('BOLT'), await promises('KIT')].map((one) => one?.backorderableQuantity);
    expect(await promises('KIT')).toMatchObject({ orderLimit: 10, backorderableQuantity: 15 });
    expect(await buy('o1', 'KIT', 16)).toEqual(['SHORT']);
    expect(await buy('o2', 'KIT', 10)).toEqual(['BACKORDERED']);
    expect(await offered()).toEqual([10, 5]);
    // Of those who come at once for the component and for the bundle no more are taken than there is to come.
    const taken = (
      await Promise.all(
        Array.from({ length: 8 }, async (_, n) => {
          const [sku, units] = n % 2 ? (['KIT', 2] as const) : (['BOLT', 4] as const);
          return (await buy(`c${n}`, sku, units))[0];
        }),
      )
    ).filter((kind) => kind === 'BACKORDERED');
    expect(taken).toHaveLength(2);
    expect(await offered()).toEqual([2, 1]);
    await query(knex, `update inventory.channel_rule set backorder = 'UNITS', backorder_units = 31`);
    expect(await offered()).toEqual([3, 1]);
    // What no rule says of the bundle no rule of a component allows.
    await query(knex, `update inventory.channel_rule set backorder = 'UNLIMITED', backorder_units = null`);
    await query(knex, 'insert into inventory.default_backorder (units) values (50)');
    const [waiting] = await query<{ units: number }>(knex, `select sum(quantity)::int as units from inventory.backorder where sku = 'KIT'`); // biome-ignore format: one thought
    expect((await offered())[1]).toBe(50 - (waiting?.units ?? 0));
    // Nor does the default: a component is counted in bundles, too.
    await query(knex, 'truncate inventory.channel_rule');
    const [bolts] = await query<{ units: number }>(knex, `select inventory.awaited('BOLT')::int as units`);
    await query(knex, 'update inventory.default_backorder set units = ?', [(bolts?.units ?? 0) + 5]);
    expect(await offered()).toEqual([5, 2]);
    await query(knex, 'truncate inventory.default_backorder');
  });

  it('of a bundle is what one node can make of what is there and what comes', async () => {
    await bundleUp(knex, { KIT: { BOLT: 2, NUT: 1 } });
    await stockUp(knex, { BOLT: { EAST: 3, WEST: 0 }, NUT: { EAST: 1, WEST: 9 } });
    await supply([lot('EAST', 'NUT', 'A', 5, day(1)), lot('WEST', 'BOLT', 'B', 4, day(2))]);
    expect(await promises('KIT')).toMatchObject({
      status: 'LOW_STOCK',
      sellableQuantity: 1,
      promises: [
        { at: day(1).toISOString(), quantity: 1 },
        { at: day(2).toISOString(), quantity: 3 },
      ],
    });
    expect(await commit(knex, 'o1', [['KIT', 2]])).toEqual([['SHORT', 'l1', null, 2, 1]]);
  });
});

describe('goods on their way', () => {
  const incoming = () =>
    query<{ incoming: number }>(knex, 'select incoming, incoming_at from inventory.position order by location_id');

  it('are no longer, the moment the ledger tells of their receipt; an older list does not bring them back', async () => {
    const sites = Object.entries(SAMPLE_SITES).map(([code, kind]) => ({ code, name: code, kind }));
    const stock = [{ siteCode: 'EAST', sku: 'BOLT', onHand: 1 }];
    const source = memoryStockSource({ sites, stock, skus: ['BOLT'] });
    const reader = createFeedReader({ knex, source, name: 'wms', onRejected: async () => undefined, onGap: async () => undefined }); // biome-ignore format: one thought
    await reader.readNext(0, signal);
    source.announce(lot('EAST', 'BOLT', 'A', 5, day(1)));
    source.announce(lot('EAST', 'BOLT', 'B', 7, day(2)));
    await reader.readSupply(signal);
    expect(await incoming()).toEqual([{ incoming: 12, incoming_at: day(1) }]);
    const old = await source.supply(signal);
    source.receive({ siteCode: 'EAST', sku: 'BOLT', quantity: 5, lot: 'A' });
    source.receive({ siteCode: 'EAST', sku: 'BOLT', quantity: 2, lot: 'B' });
    await reader.readNext(0, signal);
    expect(await incoming()).toEqual([{ incoming: 5, incoming_at: day(2) }]);
    await supply([...old.lots], old.head);
    expect(await incoming()).toEqual([{ incoming: 5, incoming_at: day(2) }]);
    await reader.readSupply(signal);
    expect(await incoming()).toEqual([{ incoming: 5, incoming_at: day(2) }]);
    source.announce(lot('EAST', 'BOLT', 'B', 0, null));
    await reader.readSupply(signal);
    expect(await incoming()).toEqual([{ incoming: 0, incoming_at: null }]);
    expect(await query(knex, 'select on_hand from inventory.position')).toEqual([{ on_hand: 8 }]);
  });

  it('of a place are shown lot by lot', async () => {
    await stockUp(knex, { BOLT: { EAST: 1 } });
    await supply([lot('EAST', 'BOLT', 'B', 2, day(2)), lot('EAST', 'BOLT', 'A', 3, day(1))]);
    const answer = await ask(
      createInventorySubgraph({ knex, source: {} as never }),
      `query ($r: [_Any!]!) { _entities(representations: $r) { ... on ProductVariant {
        inventoryPositions { nodes { location { id } incoming shortage incomingLots { quantity expectedAt } } } } } }`,
      { r: [{ __typename: 'ProductVariant', sku: 'BOLT' }] },
    );
    expect(answer.data).toEqual({
      _entities: [
        {
          inventoryPositions: {
            nodes: [
              {
                location: { id: at('EAST') },
                incoming: 5,
                shortage: 0,
                incomingLots: [
                  { quantity: 3, expectedAt: day(1).toISOString() },
                  { quantity: 2, expectedAt: day(2).toISOString() },
                ],
              },
            ],
          },
        },
      ],
    });
  });
});
