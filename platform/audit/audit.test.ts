import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { recordAction, verifyAudit } from './audit.ts';

const caller = { clientId: 'ops', contract: 'operations', traceId: 'a'.repeat(32) };
const record = (subject: string) =>
  database.knex.transaction((trx) => recordAction(trx, caller, { action: 'orderHold', subject, reason: 'FRAUD' }));

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(['integration']);
});
afterAll(() => database.drop());

/** Does what only the owner of the database can: writes past the triggers. */
const tamper = (sql: string) =>
  database.knex.transaction(async (trx) => {
    await trx.raw('set local session_replication_role = replica');
    await trx.raw(sql);
  });

it('chains actions, also those that are recorded at the same time', async () => {
  expect(await verifyAudit(database.knex)).toEqual({ rows: 0, head: null, faults: [] });
  await Promise.all(Array.from({ length: 10 }, (_, index) => record(`ord_${index}`)));
  expect(await verifyAudit(database.knex)).toEqual({
    rows: 10,
    head: expect.stringMatching(/^[0-9a-f]{64}$/),
    faults: [],
  });
});

it('leaves no row of an action that did not happen', async () => {
  const failing = database.knex.transaction(async (trx) => {
    await recordAction(trx, caller, { action: 'orderHold', subject: 'ord_x', reason: null });
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect((await verifyAudit(database.knex)).rows).toBe(10);
});

it.each([
  "update integration.audit set reason = 'other' where position = 3",
  'delete from integration.audit where position = 3',
  'truncate integration.audit',
])('refuses: %s', async (sql) => {
  await expect(database.knex.raw(sql)).rejects.toThrow(/append-only/);
});

it('shows what was written past that', async () => {
  await tamper("update integration.audit set reason = 'other' where position = 3");
  expect((await verifyAudit(database.knex)).faults).toEqual([{ position: 3, fault: 'the row was changed' }]);
  await tamper('delete from integration.audit where position = 3');
  expect((await verifyAudit(database.knex)).faults).toEqual([{ position: 4, fault: 'a row before it is missing' }]);
});
