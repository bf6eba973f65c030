import { describe, expect, it } from '@jest/globals';
import { liveError } from './live-error.ts';
import { LiveMessage } from './live-message.ts';
import { MessageQueue } from './message-queue.ts';

const message = (n: number) => new LiveMessage({ data: { n } }, String(n));
const failed = { kind: 'failed', errors: [liveError('SLOW_SUBSCRIBER', 'too slow')] } as const;

describe('MessageQueue', () => {
  it('hands messages out in order, waiting or not', async () => {
    const queue = new MessageQueue(10);
    const waiting = queue.next();
    for (const n of [1, 2, 3]) expect(queue.push(message(n))).toBe(true);
    expect([await waiting, await queue.next(), await queue.next()].map((next) => next.value?.resumeFrom)).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('refuses what exceeds its limit', () => {
    const queue = new MessageQueue(2);
    expect([1, 2, 3].map((n) => queue.push(message(n)))).toEqual([true, true, false]);
    expect(queue.size).toBe(2);
  });

  it('settles return() at once, also while a reader waits', async () => {
    const queue = new MessageQueue(2);
    const waiting = queue.next();
    expect(await queue.return()).toEqual({ value: undefined, done: true });
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(await queue.ended).toEqual({ kind: 'completed' });
  });

  it('hands out what is left before it ends, except after a failure', async () => {
    const interrupted = new MessageQueue(2);
    interrupted.push(message(1));
    interrupted.end({ kind: 'interrupted' });
    expect((await interrupted.next()).value?.resumeFrom).toBe('1');
    expect((await interrupted.next()).done).toBe(true);

    const slow = new MessageQueue(2);
    slow.push(message(1));
    slow.end(failed);
    await expect(slow.next()).rejects.toMatchObject({ extensions: { code: 'SLOW_SUBSCRIBER' } });
    expect((await slow.next()).done).toBe(true);
  });

  it('tells a waiting reader of a failure', async () => {
    const queue = new MessageQueue(2);
    const waiting = queue.next();
    queue.end(failed);
    await expect(waiting).rejects.toMatchObject({ message: 'too slow' });
    expect((await queue.next()).done).toBe(true);
  });

  it('ends once: the first reason stays', async () => {
    const queue = new MessageQueue(2);
    queue.end({ kind: 'interrupted' });
    queue.end(failed);
    expect(await queue.ended).toEqual({ kind: 'interrupted' });
    expect((await queue.next()).done).toBe(true);
  });

  it('makes room when the reader has taken half, or gives up', async () => {
    const queue = new MessageQueue(4);
    for (const n of [1, 2, 3]) queue.push(message(n));
    expect(await queue.room(10)).toBe(false);
    const room = queue.room(5_000);
    await queue.next();
    await queue.next();
    expect(await room).toBe(true);
    expect(await queue.room(0)).toBe(true);
  });
});
