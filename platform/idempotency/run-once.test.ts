import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { pruneIdempotencyKeys, RETENTION_DAYS } from './prune.ts';
import { type OnceRequest, runOnce } from './run-once.ts';

const request: OnceRequest = {
  caller: { clientId: 'web' },
  operation: 'orderPlace',
  key: 'k-1',
  input: { sku: 'A', quantity: 1 },
};

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

  it('answers at once that a request with the key is running', async () => {
    let finish = () => {};
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let started = () => {};
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    const slow = runOnce(knex, request, async (trx) => {
      started();
      await gate;
      return write('slow')(trx);
    });
    await running;
    expect(await runOnce(knex, request, write('second'))).toEqual({ kind: 'inFlight' });
    finish();
    expect(await slow).toMatchObject({ kind: 'done', replayed: false });
    expect(await runOnce(knex, request, write('third'))).toMatchObject({ replayed: true });
    expect(await notes()).toEqual(['slow']);
  });

  it('gives one effect to 200 concurrent requests with one key', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, index) => runOnce(knex, request, write(`${index}`))),
    );
    const [note] = await notes();
    expect(await notes()).toHaveLength(1);
    const ran = outcomes.filter((outcome) => outcome.kind === 'done' && !outcome.replayed);
    const replayed = outcomes.filter((outcome) => outcome.kind === 'done' && outcome.replayed);
    const inFlight = outcomes.filter((outcome) => outcome.kind === 'inFlight');
    expect(ran).toEqual([{ kind: 'done', result: { note }, replayed: false }]);
    expect(new Set(replayed.map((outcome) => JSON.stringify(outcome))).size).toBeLessThanOrEqual(1);
    expect(ran.length + replayed.length + inFlight.length).toBe(200);
  });

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
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
    expect(await pruneIdempotencyKeys(knex, inDays(RETENTION_DAYS - 1))).toBe(0);
    expect(await pruneIdempotencyKeys(knex, inDays(RETENTION_DAYS + 1))).toBe(1);
    expect(await runOnce(knex, request, write('second'))).toMatchObject({ replayed: false });
  });
});
