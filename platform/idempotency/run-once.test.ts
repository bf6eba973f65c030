import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { cutAtCommit } from '../../test/helpers/cut-at-commit.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { openDatabase } from '../db/database.ts';
import { CommerceError } from '../errors.ts';
import { onceKeyOf } from './once-key.ts';
import { pruneIdempotencyKeys } from './prune.ts';
import { type OnceRequest, runAlone, runOnce } from './run-once.ts';

const request: OnceRequest = {
  caller: { clientId: 'web' },
  operation: 'orderPlace',
  key: 'k-1',
  input: { sku: 'A', quantity: 1 },
};

const impatient = { runningElsewhere: 0, unknownOutcome: 0 };

function deferred() {
  let resolve = () => {};
  let reject = (_: Error) => {};
  const promise = new Promise<void>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}

describe('runOnce', () => {
  let database: TestDatabase;
  let knex: Knex;
  beforeAll(async () => {
    database = await createTestDatabase(['integration']);
    knex = database.knex;
    await knex.raw('create table public.effect (id int generated always as identity, note text)');
  });
  beforeEach(() => knex.raw('truncate integration.idempotency_key, public.effect'));
  afterAll(() => database.drop());

  const write = (note: string) => async (trx: Knex.Transaction) => {
    await trx.raw('insert into public.effect (note) values (?)', [note]);
    return { note };
  };
  const notes = async () =>
    (await knex.raw('select note from public.effect order by id')).rows.map((row: { note: string }) => row.note);

  it('runs the effect once and repeats its answer', async () => {
    expect(await runOnce(knex, request, write('first'))).toEqual({
      kind: 'done',
      result: { note: 'first' },
      replayed: false,
    });
    const again = { ...request, input: { quantity: 1, sku: 'A' } };
    expect(await runOnce(knex, again, write('second'))).toEqual({
      kind: 'done',
      result: { note: 'first' },
      replayed: true,
    });
    expect(await notes()).toEqual(['first']);
  });

  it('refuses the key with another input', async () => {
    await runOnce(knex, request, write('first'));
    const other = { ...request, input: { sku: 'A', quantity: 2 } };
    expect(await runOnce(knex, other, write('second'))).toEqual({ kind: 'conflict' });
    expect(await notes()).toEqual(['first']);
  });

  it.each([{ caller: { clientId: 'pos' } }, { operation: 'orderCancel' }, { key: 'k-2' }])(
    'takes the key for another one with %p',
    async (difference) => {
      await runOnce(knex, request, write('first'));
      expect(await runOnce(knex, { ...request, ...difference }, write('second'))).toMatchObject({ replayed: false });
      expect(await notes()).toEqual(['first', 'second']);
    },
  );

  it('stores nothing when the effect throws, so the key may try again', async () => {
    const fail = async (trx: Knex.Transaction) => {
      await write('lost')(trx);
      throw new Error('no stock system');
    };
    await expect(runOnce(knex, request, fail)).rejects.toThrow('no stock system');
    expect(await notes()).toEqual([]);
    expect(await runOnce(knex, request, write('kept'))).toMatchObject({ kind: 'done', replayed: false });
    expect(await notes()).toEqual(['kept']);
  });

  /** An effect that runs until `finish` is called. */
  function held(note: string) {
    const started = deferred();
    const gate = deferred();
    const effect = async (trx: Knex.Transaction) => {
      started.resolve();
      await gate.promise;
      return write(note)(trx);
    };
    return { effect, started: started.promise, finish: gate.resolve };
  }

  it('waits for a request with the key that runs in another process, and repeats its answer', async () => {
    const elsewhere = openDatabase(database.url, { poolMax: 1, applicationName: 'test-elsewhere' });
    try {
      const slow = held('slow');
      const running = runOnce(elsewhere, request, slow.effect);
      await slow.started;
      const waiting = runOnce(knex, request, write('second'));
      expect(await runAlone(knex, onceKeyOf(request), write('third'), impatient)).toEqual({ kind: 'inFlight' });
      slow.finish();
      expect(await running).toMatchObject({ kind: 'done', replayed: false });
      expect(await waiting).toEqual({ kind: 'done', result: { note: 'slow' }, replayed: true });
      expect(await notes()).toEqual(['slow']);
    } finally {
      await elsewhere.destroy();
    }
  });

  it('refuses another input under a key that is running once it is taken, and runs it when the first failed', async () => {
    const slow = held('slow');
    const first = runOnce(knex, request, slow.effect);
    await slow.started;
    const second = runOnce(knex, { ...request, input: 'other' }, write('second'));
    slow.finish();
    await first;
    expect(await second).toEqual({ kind: 'conflict' });

    const doomed = deferred();
    const failing = runOnce(knex, { ...request, key: 'k-2' }, () => doomed.promise);
    const next = runOnce(knex, { ...request, key: 'k-2', input: 'other' }, write('next'));
    doomed.reject(new Error('no stock system'));
    await expect(failing).rejects.toThrow('no stock system');
    expect(await next).toMatchObject({ kind: 'done', replayed: false });
    expect(await notes()).toEqual(['slow', 'next']);
  });

  it('runs for those who still wait when the client of the run they share went away', async () => {
    const gone = deferred();
    const first = runOnce(knex, request, () => gone.promise);
    const second = runOnce(knex, request, write('second'));
    const third = runOnce(knex, request, write('third'));
    gone.reject(new CommerceError('REQUEST_ABORTED', 'gone'));
    await expect(first).rejects.toMatchObject({ code: 'REQUEST_ABORTED' });
    expect([await second, await third].map((outcome) => outcome.kind === 'done' && outcome.replayed)).toEqual([
      false,
      true,
    ]);
    expect(await notes()).toEqual(['second']);
  });

  it('gives one effect and 200 equal answers to 200 concurrent requests with one key, in two processes', async () => {
    const elsewhere = openDatabase(database.url, { poolMax: 2, applicationName: 'test-elsewhere' });
    try {
      const outcomes = await Promise.all(
        Array.from({ length: 200 }, (_, index) => runOnce(index % 2 ? knex : elsewhere, request, write(`${index}`))),
      );
      const [note] = await notes();
      expect(await notes()).toEqual([note]);
      const answer = { kind: 'done', result: { note } };
      expect(outcomes.filter((outcome) => outcome.kind === 'done' && !outcome.replayed)).toEqual([
        { ...answer, replayed: false },
      ]);
      expect(outcomes.filter((outcome) => outcome.kind === 'done' && outcome.replayed)).toEqual(
        Array(199).fill({ ...answer, replayed: true }),
      );
    } finally {
      await elsewhere.destroy();
    }
  });

  it.each(['before', 'after'] as const)(
    'answers with what was committed when the connection breaks %s the commit',
    async (when) => {
      const cut = await cutAtCommit(database.url, when);
      const torn = openDatabase(cut.url, { poolMax: 1, applicationName: 'test-torn' });
      try {
        const outcome = await runOnce(torn, request, write('once'));
        expect(outcome).toEqual({ kind: 'done', result: { note: 'once' }, replayed: when === 'after' });
        expect(cut.cuts()).toBe(1);
        expect(await notes()).toEqual(['once']);
      } finally {
        await torn.destroy();
        await cut.close();
      }
    },
  );

  it('gives the first answer the form of the replay', async () => {
    const effect = async () => ({ at: new Date(0), missing: undefined });
    const first = await runOnce(knex, request, effect);
    const second = await runOnce(knex, request, effect);
    expect(first).toEqual({ kind: 'done', result: { at: '1970-01-01T00:00:00.000Z' }, replayed: false });
    expect(second).toEqual({ ...first, replayed: true });
  });

  it.each(['', '   ', 'k'.repeat(256), 'a\0b', 'a\ud800'])('refuses the key %j', async (key) => {
    await expect(runOnce(knex, { ...request, key }, write('never'))).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_INVALID',
    });
    expect(await notes()).toEqual([]);
  });

  it('takes a key of 255 characters', async () => {
    expect(await runOnce(knex, { ...request, key: 'é'.repeat(255) }, write('long'))).toMatchObject({ kind: 'done' });
  });

  it('forgets a key after the retention time, not before', async () => {
    await runOnce(knex, request, write('first'));
    const age = (days: number) =>
      knex.raw("update integration.idempotency_key set created_at = clock_timestamp() - ? * interval '1 day'", [days]);
    await age(59.9);
    expect(await pruneIdempotencyKeys(knex, 60)).toBe(0);
    await age(29.9);
    expect(await pruneIdempotencyKeys(knex, 1)).toBe(0); // never less than the least
    await age(60.1);
    expect(await pruneIdempotencyKeys(knex, 60)).toBe(1);
    expect(await runOnce(knex, request, write('second'))).toMatchObject({ replayed: false });
  });
});
