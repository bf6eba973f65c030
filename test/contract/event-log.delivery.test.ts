import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type EventBackbone, openEventBackbone } from '../../events/backbone.ts';
import { writeEvents } from '../../events/outbox.ts';
import type { StoredEvent } from '../../events/port.ts';
import { createTail, type Tail } from '../../events/tail.ts';
import { sleep } from '../../platform/clock.ts';
import { query } from '../../platform/db/query.ts';
import { createLogger } from '../../platform/logger.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { startProcess, type TestProcess, until } from '../helpers/processes.ts';
import { orderEvent } from './event-log.events.ts';

const AGGREGATES = 6;
const PRODUCERS = 5;
const stores = [
  { store: 'postgres', redisUrl: null },
  ...(process.env.REDIS_URL ? [{ store: 'redis', redisUrl: process.env.REDIS_URL }] : []),
];

describe.each(stores)('delivery while processes are killed: $store', ({ redisUrl }) => {
  let database: TestDatabase;
  let backbone: EventBackbone;
  let members: TestProcess[] = [];
  let tail: Tail | undefined;

  const startMember = () =>
    startProcess('test/contract/event-log.member-process.ts', [database.url, redisUrl ?? ''], {});

  beforeEach(async () => {
    database = await createTestDatabase(['integration']);
    await database.knex.raw(`
      create table public.aggregate (id text primary key, version int not null);
      insert into public.aggregate select 'ord_' || n, 0 from generate_series(1, ${AGGREGATES}) as n;
      create table public.effect (place bigint generated always as identity, subject text, version int, pid int)`);
    backbone = await openEventBackbone({
      knex: database.knex,
      databaseUrl: database.url,
      redisUrl,
      otherProcesses: true,
      sessionName: 'test-events',
      logger: createLogger({ level: 'silent', component: 'test' }),
    });
  });

  afterEach(async () => {
    for (const member of members.splice(0)) await member.killHard();
    await tail?.close();
    await backbone.close();
    await database.drop();
  });

  /** Changes one to three aggregates under their locks; every tenth change is rolled back. */
  async function changeSomething(): Promise<void> {
    const ids = [...new Set([1, 2, 3].map(() => `ord_${Math.ceil(Math.random() * AGGREGATES)}`))];
    const change = database.knex.transaction(async (trx) => {
      const rows = await query<{ id: string; version: number }>(
        trx,
        `update public.aggregate set version = version + 1
         where id in (select id from public.aggregate where id = any(?::text[]) order by id for update) returning id, version`,
        [ids],
      );
      await writeEvents(
        trx,
        rows.map((row) => orderEvent(row.id, row.version)),
      );
      if (Math.random() < 0.1) throw new Error('changed my mind');
    });
    await change.catch((error: Error) => {
      if (error.message !== 'changed my mind') throw error;
    });
  }

  it('every reader sees every event once, every subject in order, every effect happens once', async () => {
    tail = await createTail(backbone.log, backbone.fanOut);
    const heard: StoredEvent[] = [];
    tail.attach('all', (event) => heard.push(event));
    members = await Promise.all([startMember(), startMember()]);
    expect(members[0]?.report).toMatchObject({ eventLog: expect.stringContaining('postgres') });

    let producing = true;
    const producers = Array.from({ length: PRODUCERS }, async () => {
      while (producing) {
        await changeSomething();
        await sleep(Math.random() * 20);
      }
    });
    // Each is killed while it leads, consumes or stands by; for a moment none is left.
    const kill = async (place: number) => {
      await sleep(200 + Math.random() * 400);
      await members[place]?.killHard();
    };
    await kill(0);
    members[0] = await startMember();
    await kill(1);
    await kill(0);
    members = await Promise.all([startMember(), startMember()]);
    await kill(1);
    await sleep(200);
    producing = false;
    await Promise.all(producers);

    const versions = await query<{ id: string; version: number }>(
      database.knex,
      'select id, version from public.aggregate order by id',
    );
    const written = versions.reduce((sum, row) => sum + row.version, 0);
    expect(written).toBeGreaterThan(200);
    const expected = Object.fromEntries(
      versions.map((row) => [row.id, Array.from({ length: row.version }, (_, index) => index + 1)]),
    );
    const bySubject = (events: readonly { subject: string; version: number }[]) =>
      Object.fromEntries(
        versions.map(({ id }) => [id, events.filter((event) => event.subject === id).map((event) => event.version)]),
      );

    // The log: complete, without a gap in its own numbers either.
    await until(async () => (await query(database.knex, 'select 1 from integration.outbox')).length === 0, 20_000);
    const log: StoredEvent[] = [];
    for (let after: string | null = null; ; ) {
      const page = await backbone.log.read({ after, limit: 100 });
      log.push(...page.events);
      after = page.next;
      if (!page.more) break;
    }
    expect(bySubject(log)).toEqual(expected);
    expect(new Set(log.map((event) => event.id)).size).toBe(written);
    expect(log.map((event) => Number(event.sequence.split('-')[1]))).toEqual(log.map((_, index) => index + 1));

    // A reader that listened all the time: exactly the log.
    await until(() => heard.length >= written, 20_000);
    expect(heard.map((event) => event.sequence)).toEqual(log.map((event) => event.sequence));

    // The group, led by one killed process after the other.
    const effects = () =>
      query<{ subject: string; version: number; pid: number }>(
        database.knex,
        'select subject, version, pid from public.effect order by place',
      );
    await until(async () => (await effects()).length >= written, 20_000);
    await sleep(500);
    const done = await effects();
    expect(bySubject(done)).toEqual(expected);
    expect(new Set(done.map((effect) => effect.pid)).size).toBeGreaterThan(1);
  }, 90_000);
});
