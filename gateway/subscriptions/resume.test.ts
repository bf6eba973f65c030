import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LiveGraph } from '../../test/helpers/live-graph.ts';
import {
  createWatching,
  EXCEPTIONS,
  marketplace,
  ORDER,
  ORDERS,
  operations,
  settle,
  take,
  type Watching,
} from '../../test/helpers/watching.ts';

let graph: LiveGraph;
let hub: Watching['hub'];
let hubOf: Watching['hubOf'];
let watch: Watching['watch'];

beforeEach(async () => {
  ({ graph, hub, hubOf, watch } = await createWatching());
});
afterEach(() => graph.close());

describe('resuming', () => {
  it('continues behind `after`, from every place', async () => {
    graph.place({ id: 'o1' });
    graph.place({ id: 'o2' });
    const start = await graph.log.head();
    const statuses = ['ACCEPTED', 'ALLOCATED', 'IN_FULFILLMENT', 'SHIPPED', 'DELIVERED'];
    for (const status of statuses) {
      graph.advance('o1', status);
      graph.advance('o2', status);
    }
    const all = await take(await watch(ORDER, { id: 'o1', after: start }), 5);
    expect(all.map((message) => message.status)).toEqual(statuses);
    expect(all.every((message) => message.snapshot === false)).toBe(true);
    for (const [index, message] of all.entries()) {
      const queue = await watch(ORDER, { id: 'o1', after: message.sequence as string });
      graph.advance('o1', 'CLOSED');
      const expected = [...statuses.slice(index + 1), ...Array.from({ length: index + 1 }, () => 'CLOSED')];
      expect((await take(queue, expected.length)).map((each) => each.status)).toEqual(expected);
      await settle();
      expect(queue.size).toBe(0);
      await queue.return();
    }
  });

  it('reads more history than one page, and goes live without a gap', async () => {
    graph.place({ id: 'o1' });
    const start = await graph.log.head();
    for (let index = 0; index < 450; index++) graph.advance('o1', index % 2 ? 'ACCEPTED' : 'ALLOCATED');
    const queue = await watch(ORDER, { id: 'o1', after: start });
    const taking = take(queue, 480);
    for (let index = 0; index < 30; index++) {
      graph.advance('o1', 'SHIPPED');
      await new Promise(setImmediate);
    }
    const sequences = (await taking).map((message) => message.sequence as string);
    expect(new Set(sequences).size).toBe(480);
    expect(sequences).toEqual([...sequences].sort());
    expect(sequences.at(-1)).toBe(await graph.log.head());
  });

  it('takes Last-Event-ID before the argument it was opened with', async () => {
    graph.place({ id: 'o1' });
    const start = await graph.log.head();
    graph.advance('o1', 'ACCEPTED');
    const lastEventId = await graph.log.head();
    graph.advance('o1', 'ALLOCATED');
    const queue = await watch(ORDER, { id: 'o1', after: start }, { lastEventId });
    expect(await take(queue, 1)).toMatchObject([{ status: 'ALLOCATED' }]);
  });

  it('continues in another process', async () => {
    graph.place({ id: 'o1' });
    const first = await watch(ORDER, { id: 'o1' });
    const [{ sequence }] = (await take(first, 1)) as [{ sequence: string }];
    hub.stop();
    expect(await first.next()).toEqual({ done: true, value: undefined });
    expect(await first.ended).toEqual({ kind: 'interrupted' });
    await expect(watch(ORDER, { id: 'o1' })).rejects.toMatchObject({ code: 'OVERLOADED' });
    graph.advance('o1', 'ACCEPTED');
    const again = await watch(ORDER, { id: 'o1', after: sequence }, { hub: hubOf() });
    graph.advance('o1', 'ALLOCATED');
    expect((await take(again, 2)).map((message) => message.status)).toEqual(['ACCEPTED', 'ALLOCATED']);
  });

  it('refuses a place that the history no longer has, and what is no place at all', async () => {
    graph.place({ id: 'o1' });
    const start = await graph.log.head();
    graph.advance('o1', 'ACCEPTED');
    graph.advance('o1', 'ALLOCATED');
    graph.log.prune(2);
    await expect(watch(ORDER, { id: 'o1', after: start })).rejects.toMatchObject({ code: 'REPLAY_EXPIRED' });
    const future = start.replace(/\d$/, '9');
    await expect(watch(ORDER, { id: 'o1', after: future })).rejects.toMatchObject({ code: 'REPLAY_EXPIRED' });
    for (const after of ['', '17', 'not a sequence', `${start}0`, `${start.slice(0, -1)}x'`]) {
      await expect(watch(ORDER, { id: 'o1', after })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    }
    expect(hub.counts).toEqual({ subscribers: 0, groups: 0 });
  });

  it('resumes a channel-wide watch and the exception queue', async () => {
    graph.place({ id: 'a', channelCode: 'AMAZON' });
    const after = await graph.log.head();
    graph.advance('a', 'ACCEPTED');
    graph.raise('x1');
    expect(await take(await watch(ORDERS, { after }, { caller: marketplace }), 1)).toMatchObject([
      { status: 'ACCEPTED' },
    ]);
    expect(await take(await watch(EXCEPTIONS, { after }, { caller: operations }), 1)).toMatchObject([
      { exception: { id: 'x1' } },
    ]);
  });
});
