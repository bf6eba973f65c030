import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { projectFile } from '../../platform/paths.ts';
import { sqlOrderDesk } from '../../subgraphs/order/adapters/sql.ts';
import { checkDatabase } from '../../systems/sql/check.ts';
import { createSqlClient, type SqlClient } from '../../systems/sql/client.ts';
import type { SqlMapping } from '../../systems/sql/mapping.ts';
import { profileOfMapping } from '../../systems/sql/profile.ts';
import { readMapping, tellPlaces } from '../../systems/sql/read-mapping.ts';
import { type MariaDb, startMariaDb } from '../../systems/sql/server/mariadb.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { createLegacyErp, emptyLegacyErp, legacyMapping } from '../helpers/legacy-erp.ts';
import { orderDeskContract } from './order-desk.contract.ts';
import { productSourceContract } from './product-source.contract.ts';
import { startSqlWorld } from './product-source.sql-world.ts';

// `npm run test:sql`: the same promises over a MariaDB, by an account that may read views and write to tables of entry only.
let store: TestDatabase;
let erp: MariaDb;
let sql: SqlClient;
let worlds = 0;
const file = readMapping(projectFile('config', 'sql', 'legacy-erp.yaml'));
const mapping: SqlMapping = { ...legacyMapping(), dialect: 'mariadb', timeZone: 'UTC', lookEveryMillis: 0, readAllEveryMillis: 0 }; // biome-ignore format: one thought

beforeAll(async () => {
  store = await createTestDatabase(['integration']);
  erp = await startMariaDb((line) => process.stderr.write(`${line}\n`));
  await createLegacyErp(erp.knex, 'mariadb');
  await erp.knex.raw("create user 'commerce'@'%' identified by 'trial'");
  for (const view of ['v_group', 'v_style', 'v_article', 'v_kit', 'v_price', 'v_order'])
    await erp.knex.raw(`grant select on legacy.${view} to 'commerce'@'%'`);
  for (const table of ['order_in', 'order_in_line', 'notice_in', 'notice_in_line'])
    await erp.knex.raw(`grant select, insert on legacy.${table} to 'commerce'@'%'`);
  sql = createSqlClient('legacy', { address: `mariadb://127.0.0.1:${erp.port}/legacy`, dialect: 'mariadb', user: 'commerce', password: 'trial', timeoutMillis: 60_000 }); // biome-ignore format: one thought
});
afterAll(async () => {
  await sql?.close();
  await erp?.stop();
  await store?.drop();
});

productSourceContract(
  'SQL on MariaDB',
  async () => {
    worlds += 1;
    return startSqlWorld(erp.knex, sql, openObservedJournal(store.knex, `legacy${worlds}`), mapping, () => emptyLegacyErp(erp.knex)); // biome-ignore format: one thought
  },
  profileOfMapping(mapping),
);

orderDeskContract(
  'SQL on MariaDB',
  async () => {
    if (!mapping.orders) throw new Error('the mapping has no orders');
    return { desk: sqlOrderDesk(sql, mapping.orders, mapping), stop: () => emptyLegacyErp(erp.knex) };
  },
  profileOfMapping(mapping),
);

it('is checked as PostgreSQL is', async () => {
  const check = async (relations: SqlMapping['relations']) =>
    tellPlaces((await checkDatabase(sql, { ...file, mapping: { ...mapping, relations } })).wrong).join();
  expect(await check(mapping.relations)).toBe('');
  const { prices } = mapping.relations;
  if (!prices) throw new Error('the mapping has no prices');
  expect(await check({ prices: { ...prices, from: 'legacy.v_prise' } })).toContain('did you mean legacy.v_price?');
  // Nothing of what this account may not read is named.
  expect(await check({ prices: { ...prices, from: 'legacy.price_cond' } })).toContain('there is no table or view legacy.price_cond that this account may read'); // biome-ignore format: one thought
  await expect(sql.count('legacy.price_cond', '1 = 1', [])).rejects.toMatchObject({ code: 'SYSTEM_REJECTED', details: { systemCode: 'ER_TABLEACCESS_DENIED_ERROR' } }); // biome-ignore format: one thought
});

it('ends a statement that takes too long, and says so', async () => {
  const slow = createSqlClient('legacy', { address: `mariadb://127.0.0.1:${erp.port}/legacy`, dialect: 'mariadb', user: 'commerce', password: 'trial', timeoutMillis: 2_000, attempts: 1 }); // biome-ignore format: one thought
  await expect(slow.writeOnce(async (trx) => void (await trx.raw('select sleep(30)')))).rejects.toMatchObject({ code: 'SYSTEM_TIMEOUT' }); // biome-ignore format: one thought
  await slow.close();
  const [running] = (await erp.knex.raw("select count(*) as n from information_schema.processlist where info like 'select sleep%'")) as [{ n: number }[]]; // biome-ignore format: one thought
  expect(Number(running[0]?.n)).toBe(0);
});
