import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { createExceptionDesk } from '../operations/index.ts';
import { at, commit, stockUp } from './sample-stock.ts';
import { closeCoveredShortages, shortageKey } from './shortage-review.ts';
import { type Shortage, shortages } from './stock-ledger.ts';

let database: TestDatabase;
let knex: Knex;

beforeAll(async () => {
  database = await createTestDatabase(['inventory', 'integration']);
  knex = database.knex;
});
afterAll(() => database.drop());

it('closes what was raised of shortages that are over, however they ended, and nothing else', async () => {
  const desk = createExceptionDesk({ knex, owners: { default: 'platform', rules: [] } });
  const raise = (shortage: Shortage) =>
    knex.transaction((trx) =>
      desk.raiseIn(trx, { key: shortageKey(shortage), system: 'wms', operation: 'apply-booking', message: 'short' }),
    );
  const open = async () => (await desk.openKeys('')).sort();
  const count = (sku: string, onHand: number) =>
    query(knex, 'update inventory.position set on_hand = ? where sku = ?', [onHand, sku]);
  await stockUp(knex, { FOUND: { EAST: 5 }, 'A:B': { EAST: 5 }, GONE: { EAST: 5, WEST: 1 } });
  for (const sku of ['FOUND', 'A:B', 'GONE']) {
    await commit(knex, `order-${sku}`, [[sku, 5]]);
    await count(sku, 2);
  }
  for (const shortage of await shortages(knex, null)) await raise(shortage);
  await knex.transaction((trx) =>
    desk.raiseIn(trx, { key: 'inventory:gap:1-2', system: 'wms', operation: 'read-ledger', message: 'gap' }),
  );
  const keyOf = (sku: string) => shortageKey({ sku, locationId: at('EAST') });
  const all = ['inventory:gap:1-2', ...['A:B', 'FOUND', 'GONE'].map(keyOf)].sort();
  expect(await open()).toEqual(all);
  await closeCoveredShortages(knex, desk, raise);
  expect(await open()).toEqual(all); // all of them are short still

  await count('FOUND', 5);
  await query(knex, "select inventory.release_order('order-A:B', array['order-A:B.l1'], array[5])");
  await closeCoveredShortages(knex, desk, raise);
  expect(await open()).toEqual(['inventory:gap:1-2', keyOf('GONE')]);

  // Short again in the instant between looking and closing.
  await count('GONE', 5);
  const late = {
    openKeys: desk.openKeys,
    async resolve(key: string) {
      await count('GONE', 1);
      await desk.resolve(key);
    },
  };
  await closeCoveredShortages(knex, late, raise);
  expect(await open()).toEqual(['inventory:gap:1-2', keyOf('GONE')]);
});
