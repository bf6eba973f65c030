import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { openDatabase } from '../db/database.ts';
import { query } from '../db/query.ts';
import { liveWorkers, type WorkerIdentity, type WorkerLease, workerIdentity, workerLease } from './worker-lease.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase(['integration']);
});
afterEach(() => database.drop());

const LONG = 3_600_000;
const OVER = -1;
const elsewhere = (name: string): WorkerIdentity => ({ ...workerIdentity(name), host: 'another-host' });
const lease = (identity: WorkerIdentity, lifeMillis: number) => workerLease(database.knex, identity, lifeMillis);

/** A worker that has renewed its lease without a gap for longer than a lease lasts. */
async function steady(name: string): Promise<WorkerLease> {
  const { worker, renewAt } = timed(name);
  for (const at of [0, 4_000, 8_000]) await renewAt(at);
  return worker;
}

function timed(name: string): { worker: WorkerLease; renewAt(millis: number): Promise<void> } {
  let now = 0;
  const worker = workerLease(database.knex, workerIdentity(name), 5_000, () => now);
  return {
    worker,
    renewAt(millis) {
      now = millis;
      return worker.renew();
    },
  };
}

it('leaves the living alone', async () => {
  await lease(elsewhere('one'), LONG).renew();
  await lease(workerIdentity('two'), LONG).renew();
  const adopted: string[] = [];
  expect(await (await steady('three')).takeOver(async (id) => void adopted.push(id))).toEqual([]);
  expect([adopted, await liveWorkers(database.knex)]).toEqual([[], 3]);
});

it('takes a worker over whose lease ran out, once', async () => {
  const silent = elsewhere('one');
  await lease(silent, OVER).renew();
  expect(await liveWorkers(database.knex)).toBe(0);
  const taker = await steady('two');
  const adopted: string[] = [];
  expect(await taker.takeOver(async (id) => void adopted.push(id))).toEqual([silent.id]);
  expect(await taker.takeOver(async (id) => void adopted.push(id))).toEqual([]);
  expect(adopted).toEqual([silent.id]);
});

it('lets one of several takers have it', async () => {
  const silent = elsewhere('one');
  await lease(silent, OVER).renew();
  const adopted: string[] = [];
  let other: string[] = [];
  const three = await steady('three');
  await (await steady('two')).takeOver(async (id) => {
    adopted.push(id);
    other = await three.takeOver(async (second) => void adopted.push(second));
  });
  expect(adopted).toEqual([silent.id]);
  expect(other).toEqual([]);
});

it('judges nobody when it was away itself, until a lease has passed', async () => {
  const silent = elsewhere('one');
  await lease(silent, OVER).renew();
  const { worker, renewAt } = timed('two');
  const takenAt = async (millis: number) => {
    await renewAt(millis);
    return worker.takeOver(async () => undefined);
  };
  for (const at of [0, 2_000, 4_000]) expect(await takenAt(at)).toEqual([]);
  // A gap: the database was down, or this process stood still.
  for (const at of [20_000, 22_000, 24_000]) expect(await takenAt(at)).toEqual([]);
  expect(await takenAt(26_000)).toEqual([silent.id]);
});

it('finds a worker again whose work could not be taken over', async () => {
  const silent = elsewhere('one');
  await lease(silent, OVER).renew();
  const taker = await steady('two');
  await expect(taker.takeOver(() => Promise.reject(new Error('engine is away')))).rejects.toThrow('engine is away');
  expect(await taker.takeOver(async () => undefined)).toEqual([silent.id]);
});

it('does not wait for the lease of a process of this host that is gone', async () => {
  // 2^22 is above what Linux and macOS number processes with.
  const dead = { ...workerIdentity('one'), pid: 4_194_304 };
  await lease(dead, LONG).renew();
  expect(await lease(workerIdentity('two'), LONG).takeOver(async () => undefined)).toEqual([dead.id]); // it has just come
});

it('is back after it was taken over: renewing enters it again', async () => {
  const one = elsewhere('one');
  await lease(one, OVER).renew();
  await (await steady('two')).takeOver(async () => undefined);
  await lease(one, LONG).renew();
  const present = await query(database.knex, 'select worker_id from integration.worker_lease where worker_id = ?', [
    one.id,
  ]);
  expect(present).toHaveLength(1);
});

it('ends the connections of the worker, and with them the locks it held', async () => {
  const silent = elsewhere('one');
  const frozen = openDatabase(database.url, { poolMax: 1, applicationName: silent.sessionName });
  await lease(silent, OVER).renew();
  await query(frozen, 'select pg_advisory_lock(7)');
  await (await steady('two')).takeOver(async () => {
    const [lock] = await query(database.knex, 'select pg_try_advisory_lock(7) as free');
    expect(lock).toEqual({ free: true });
  });
  // The frozen one gets a new connection when it wakes.
  expect(await query(frozen, 'select 1 as one')).toEqual([{ one: 1 }]);
  await frozen.destroy();
});

it('hands over at once when it says goodbye', async () => {
  const one = elsewhere('one');
  await lease(one, LONG).renew();
  await lease(one, LONG).giveUp();
  expect(await (await steady('two')).takeOver(async () => undefined)).toEqual([one.id]);
});

it('names connections within what PostgreSQL keeps of a name', () => {
  expect(workerIdentity('x y/z'.repeat(30)).sessionName.length).toBeLessThan(63);
});
