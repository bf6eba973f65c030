import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { loadAvailabilityRules, saveAvailabilityRules } from './availability-rules.ts';
import { at, commit, stockUp } from './sample-stock.ts';

const folder = mkdtempSync(join(tmpdir(), 'availability-'));
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string) {
  const file = join(folder, 'availability.yaml');
  writeFileSync(file, text);
  return loadAvailabilityRules(file);
}

describe('loadAvailabilityRules', () => {
  it('reads the rules of the project, which say nothing yet', () => {
    expect(loadAvailabilityRules()).toEqual({ rules: [], defaultBackorder: { upTo: 1_000 } });
  });

  it.each([
    ['rules: [{ channel: WEB }]', 'rules.0: says nothing; give at least one of withhold, cap, backorder, preorder'],
    ['rules: [{ sku: 22086, cap: 1 }]', 'rules.0.sku: expected a text; write numbers in quotes'],
    ['rules: [{ cap: 0.5 }]', 'rules.0.cap: expected whole units, 0 to 100000000'],
    ['rules: [{ withhold: 1e12 }]', 'rules.0.withhold: expected whole units, 0 to 100000000'],
    ['rules: [{ backorder: some }]', 'rules.0.backorder: expected none, incoming, unlimited or { upTo: units }'],
    ['rules: [{ preorder: { releaseAt: soon } }]', 'rules.0.preorder.releaseAt: expected a time with a zone'],
    ['rules: [{ location: LON1, backorder: none }]', 'rules.0: backorder and preorder are not about a location'],
    ['{ rules: [], defaultBackorder: unlimited }', 'defaultBackorder: Invalid input: expected object'],
    ['rules: [{ chanel: WEB, cap: 1 }]', 'Unrecognized key: "chanel"'],
    [
      'rules: [{ cap: 1 }, { channel: WEB, cap: 1 }, { cap: 2 }]',
      'rules.2: is about the same channel, SKU and location as rules.0',
    ],
    ['rules: [', 'cannot be read as YAML: line 1'],
  ])('refuses %s and names the place', (text, complaint) => {
    expect(() => load(text)).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION_INVALID', message: expect.stringContaining(complaint) }),
    );
  });
});

