import { expect, it } from '@jest/globals';
import { copyOf } from './copy-of.ts';
import { SharedReads } from './shared-reads.ts';

/** Reads that end when they are told to, on a clock that stands still. */
function world() {
  const clock = { now: 0 };
  const reads = new SharedReads(() => clock.now);
  const started: { key: string; end: (value: unknown) => void; fail: (error: Error) => void }[] = [];
  const read = (key: string, signal = new AbortController().signal, askedAt = clock.now) => {
    const start = () =>
      new Promise<unknown>((resolve, reject) => void started.push({ key, end: resolve, fail: reject }));
    return reads.read({ key, signal, askedAt, start, copy: copyOf });
  };
  return { clock, reads, started, read };
}

it('does equal reads once; the first keeps the answer, the others get copies of what it was', async () => {
  const { read, started } = world();
  const first = read('a').then((value) => Object.assign(value as object, { changed: true }));
  const others = [read('a'), read('a')];
  const different = read('b');
  expect(started.map(({ key }) => key)).toEqual(['a', 'b']);
  started[0]?.end({ tags: ['x'] });
  started[1]?.end('other');
  expect(await first).toEqual({ tags: ['x'], changed: true });
  const [one, two] = (await Promise.all(others)) as { tags: string[] }[];
  expect([one, two]).toEqual([{ tags: ['x'] }, { tags: ['x'] }]);
  expect(one?.tags).not.toBe(two?.tags);
  expect(await different).toBe('other');
});

it('keeps nothing: what comes after the answer starts another', async () => {
  const { read, started } = world();
  const first = read('a');
  started[0]?.end(1);
  await first;
  void read('a');
  expect(started).toHaveLength(2);
});

it('joins no read that began long before, nor one from before a write', () => {
  const { clock, read, reads, started } = world();
  void read('a');
  clock.now = 25;
  void read('a');
  expect(started).toHaveLength(1);
  clock.now = 26;
  void read('a');
  expect(started).toHaveLength(2);
  reads.endJoining();
  void read('a');
  expect(started).toHaveLength(3);
});

it('lets join who asked in time and was kept waiting', () => {
  const { clock, read, started } = world();
  const { signal } = new AbortController();
  void read('a');
  clock.now = 500;
  void read('a', signal, 25);
  expect(started).toHaveLength(1);
  void read('a', signal, 26);
  expect(started).toHaveLength(2);
});

it('tells the failure of the first to all', async () => {
  const { read, started } = world();
  const both = [read('a'), read('a')];
  started[0]?.fail(new Error('down'));
  for (const each of both) await expect(each).rejects.toThrow('down');
});

it('asks again for those who still wait when the first gave up', async () => {
  const { read, started } = world();
  const client = new AbortController();
  const first = read('a', client.signal);
  const others = [read('a'), read('a')];
  client.abort();
  started[0]?.fail(new Error('aborted'));
  await expect(first).rejects.toThrow('aborted');
  await new Promise((resolve) => setImmediate(resolve));
  expect(started).toHaveLength(2);
  started[1]?.end('there');
  expect(await Promise.all(others)).toEqual(['there', 'there']);
});
