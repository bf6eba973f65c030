import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { commit, differences, emptyStock, hold, stockUp } from './sample-stock.ts';

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(() => emptyStock(knex));

function release(orderId: string, lines: [line: string, quantity: number][], location: string | null = null) {
  return query<{ line_id: string; location_id: string; quantity: number }>(
    knex,
    'select * from inventory.release_order(?, ?::text[], ?::int[], ?)',
    [orderId, lines.map(([line]) => `${orderId}.${line}`), lines.map(([, quantity]) => quantity), location],
  );
}

const movements = () =>
  query<{ kind: string }>(
    knex,
    'select kind, on_hand_delta, reserved_delta, committed_delta, reference from inventory.movement order by id',
  );

describe('the ledger', () => {
  it('is append-only', async () => {
    await stockUp(knex, { BOLT: { EAST: 1 } });
    await expect(query(knex, 'update inventory.movement set on_hand_delta = 5')).rejects.toThrow(/append-only/);
    await expect(query(knex, 'delete from inventory.movement')).rejects.toThrow(/append-only/);
    await expect(query(knex, 'truncate inventory.movement')).rejects.toThrow(/append-only/);
  });

  it('shows a position that was changed behind its back', async () => {
    await stockUp(knex, { BOLT: { EAST: 4 } });
    await query(knex, 'update inventory.position set committed = 1');
    expect(await differences(knex)).toMatchObject([
      { sku: 'BOLT', committed: 1, ledger_committed: '0', lines_committed: '0' },
    ]);
  });

  it('tells every move with its reason', async () => {
    await stockUp(knex, { BOLT: { EAST: 4 } });
    await hold(knex, 'r1', [['BOLT', 2]]);
    await commit(knex, 'o1', [['BOLT', 2]], { reservation: 'r1' });
    await release('o1', [['l1', 1]]);
    expect(await movements()).toEqual([
      { kind: 'SNAPSHOT', on_hand_delta: 4, reserved_delta: 0, committed_delta: 0, reference: null },
      { kind: 'HOLD', on_hand_delta: 0, reserved_delta: 2, committed_delta: 0, reference: 'r1' },
      { kind: 'ALLOCATION', on_hand_delta: 0, reserved_delta: -2, committed_delta: 2, reference: 'o1' },
      { kind: 'RELEASE', on_hand_delta: 0, reserved_delta: 0, committed_delta: -1, reference: 'o1' },
    ]);
  });
});
