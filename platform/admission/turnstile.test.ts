import { describe, expect, it } from '@jest/globals';
import { TurnPace } from './turn-pace.ts';
import { Turnstile } from './turnstile.ts';

/** A turnstile whose items end when the test says so, 10 ms later on its clock. */
function gate(patienceMillis = 60_000) {
  const running: { item: string; giveWay: () => void; end: (error?: Error) => void }[] = [];
  const told = { waits: 0, works: 0, refused: 0, idle: 0 };
  let now = 0;
  const turnstile = new Turnstile<string, string>({
    limits: { width: 2, patienceMillis },
    work: (item, giveWay) =>
      new Promise((resolve, reject) => {
        running.push({
          item,
          giveWay,
          end: (error) => {
            now += 10;
            if (error) reject(error);
            else resolve(`${item}!`);
          },
        });
      }),
    observer: {
      waits: (change) => (told.waits += change),
      works: (change) => (told.works += change),
      refuses: () => told.refused++,
    },
    onIdle: () => told.idle++,
    now: () => now,
  });
  const pass = (millis: number) => (now += millis);
  return { turnstile, running, told, pass };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('Turnstile', () => {
  it('lets two in at a time, in the order of their coming, and hands failures to their own callers', async () => {
    const { turnstile, running, told } = gate();
    const answers = Promise.allSettled(['a', 'b', 'c'].map((item) => turnstile.pass(item)));
    await turn();
    expect(running.map(({ item }) => item)).toEqual(['a', 'b']);
    expect(told).toMatchObject({ waits: 1, works: 2, idle: 0 });
    running[1]?.end(new Error('bad'));
    await turn();
    expect(running.map(({ item }) => item)).toEqual(['a', 'b', 'c']);
    running[0]?.end();
    running[2]?.end();
    expect(await answers).toEqual([
      { status: 'fulfilled', value: 'a!' },
      { status: 'rejected', reason: new Error('bad') },
      { status: 'fulfilled', value: 'c!' },
    ]);
    await turn();
    expect(told).toEqual({ waits: 0, works: 0, refused: 0, idle: 1 });
  });

  it('lets the next one in before one is done that gives way, and counts it once', async () => {
    const { turnstile, running, told } = gate();
    const answers = Promise.all(['a', 'b', 'c', 'd'].map((item) => turnstile.pass(item)));
    running[0]?.giveWay();
    running[0]?.giveWay();
    expect(running.map(({ item }) => item)).toEqual(['a', 'b', 'c']);
    expect(told).toMatchObject({ waits: 1, works: 2 });
    running[0]?.end();
    await turn();
    expect(running).toHaveLength(3);
    for (let index = 1; index < 4; index++) {
      running[index]?.end();
      await turn();
    }
    expect(await answers).toEqual(['a!', 'b!', 'c!', 'd!']);
    expect(told).toEqual({ waits: 0, works: 0, refused: 0, idle: 1 });
  });

  it('refuses who would wait too long, and lets in again when there is room', async () => {
    const { turnstile, running, told } = gate(20);
    const passed = ['a', 'b', 'c', 'd'].map((item) => turnstile.pass(item));
    expect(turnstile.isFull).toBe(true);
    await expect(turnstile.pass('e')).rejects.toMatchObject({ code: 'OVERLOADED', details: { retryAfterSeconds: 1 } });
    expect(told.refused).toBe(1);
    for (let index = 0; index < 4; index++) {
      running[index]?.end();
      await turn();
    }
    expect(await Promise.all(passed)).toEqual(['a!', 'b!', 'c!', 'd!']);
    const late = turnstile.pass('f');
    running[4]?.end();
    expect(await late).toBe('f!');
  });

  it('refuses who has waited twice the patience, whatever was measured', async () => {
    const { turnstile, running, pass } = gate(8);
    const passed = ['a', 'b'].map((item) => turnstile.pass(item));
    const late = turnstile.pass('c');
    pass(17);
    await expect(late).rejects.toMatchObject({ code: 'OVERLOADED' });
    for (const { end } of running) end();
    expect(await Promise.all(passed)).toEqual(['a!', 'b!']);
    expect(running.map(({ item }) => item)).toEqual(['a', 'b']);
  });

  it('forgets who gives up while waiting, and goes on with what has begun', async () => {
    const { turnstile, running } = gate();
    const controllers = ['a', 'b', 'c'].map(() => new AbortController());
    const [a, b, c] = controllers.map(({ signal }, index) => turnstile.pass('abc'[index] ?? '', signal));
    for (const controller of controllers) controller.abort();
    await expect(c).rejects.toMatchObject({ code: 'REQUEST_ABORTED' });
    await expect(turnstile.pass('d', controllers[0]?.signal)).rejects.toMatchObject({ code: 'REQUEST_ABORTED' });
    for (const { end } of running) end();
    expect(await Promise.all([a, b])).toEqual(['a!', 'b!']);
    expect(running.map(({ item }) => item)).toEqual(['a', 'b']);
  });
});

describe('TurnPace', () => {
  it('lets as many wait as get their turn within the patience, as it was measured', () => {
    const pace = new TurnPace({ width: 2, patienceMillis: 1_000 });
    expect(pace.waiting).toBe(100);
    for (let item = 0; item < 60; item++) pace.observe(100);
    expect(pace.waiting).toBe(20);
    for (let item = 0; item < 60; item++) pace.observe(60_000);
    expect(pace.waiting).toBe(2);
    for (let item = 0; item < 120; item++) pace.observe(4);
    expect(pace.waiting).toBeGreaterThan(490);
  });
});
