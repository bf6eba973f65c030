import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createEmptyDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { createBell } from './bell.ts';
import { feedCounterSql, feedHead, feedQuery, lateNumbersSql, readFeed, takeFeedNumbers } from './feed.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createEmptyDatabase();
  await database.knex.raw(`create schema shop; ${feedCounterSql('shop')}
    create table shop.note (written bigserial primary key, note_no bigint unique, text text not null);
    ${lateNumbersSql('shop', 'note', { number: 'note_no', written: 'written' })}`);
});
afterAll(() => database.drop());

const take = (feed: string, count: number) =>
  database.knex.transaction((trx) => takeFeedNumbers(trx, 'shop', feed, count));

it('numbers each feed from one, in blocks', async () => {
  expect(await feedHead(database.knex, 'shop', 'a')).toBe(0);
  expect([await take('a', 3), await take('a', 1), await take('b', 1)]).toEqual([1, 4, 1]);
  expect(await feedHead(database.knex, 'shop', 'a')).toBe(4);
});

it('lets a later writer wait until the earlier one is visible', async () => {
  const first = await database.knex.transaction();
  const firstNumber = await takeFeedNumbers(first, 'shop', 'c', 1);
  const second = take('c', 1);
  expect(await Promise.race([second, pause(150, 'waiting')])).toBe('waiting');
  await first.commit();
  expect([firstNumber, await second]).toEqual([1, 2]);
});

it('gives the numbers of a failed writer to the next one', async () => {
  const failed = await database.knex.transaction();
  expect(await takeFeedNumbers(failed, 'shop', 'd', 5)).toBe(1);
  await failed.rollback();
  expect(await take('d', 1)).toBe(1);
});

it('numbers late what is committed, in the order it became visible, and never changes a number', async () => {
  const { knex } = database;
  const write = (on: typeof knex, text: string) => on.raw('insert into shop.note (text) values (?)', [text]);
  const numbered = async () => {
    await knex.raw('select shop.number_note()');
    const { rows } = await knex.raw('select note_no, text from shop.note where note_no is not null order by note_no');
    return rows.map((row: { note_no: string; text: string }) => `${row.note_no} ${row.text}`);
  };
  const slow = await knex.transaction();
  await write(slow, 'slow');
  await write(knex, 'quick'); // does not wait for the slow one, although it was written later
  expect(await numbered()).toEqual(['1 quick']);
  const failed = await knex.transaction();
  await write(failed, 'failed');
  await failed.rollback();
  await slow.commit();
  await write(knex, 'last');
  expect(await numbered()).toEqual(['1 quick', '2 slow', '3 last']);
  expect(await numbered()).toEqual(['1 quick', '2 slow', '3 last']);
});

it('never gives a number twice or changes it while two number at once', async () => {
  const { knex } = database;
  await knex.raw('truncate shop.note');
  const slow = await knex.transaction();
  await slow.raw(`insert into shop.note (text) values ('slow')`);
  await knex.raw(`insert into shop.note (text) values ('quick')`);
  const first = await knex.transaction();
  await first.raw('select shop.number_note()');
  await slow.commit(); // written before `quick`, visible after it
  const second = knex.raw('select shop.number_note()').then(() => 'done');
  expect(await Promise.race([second, pause(150, 'waiting')])).toBe('waiting');
  await first.commit();
  await second;
  const { rows } = await knex.raw('select note_no, text from shop.note order by note_no');
  expect(rows).toEqual([
    { note_no: '1', text: 'quick' },
    { note_no: '2', text: 'slow' },
  ]);
  await knex.raw('truncate shop.note');
});

it('numbers late without gaps or doubles when many write and read at once', async () => {
  const { knex } = database;
  await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      await knex.raw('insert into shop.note (text) values (?)', [`n${index}`]);
      await knex.raw('select shop.number_note()');
    }),
  );
  const { rows } = await knex.raw('select count(*)::int as count, max(note_no)::int as last from shop.note');
  expect(rows).toEqual([{ count: 60, last: 60 }]);
});

it('answers at once when there is something, and after the wait when there is not', async () => {
  const bell = createBell();
  const { signal } = new AbortController();
  expect(await readFeed({ bell, signal, waitSeconds: 20, read: async () => [1] })).toEqual([1]);
  const started = Date.now();
  let looks = 0;
  const read = async () => {
    looks += 1;
    return [];
  };
  expect(await readFeed({ bell, signal, waitSeconds: 0.2, read })).toEqual([]);
  expect(Date.now() - started).toBeGreaterThanOrEqual(195);
  expect(looks).toBe(2);
});

it('does not miss a ring that comes while it looks', async () => {
  const bell = createBell();
  let looks = 0;
  const started = Date.now();
  const entries = await readFeed({
    bell,
    signal: new AbortController().signal,
    waitSeconds: 20,
    async read() {
      looks += 1;
      if (looks === 1) bell.ring(); // committed after our snapshot, rung before we wait
      return looks === 1 ? [] : ['new'];
    },
  });
  expect([entries, looks]).toEqual([['new'], 2]);
  expect(Date.now() - started).toBeLessThan(400); // by the bell, not by looking again
});

it('finds by itself what another process wrote, and stops waiting when the caller hangs up', async () => {
  const bell = createBell();
  let looks = 0;
  const read = async () => {
    looks += 1;
    return looks < 2 ? [] : ['from elsewhere'];
  };
  expect(await readFeed({ bell, signal: new AbortController().signal, waitSeconds: 20, read })).toEqual([
    'from elsewhere',
  ]);
  const caller = new AbortController();
  const waiting = readFeed({ bell, signal: caller.signal, waitSeconds: 20, read: async () => [] });
  caller.abort();
  expect(await waiting).toEqual([]);
});

it('reads its query from text and keeps to its limits', () => {
  expect(feedQuery.parse({ after: '12', wait: '1.5' })).toEqual({ after: 12, limit: 200, wait: 1.5 });
  expect(feedQuery.parse({})).toEqual({ after: 0, limit: 200, wait: 0 });
  for (const query of [{ after: '-1' }, { limit: '0' }, { limit: '1001' }, { wait: '31' }, { after: 'x' }]) {
    expect(feedQuery.safeParse(query).success).toBe(false);
  }
});
