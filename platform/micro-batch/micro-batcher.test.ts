import { describe, expect, it } from '@jest/globals';
import { CommerceError } from '../errors.ts';
import { batchMetrics } from './batch-metrics.ts';
import { AGAIN, ALONE, MicroBatcher, type Settled } from './micro-batcher.ts';
import type { PaceLimits } from './pace.ts';

const limits: PaceLimits = {
  targetMillis: 20,
  size: [4, 40],
  beside: 4,
  width: 1,
  patienceMillis: 60_000,
  answerMillis: 2 ** 31 - 1, // some calls here are never answered: none may fail while another suite runs
  waiting: [5, 5, 5],
  aloneWidth: 2,
};

interface Flight {
  readonly items: readonly string[];
  readonly land: (results?: readonly Settled<string>[]) => void;
  readonly crash: (error: Error) => void;
}

/** A batcher whose batches and lone items end when the test says so. */
function bench(overrides: Partial<PaceLimits> = {}, name = 'test') {
  const batches: Flight[] = [];
  const lone: Flight[] = [];
  let now = 0;
  const fly = <T>(flights: Flight[], items: readonly string[], answer: (results: readonly Settled<string>[]) => T) =>
    new Promise<T>((resolve, reject) => {
      flights.push({
        items,
        land: (results = items.map((item) => `${item}!`)) => {
          now += 20;
          resolve(answer(results));
        },
        crash: reject,
      });
    });
  const batcher = new MicroBatcher<string, string>({
    name,
    settle: (items) => fly(batches, items, (results) => results),
    alone: (item) => fly(lone, [item], ([result]) => result as string),
    weight: () => 1,
    limits: { ...limits, ...overrides },
    now: () => now,
  });
  return { batcher, batches, lone };
}