describe('inventory.channel_terms', () => {
  let database: TestDatabase;
  let knex: Knex;
  beforeAll(async () => {
    database = await createTestDatabase(['integration', 'inventory']);
    knex = database.knex;
    await stockUp(knex, { A: { EAST: 10 }, B: { EAST: 10 } });
  });
  beforeEach(() => query(knex, 'truncate inventory.backorder, inventory.bundle_component'));
  afterAll(() => database.drop());

  const terms = async (channel: string | null, ...skus: string[]) =>
    (
      await query<Record<string, unknown>>(
        knex,
        'select sku, withheld, cap, backorder_units, is_bundle, by_location from inventory.channel_terms(?, ?::text[]) order by sku',
        [channel, skus],
      )
    ).map((row) => Object.values(row));
  const rules = (text: string) => saveAvailabilityRules(knex, load(text));
  const wait = (line: string, sku: string, channel: string, quantity: number) =>
    query(knex, "insert into inventory.backorder (order_line_id, order_id, sku, channel_code, quantity) values (?, 'o', ?, ?, ?)", [line, sku, channel, quantity]); // biome-ignore format: one thought

  it('has no limits without rules', async () => {
    await rules('rules: []');
    expect(await terms('WEB', 'A', 'NOBODY-KNOWS')).toEqual([
      ['A', null, null, null, false, false],
      ['NOBODY-KNOWS', null, null, null, false, false],
    ]);
  });

  it('takes each word from the closest rule that says it', async () => {
    await rules(`rules:
      - { withhold: 1, cap: 90, backorder: none }
      - { channel: WEB, withhold: 2, cap: 80 }
      - { sku: A, withhold: 3 }
      - { channel: WEB, sku: A, cap: 0, backorder: unlimited }
      - { channel: WEB, location: EAST, withhold: 7 }`);
    expect(await terms('WEB', 'A', 'B')).toEqual([
      ['A', 3, 0, 2_000_000_000, false, true],
      ['B', 2, 80, 0, false, true],
    ]);
    expect(await terms('POS', 'A', 'B')).toEqual([
      ['A', 3, 90, 0, false, false],
      ['B', 1, 90, 0, false, false],
    ]);
    expect(await query(knex, "select * from inventory.location_terms('WEB', array['B'])")).toEqual([
      { sku: 'B', location_id: at('EAST'), withheld: 7, cap: null },
    ]);
  });

  it('has goods told of that orders wait for: they may be theirs now', async () => {
    await query(knex, 'delete from inventory.unannounced');
    await wait('l1', 'A', 'WEB', 4);
    await rules('rules: []');
    expect(await query(knex, 'select distinct sku from inventory.unannounced')).toEqual([{ sku: 'A' }]);
  });

  it("counts what waits against the limit: a channel's own limit with its own orders, a common one with all", async () => {
    await rules('rules: [{ backorder: { upTo: 10 } }, { channel: B2B, backorder: { upTo: 5 } }]');
    await wait('l1', 'A', 'WEB', 4);
    await wait('l2', 'A', 'B2B', 3);
    const left = async (channel: string) => (await terms(channel, 'A'))[0]?.[3];
    expect([await left('WEB'), await left('B2B'), await left('POS')]).toEqual([3, 2, 3]);
    await wait('l3', 'A', 'POS', 9);
    expect([await left('WEB'), await left('B2B')]).toEqual([0, 2]);
  });

  it('lets orders wait for no more than the default where no rule says how many', async () => {
    await rules(`{ defaultBackorder: { upTo: 7 }, rules: [{ sku: B, backorder: unlimited }] }`);
    await wait('l1', 'A', 'WEB', 4);
    await wait('l2', 'B', 'WEB', 4);
    const place = (order: string, sku: string, quantity: number) => commit(knex, order, [[sku, quantity]], { backorder: true, channel: 'WEB' }); // biome-ignore format: one thought
    expect(await place('o1', 'A', 10)).toEqual([['SHORT', 'l1', null, 10, 9]]);
    expect((await place('o2', 'A', 9)).map(([kind, , , units]) => [kind, units])).toEqual([['ALLOCATED', 6], ['BACKORDERED', 3]]); // biome-ignore format: one thought
    expect(await place('o3', 'A', 1)).toEqual([['SHORT', 'l1', null, 1, 0]]);
    expect((await place('o4', 'B', 1_000_000)).map(([kind]) => kind)).toEqual(['ALLOCATED', 'BACKORDERED']);
    const terms = await query(knex, "select sku, backorder_units from inventory.sale_terms('WEB', array['A', 'B']) order by sku"); // biome-ignore format: one thought
    expect(terms).toEqual([{ sku: 'A', backorder_units: 0 }, { sku: 'B', backorder_units: 2_000_000_000 }]); // biome-ignore format: one thought
  });

  it('lets orders wait for incoming units that nobody waits for, in bundles too', async () => {
    await rules('rules: [{ backorder: incoming }]');
    await query(knex, "update inventory.position set incoming = 20 where sku in ('A', 'B')");
    await query(knex, "insert into inventory.bundle_component values ('KIT', 'A', 3), ('KIT', 'B', 1)");
    await wait('l1', 'A', 'WEB', 4);
    await wait('l2', 'KIT', 'POS', 2);
    expect(await terms('WEB', 'A', 'B', 'KIT')).toEqual([
      ['A', null, null, 20 - 4 - 2 * 3, false, false],
      ['B', null, null, 20 - 2, false, false],
      ['KIT', null, null, 3, true, false],
    ]);
  });

  it('sells nothing from stock before a release, and the number of preorders that is allowed', async () => {
    await rules(`rules:
      - { sku: A, preorder: { releaseAt: 2999-01-01T00:00:00Z, upTo: 10 }, backorder: none }
      - { sku: B, preorder: { releaseAt: 2001-01-01T00:00:00Z, upTo: 10 }, backorder: none }`);
    await wait('l1', 'A', 'WEB', 4);
    const rows = await query(
      knex,
      "select sku, release_at, backorder_units from inventory.channel_terms('POS', array['A', 'B']) order by sku",
    );
    expect(rows).toEqual([
      { sku: 'A', release_at: new Date('2999-01-01T00:00:00Z'), backorder_units: 6 },
      { sku: 'B', release_at: null, backorder_units: 0 },
    ]);
  });
});
