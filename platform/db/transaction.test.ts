import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createEmptyDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { sleep } from '../clock.ts';
import { openDatabase } from './database.ts';
import { inTransaction } from './transaction.ts';

describe('inTransaction', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createEmptyDatabase();
    await database.knex.raw('create table public.account (id int primary key, amount int)');
    await database.knex.raw('insert into public.account values (1, 0), (2, 0)');
  });
  afterAll(() => database.drop());

  it('runs on connections that compile no plans, whatever the URL says', async () => {
    const url = new URL(database.url);
    url.searchParams.set('options', '-c jit=on');
    const asked = openDatabase(url.href, { poolMax: 1, applicationName: 'test' });
    try {
      expect((await asked.raw('show jit')).rows).toEqual([{ jit: 'off' }]);
    } finally {
      await asked.destroy();
    }
  });

  it('names neither statement nor values of what a broken connection lost: the message may reach a client', async () => {
    const own = openDatabase(database.url, { poolMax: 1, applicationName: 'test' });
    try {
      await expect(own.raw('select pg_terminate_backend(pg_backend_pid()), ?::text', ['value'])).rejects.toMatchObject({
        code: 'DATABASE_UNAVAILABLE',
        message: 'The operational store did not answer.',
      });
    } finally {
      await own.destroy();
    }
  });

  it('repeats a transaction that lost a deadlock', async () => {
    let attempts = 0;
    let arrived = 0;
    let release = () => {};
    const bothHoldOne = new Promise<void>((resolve) => {
      release = resolve;
    });
    const add = (first: number, second: number) =>
      inTransaction(database.knex, async (trx) => {
        attempts++;
        await trx.raw('update public.account set amount = amount + 1 where id = ?', [first]);
        if (++arrived === 2) release();
        await bothHoldOne;
        await trx.raw('update public.account set amount = amount + 1 where id = ?', [second]);
      });
    await Promise.all([add(1, 2), add(2, 1)]);
    expect(attempts).toBe(3);
    const { rows } = await database.knex.raw('select amount from public.account order by id');
    expect(rows).toEqual([{ amount: 2 }, { amount: 2 }]);
  });

  it('gives up after five attempts', async () => {
    let attempts = 0;
    const work = inTransaction(database.knex, async (trx) => {
      attempts++;
      await trx.raw(`do $$ begin raise exception 'lost again' using errcode = '40001'; end $$`);
    });
    await expect(work).rejects.toMatchObject({ code: '40001' });
    expect(attempts).toBe(5);
  });

  it('does not repeat any other failure, and rolls it back', async () => {
    let attempts = 0;
    const work = inTransaction(database.knex, async (trx) => {
      attempts++;
      await trx.raw('delete from public.account');
      await trx.raw('insert into public.account values (3, 1), (3, 1)');
    });
    await expect(work).rejects.toMatchObject({ code: '23505' });
    expect(attempts).toBe(1);
    expect((await database.knex.raw('select 1 from public.account')).rowCount).toBe(2);
  });

  it('names a connection that breaks', async () => {
    const work = inTransaction(database.knex, (trx) => trx.raw('select pg_terminate_backend(pg_backend_pid())'));
    await expect(work).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await expect(database.knex.raw('select 1')).resolves.toMatchObject({ rowCount: 1 });
  });

  it('names a connection that broke while the transaction did nothing', async () => {
    const work = inTransaction(database.knex, async (trx) => {
      const { rows } = await trx.raw<{ rows: { pid: number }[] }>('select pg_backend_pid() as pid');
      await database.knex.raw('select pg_terminate_backend(?, 5000)', [rows[0]?.pid ?? 0]);
      await sleep(50);
    });
    await expect(work).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  });
});

describe('openDatabase', () => {
  const open = (url: string, statementTimeoutMillis?: number) =>
    openDatabase(url, {
      poolMax: 1,
      applicationName: 'test',
      ...(statementTimeoutMillis ? { statementTimeoutMillis } : {}),
    });

  it.each([
    ['a port nobody listens on', (url: URL) => (url.port = '1')],
    ['a host that does not exist', (url: URL) => (url.hostname = 'nowhere.invalid')],
    ['a wrong password', (url: URL) => (url.password = 'wrong')],
    ['a database that does not exist', (url: URL) => (url.pathname = '/nothing')],
  ])('names %s, without saying where', async (_what, change) => {
    const url = new URL(process.env.TEST_DATABASE_URL ?? '');
    change(url);
    const knex = open(url.href);
    await expect(knex.raw('select 1')).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: 'The operational store did not answer.',
    });
    await expect(inTransaction(knex, (trx) => trx.raw('select 1'))).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
    });
    await knex.destroy();
  });

  it('gives up on a statement that runs too long, and does not call the server unavailable for it', async () => {
    const knex = open(process.env.TEST_DATABASE_URL ?? '', 100);
    const refused = { code: 'OVERLOADED', details: { reason: '57014', retryAfterSeconds: 1 } };
    await expect(knex.raw('select pg_sleep(5)')).rejects.toMatchObject(refused);
    await knex.destroy();
  });

  it('keeps what JavaScript would round, and reads times as dates', async () => {
    const knex = open(process.env.TEST_DATABASE_URL ?? '');
    const { rows } = await knex.raw(`select 9007199254740993::int8 as big, '2026-11-23T09:00:00Z'::timestamptz as at`);
    expect(rows).toEqual([{ big: '9007199254740993', at: new Date('2026-11-23T09:00:00Z') }]);
    await knex.destroy();
  });
});