const lost = new CommerceError('DATABASE_UNAVAILABLE', 'The connection broke.');

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('MicroBatcher', () => {
  it('sends a lone item off at once, and what comes meanwhile together after it', async () => {
    const { batcher, batches } = bench();
    const first = batcher.submit('a');
    await turn();
    const later = ['b', 'c', 'd'].map((item) => batcher.submit(item));
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([['a']]);
    batches[0]?.land();
    expect(await first).toBe('a!');
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([['a'], ['b', 'c', 'd']]);
    batches[1]?.land();
    expect(await Promise.all(later)).toEqual(['b!', 'c!', 'd!']);
  });

  it('sends together what arrived in one turn, up to the size', async () => {
    const { batcher, batches } = bench();
    for (const item of ['a', 'b', 'c', 'd', 'e']) void batcher.submit(item);
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([['a', 'b', 'c', 'd']]);
  });

  it('tries alone what the batch leaves, and answers the others', async () => {
    const { batcher, batches, lone } = bench();
    const answers = ['a', 'b'].map((item) => batcher.submit(item));
    await turn();
    batches[0]?.land([ALONE, 'b in batch']);
    await turn();
    expect(lone.map(({ items }) => items)).toEqual([['a']]);
    lone[0]?.land();
    expect(await Promise.all(answers)).toEqual(['a!', 'b in batch']);
  });

  it('settles a batch that fails in halves, and tries only the guilty one alone', async () => {
    const { batcher, batches, lone } = bench();
    const answers = Promise.allSettled(['good', 'bad', 'fine', 'well'].map((item) => batcher.submit(item)));
    await turn();
    batches[0]?.crash(new Error('one of them'));
    await turn();
    batches[1]?.crash(new Error('one of these'));
    await turn();
    batches[2]?.land();
    await turn();
    batches[3]?.crash(new Error('this one'));
    await turn();
    batches[4]?.land();
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([
      ['good', 'bad', 'fine', 'well'],
      ['good', 'bad'],
      ['good'],
      ['bad'],
      ['fine', 'well'],
    ]);
    expect(lone.map(({ items }) => items)).toEqual([['bad']]);
    lone[0]?.crash(new Error('bad'));
    expect(await answers).toEqual([
      { status: 'fulfilled', value: 'good!' },
      { status: 'rejected', reason: new Error('bad') },
      { status: 'fulfilled', value: 'fine!' },
      { status: 'fulfilled', value: 'well!' },
    ]);
  });

  it('tries everybody alone when the database is the reason, and only who fails there gets an error', async () => {
    const { batcher, batches, lone } = bench();
    const answers = Promise.allSettled(['good', 'bad', 'fine'].map((item) => batcher.submit(item)));
    await turn();
    batches[0]?.crash(lost);
    await turn();
    expect(lone.map(({ items }) => items[0])).toEqual(['good', 'bad']); // two at a time
    lone[0]?.land();
    lone[1]?.crash(new Error('bad'));
    await turn();
    lone[2]?.land();
    expect(await answers).toEqual([
      { status: 'fulfilled', value: 'good!' },
      { status: 'rejected', reason: new Error('bad') },
      { status: 'fulfilled', value: 'fine!' },
    ]);
    expect(batches).toHaveLength(1);
  });

  it('refuses before any work when too many wait, and takes more when they are gone', async () => {
    const { batcher, batches } = bench();
    void batcher.submit('in flight');
    await turn();
    const waiting = ['1', '2', '3', '4', '5'].map((item) => batcher.submit(item));
    await expect(batcher.submit('6')).rejects.toMatchObject({ code: 'OVERLOADED', details: { retryAfterSeconds: 1 } });
    void batcher.submit('7', { alone: true }).catch(() => undefined); // has a queue of its own
    expect(batcher.load).toMatchObject({ waiting: 5, inFlight: 2 });
    batches[0]?.land();
    await turn();
    const eighth = batcher.submit('8');
    batches[1]?.land();
    await turn();
    batches[2]?.land();
    expect(await eighth).toBe('8!');
    expect(await Promise.all(waiting)).toEqual(['1!', '2!', '3!', '4!', '5!']);
    expect(batches.flatMap(({ items }) => items)).not.toContain('6');
  });

  it('bounds who waits to be tried alone by what that was measured to take', async () => {
    const { batcher, lone } = bench({ patienceMillis: 20 });
    const begun = [1, 2].map((item) => batcher.submit(`${item}`, { alone: true }));
    await turn();
    const waiting = [3, 4].map((item) => batcher.submit(`${item}`, { alone: true }));
    await expect(batcher.submit('5', { alone: true })).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(batcher.load.loneLimit).toBe(2);
    for (let flight = 0; flight < 4; flight++) {
      lone[flight]?.land();
      await turn();
    }
    expect(await Promise.all([...begun, ...waiting])).toEqual(['1!', '2!', '3!', '4!']);
  });

  it('gives those whom a batch met together another one, before who came later, and tries them alone in the end', async () => {
    const { batcher, batches, lone } = bench();
    const first = batcher.submit('a');
    await turn();
    const second = batcher.submit('b');
    for (let flight = 0; flight < 3; flight++) {
      batches[flight]?.land([AGAIN, 'b settled']);
      await turn();
    }
    expect(batches.map(({ items }) => items)).toEqual([['a'], ['a', 'b'], ['a']]);
    expect(await second).toBe('b settled');
    expect(lone.map(({ items }) => items)).toEqual([['a']]);
    lone[0]?.land();
    expect(await first).toBe('a!');
  });

  it('finds out what became of everybody in a batch that failed, however many wait to be tried alone', async () => {
    const { batcher, batches, lone } = bench({ patienceMillis: 20 });
    const alone = ['x', 'y', 'z', 'v'].map((item) => batcher.submit(item, { alone: true }));
    const answers = ['a', 'b', 'c'].map((item) => batcher.submit(item));
    await turn();
    batches[0]?.crash(lost);
    await turn();
    expect(batcher.load.waiting).toBe(5);
    for (let flight = 0; flight < 7; flight++) {
      lone[flight]?.land();
      await turn();
    }
    expect(await Promise.all([...alone, ...answers])).toEqual(['x!', 'y!', 'z!', 'v!', 'a!', 'b!', 'c!']);
  });

  it('lets who was in a batch give up before the next turn', async () => {
    const { batcher, batches, lone } = bench();
    const [gone, alsoGone] = [new AbortController(), new AbortController()];
    const again = batcher.submit('a', { signal: gone.signal });
    const alone = batcher.submit('b', { signal: alsoGone.signal });
    await turn();
    gone.abort();
    alsoGone.abort();
    batches[0]?.land([AGAIN, ALONE]);
    await expect(again).rejects.toMatchObject({ code: 'REQUEST_ABORTED' });
    await expect(alone).rejects.toMatchObject({ code: 'REQUEST_ABORTED' });
    await turn();
    expect([batches.length, lone.length]).toEqual([1, 0]);
  });

  it('refuses who has waited twice the patience, whatever was promised', async () => {
    const { batcher, batches, lone } = bench({ patienceMillis: 8 });
    const first = [batcher.submit('a'), batcher.submit('b', { alone: true })];
    await turn();
    const late = batcher.submit('c');
    lone[0]?.land(); // 20 ms on this clock
    await expect(late).rejects.toMatchObject({ code: 'OVERLOADED' });
    batches[0]?.land();
    expect(await Promise.all(first)).toEqual(['a!', 'b!']);
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([['a']]);
  });

  it('drops who gives up while waiting, and finishes what has begun', async () => {
    const { batcher, batches } = bench();
    const begun = new AbortController();
    const queued = new AbortController();
    const first = batcher.submit('a', { signal: begun.signal });
    await turn();
    const second = batcher.submit('b', { signal: queued.signal });
    begun.abort();
    queued.abort();
    await expect(second).rejects.toMatchObject({ code: 'REQUEST_ABORTED' });
    await expect(batcher.submit('c', { signal: queued.signal })).rejects.toMatchObject({ code: 'REQUEST_ABORTED' });
    batches[0]?.land();
    expect(await first).toBe('a!');
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([['a']]);
    expect(batcher.load.waiting).toBe(0);
  });

  it('tells the metrics who waits, what flies, how large batches were and who was refused', async () => {
    const name = 'measured';
    const { batcher, batches, lone } = bench({}, name);
    const told = async () =>
      Object.fromEntries(
        (await batchMetrics.metrics())
          .split('\n')
          .filter((line) => line.includes(`batcher="${name}"`) && !line.includes('_bucket'))
          .map((line) => [
            line.replace(/batcher_|batcher="measured",?/g, '').split(' ')[0],
            Number(line.split(' ')[1]),
          ]),
      );
    const gone = new AbortController();
    const answers = [batcher.submit('a')];
    await turn();
    answers.push(...['b', 'c', 'd', 'e'].map((item) => batcher.submit(item)));
    const quitter = batcher.submit('f', { signal: gone.signal });
    await expect(batcher.submit('g')).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(await told()).toMatchObject({ 'waiting{}': 5, 'in_flight{kind="batch"}': 1, 'refused_total{}': 1 });
    gone.abort();
    await expect(quitter).rejects.toMatchObject({ code: 'REQUEST_ABORTED' });
    batches[0]?.land();
    await turn();
    batches[1]?.land(['b!', ALONE, 'd!', 'e!']);
    await turn();
    expect(await told()).toMatchObject({ 'in_flight{kind="batch"}': 0, 'in_flight{kind="alone"}': 1, 'waiting{}': 0 });
    lone[0]?.land();
    await Promise.all(answers);
    await turn();
    expect(await told()).toEqual({
      'waiting{}': 0,
      'in_flight{kind="batch"}': 0,
      'in_flight{kind="alone"}': 0,
      'batch_size_sum{}': 5,
      'batch_size_count{}': 2,
      'batch_duration_seconds_sum{}': 0.04,
      'batch_duration_seconds_count{}': 2,
      'alone_total{}': 1,
      'refused_total{}': 1,
    });
  });

  it('closes when everything taken is answered, and takes nothing more', async () => {
    const { batcher, batches, lone } = bench();
    const first = batcher.submit('a');
    await turn();
    const second = batcher.submit('b');
    let closed = false;
    const closing = batcher.close().then(() => {
      closed = true;
    });
    await expect(batcher.submit('c')).rejects.toMatchObject({ code: 'OVERLOADED' });
    batches[0]?.land();
    await turn();
    batches[1]?.land([ALONE]);
    await turn();
    expect(closed).toBe(false);
    lone[0]?.land();
    expect(await Promise.all([first, second])).toEqual(['a!', 'b!']);
    await closing;
  });

  it('sends a second batch beside the first only when it has the least size', async () => {
    const { batcher, batches } = bench({ width: 2, waiting: [9, 9, 9] });
    void batcher.submit('a');
    await turn();
    for (const item of ['b', 'c', 'd']) void batcher.submit(item);
    await turn();
    expect(batches).toHaveLength(1);
    void batcher.submit('e');
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([['a'], ['b', 'c', 'd', 'e']]);
  });

  it('leaves half of what waits to a batch beside it when each is worth one, and does not take the half for a full batch', async () => {
    const { batcher, batches } = bench({ width: 2, beside: 3, size: [10, 40], targetMillis: 40, waiting: [9, 9, 9] });
    for (const item of ['a', 'b', 'c', 'd', 'e', 'f']) void batcher.submit(item);
    await turn();
    const halves = [
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
    ];
    expect(batches.map(({ items }) => items)).toEqual(halves);
    for (const item of ['g', 'h', 'i', 'j']) void batcher.submit(item);
    await turn();
    expect(batches).toHaveLength(2);
    for (const batch of batches) batch.land();
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([...halves, ['g', 'h', 'i', 'j']]);
    expect(batcher.load.size).toBe(10);
  });

  it('keeps no more batches in flight than the width allows', async () => {
    const { batcher, batches } = bench({ width: 2, size: [1, 1], beside: 1 });
    for (const item of ['a', 'b', 'c']) void batcher.submit(item);
    await turn();
    expect(batches).toHaveLength(2);
    batches[0]?.land();
    await turn();
    expect(batches).toHaveLength(3);
  });

  it('tells whose time is up: refused while it waits, still running while it is settled', async () => {
    const { batcher, batches, lone } = bench({ answerMillis: 20, aloneWidth: 1 });
    const [first, second] = [batcher.submit('a'), batcher.submit('b')];
    await turn();
    const waiting = batcher.submit('c');
    const running = { code: 'IDEMPOTENCY_IN_FLIGHT', details: { retryAfterSeconds: 1 } };
    await expect(Promise.allSettled([first, second])).resolves.toMatchObject([
      { reason: running },
      { reason: running },
    ]);
    await expect(waiting).rejects.toMatchObject({ code: 'OVERLOADED' });
    const closed = batcher.close();
    batches[0]?.crash(lost);
    await turn();
    // Something may have been done for both: neither is given up, though nobody waits for them.
    expect(lone.map(({ items }) => items)).toEqual([['a']]);
    lone[0]?.land();
    await turn();
    lone[1]?.land();
    await closed;
    expect(batches.map(({ items }) => items)).toEqual([['a', 'b']]);
  });
});
