import { expect, it, jest } from '@jest/globals';
import { subgraphFailure } from './subgraph-failure.ts';
import { SubgraphGate } from './subgraph-gate.ts';

/** A gate with some places, to a subgraph that answers when the test says so. */
function gate(width = 2, isPatient = false) {
  const clock = { now: 0 };
  const asked: { answer(): void; fail(code: 'SUBGRAPH_TIMEOUT' | 'SUBGRAPH_BAD_RESPONSE'): void }[] = [];
  const told: boolean[] = [];
  const subject = new SubgraphGate({
    subgraph: 'stock',
    width,
    isPatient,
    onChange: (isOpen) => told.push(isOpen),
    now: () => clock.now,
  });
  const pass = () =>
    subject
      .pass(
        (letEnd) =>
          new Promise<void>((resolve, reject) => {
            letEnd(reject);
            asked.push({ answer: resolve, fail: (code) => reject(subgraphFailure(code, { subgraph: 'stock' })) });
          }),
      )
      .then(
        () => 'answered',
        (error: Error & { details: { reason?: string } }) => error.details.reason ?? 'failed',
      );
  return { clock, asked, told, pass };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('lets others wait for a place while the subgraph answers, and nobody once it is silent', async () => {
  const { clock, asked, pass } = gate();
  const answers = [pass(), pass(), pass()];
  expect(asked).toHaveLength(2);
  clock.now = 200;
  asked[0]?.answer();
  await turn();
  expect(asked).toHaveLength(3);
  clock.now = 449;
  const waits = pass();
  clock.now = 450;
  expect(await pass()).toBe('not asked');
  expect(await waits).toBe('not asked'); // it was waiting when the silence became too long
  for (const each of asked) each.answer();
  expect(await Promise.all(answers)).toEqual(['answered', 'answered', 'answered']);
  const again = pass();
  asked.at(-1)?.answer();
  expect(await again).toBe('answered');
});

it('asks one that answers nobody no more, long before the deadline, and goes on with its first answer', async () => {
  const { clock, asked, pass } = gate(100);
  clock.now = 5_000;
  const unanswered = Array.from({ length: 8 }, pass);
  clock.now += 1_999;
  unanswered.push(pass());
  clock.now += 1;
  unanswered.push(pass()); // once a second it is tried
  expect(await pass()).toBe('not asked');
  expect(asked).toHaveLength(10);
  asked[9]?.answer();
  await turn();
  unanswered.push(pass());
  expect(asked).toHaveLength(11);
  for (const each of asked) each.answer();
  expect(new Set(await Promise.all(unanswered))).toEqual(new Set(['answered']));
});

it('lets go of all who wait for one that answers nobody, and of who tries it', async () => {
  jest.useFakeTimers();
  try {
    const { clock, asked, told, pass } = gate(100);
    const passes = async (millis: number) => {
      clock.now += millis;
      await jest.advanceTimersByTimeAsync(millis);
    };
    const unanswered = Array.from({ length: 8 }, pass);
    await passes(2_000);
    expect(await Promise.all(unanswered)).toEqual(Array(8).fill('failed'));
    expect(told).toEqual([false]);
    await passes(1_000);
    const tried = pass();
    expect([asked.length, await pass()]).toEqual([9, 'not asked']);
    await passes(2_000);
    expect(await tried).toBe('failed');
    const better = pass();
    asked.at(-1)?.answer();
    expect([await better, told]).toEqual(['answered', [false, true]]);
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});

it('lets orders wait as long as their deadline lets them, however long nobody has had an answer', async () => {
  const { clock, asked, pass } = gate(8, true);
  const all = Array.from({ length: 9 }, pass);
  clock.now = 9_000;
  all.push(pass());
  expect(asked).toHaveLength(8);
  for (let answered = 0; answered < 10; answered++) {
    asked[answered]?.answer();
    await turn();
  }
  expect(await Promise.all(all)).toEqual(Array(10).fill('answered'));
});

it('gives up on a subgraph that fails five times in a row, tries it once a second, and believes one answer', async () => {
  const { clock, asked, told, pass } = gate();
  const fail = async (code: Parameters<(typeof asked)[number]['fail']>[0]) => {
    const failed = pass();
    asked.at(-1)?.fail(code);
    return failed;
  };
  for (let time = 0; time < 4; time++) await fail('SUBGRAPH_TIMEOUT');
  for (let time = 0; time < 9; time++) await fail('SUBGRAPH_BAD_RESPONSE'); // it answers: that is another trouble
  expect(told).toEqual([]);
  await fail('SUBGRAPH_TIMEOUT');
  expect(told).toEqual([false]);
  const before = asked.length;
  expect(await pass()).toBe('not asked');
  clock.now += 1_000;
  const tried = pass();
  expect([asked.length, await pass()]).toEqual([before + 1, 'not asked']);
  asked.at(-1)?.fail('SUBGRAPH_TIMEOUT');
  await tried;
  clock.now += 999;
  expect(await pass()).toBe('not asked');
  clock.now += 1;
  const better = pass();
  asked.at(-1)?.answer();
  expect([await better, told]).toEqual(['answered', [false, true]]);
  const all = [pass(), pass()];
  for (const each of asked.slice(-2)) each.answer();
  expect(await Promise.all(all)).toEqual(['answered', 'answered']);
});
