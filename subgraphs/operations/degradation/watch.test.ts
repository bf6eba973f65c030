import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { announceAll } from '../../inventory/index.ts';
import { stockUp } from '../../inventory/sample-stock.ts';
import { createExceptionDesk } from '../index.ts';
import { saveDegradationRules } from './rules.ts';
import { watchDegradation } from './watch.ts';

let database: TestDatabase;
let knex: Knex;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'inventory']);
  knex = database.knex;
  await stockUp(knex, { BOLT: { EAST: 3, WEST: 4 }, NUT: { EAST: 0 }, SCREW: { SHOP: 5 } });
  await saveDegradationRules(knex, [
    { system: 'wms', after: 300, availability: { buffer: { percent: 10 } }, orders: 'hold' },
    { system: 'wms', channel: 'AMAZON', after: 3_600, availability: { cap: 0 } },
  ]);
  await query(knex, "select integration.note_contact('wms', 'stock-ledger')");
});
afterAll(() => database.drop());

const look = () =>
  watchDegradation({ knex, desk: createExceptionDesk({ knex, owners: { default: 'platform', rules: [] } }), announce: announceAll }); // biome-ignore format: one thought
const silence = (seconds: number) =>
  query(knex, 'update integration.system_contact set heard_at = now() - make_interval(secs => ?)', [seconds]);
const desk = () => query(knex, 'select key, state, cause, message from integration.exception order by opened_at');
const announced = async () =>
  (await query<{ sku: string }>(knex, 'delete from inventory.unannounced returning sku')).map((row) => row.sku).sort();

describe('watchDegradation', () => {
  it('says nothing while all is well', async () => {
    expect(await look()).toEqual([]);
    expect([await desk(), await announced()]).toEqual([[], []]);
  });

  it('opens one exception when rules begin, whoever looks, and has the stock that can be bought told of', async () => {
    await silence(301);
    const told = (await Promise.all([look(), look(), look()])).flat();
    expect(told).toEqual([{ system: 'wms', rules: 'every channel from 300 s, 10 % less, orders: hold' }]);
    expect(await desk()).toEqual([
      {
        key: 'degradation:wms',
        state: 'OPEN',
        cause: 'UNAVAILABLE',
        message:
          'The system is not heard: look whether it works, and whether its feed is read (`systems`). Until then channels go by config/degradation.yaml: every channel from 300 s, 10 % less, orders: hold. Held orders go on by themselves, and this closes by itself.',
      },
    ]);
    expect(await announced()).toEqual(['BOLT']);
    expect(await look()).toEqual([]);
    expect(await announced()).toEqual([]);
  });

  it('tells of a further rule as another attempt of the same exception', async () => {
    await silence(3_601);
    expect(await look()).toMatchObject([
      { rules: expect.stringMatching(/; AMAZON from 3600 s, nothing is shown or sold$/) },
    ]);
    expect(await desk()).toMatchObject([{ state: 'OPEN', message: expect.stringMatching(/AMAZON/) }]);
    expect(await announced()).toEqual(['BOLT']);
  });

  it('closes it when the system is heard again, and has the stock told of again', async () => {
    await silence(0);
    expect(await look()).toEqual([{ system: 'wms', rules: null }]);
    expect(await desk()).toMatchObject([{ state: 'RESOLVED' }]);
    expect(await announced()).toEqual(['BOLT']);
    expect(await query(knex, 'select * from integration.degradation_state')).toEqual([]);
  });
});
