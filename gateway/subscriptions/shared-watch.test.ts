import { beforeEach, describe, expect, it } from '@jest/globals';
import { inProcessFanOut } from '../../events/adapters/in-process-fan-out.ts';
import { type MemoryEventLog, memoryEventLog } from '../../events/adapters/memory-event-log.ts';
import type { StoredEvent } from '../../events/port.ts';
import { systemClock } from '../../platform/clock.ts';
import { createLogger } from '../../platform/logger.ts';
import { callerOf } from '../../test/helpers/subgraph.ts';
import { SharedWatch } from './shared-watch.ts';
import { Subscriber } from './subscriber.ts';
import { ordersChanged } from './watched/orders-changed.ts';

/** Executions that end when the test says so. */
let running: { orderId: string; finish(): void }[];
let log: MemoryEventLog;
let shared: SharedWatch;
const limits = { queueMessages: 5_000, patienceMillis: 1_000 };
const tick = () => new Promise(setImmediate);

beforeEach(() => {
  running = [];
  log = memoryEventLog({ fanOut: inProcessFanOut() });
  shared = new SharedWatch({
    watch: ordersChanged.watch({}, callerOf()),
    run: (payload) =>
      new Promise((resolve) => {
        const orderId = (payload.order as { id: string }).id;
        running.push({ orderId, finish: () => resolve({ data: { orderId, sequence: payload.sequence } }) });
      }),
    ask: async () => ({}),
    log,
    clock: systemClock,
    logger: createLogger({ level: 'silent', component: 'test' }),
  });
});

async function changeOf(...orderIds: string[]): Promise<readonly StoredEvent[]> {
  const after = await log.head();
  const data = { customerId: null, previousStatus: 'VALIDATED', status: 'ACCEPTED' };
  log.append(
    orderIds.map((orderId, index) => ({
      type: 'order-status-changed.v1',
      subject: orderId,
      version: index + 1,
      channelCode: 'WEB',
      traceId: 'a'.repeat(32),
      data: { ...data, orderId },
    })),
  );
  return (await log.read({ after, limit: 1_000 })).events;
}

async function liveSubscriber(): Promise<Subscriber> {
  const subscriber = new Subscriber(shared, log, limits, () => ({ kind: 'completed' }), 't');
  await subscriber.start(null);
  return subscriber;
}

const finish = async (orderId: string): Promise<void> => {
  const index = running.findIndex((each) => each.orderId === orderId);
  running.splice(index, 1)[0]?.finish();
  await tick();
};

describe('SharedWatch', () => {
  it('runs different subjects at the same time and delivers in the order of the log', async () => {
    const { queue } = await liveSubscriber();
    const events = await changeOf('a', 'b', 'c');
    for (const event of events) shared.dispatch(event);
    await tick();
    expect(running.map((each) => each.orderId)).toEqual(['a', 'b', 'c']);
    await finish('c');
    await finish('b');
    expect(queue.size).toBe(0);
    await finish('a');
    const messages = [await queue.next(), await queue.next(), await queue.next()];
    expect(messages.map((next) => next.value?.resumeFrom)).toEqual(events.map((event) => event.sequence));
  });

  it('runs one subject one after the other, so that no message is older than the one before', async () => {
    await liveSubscriber();
    for (const event of await changeOf('a', 'a', 'b')) shared.dispatch(event);
    await tick();
    expect(running.map((each) => each.orderId)).toEqual(['a', 'b']);
    await finish('a');
    expect(running.map((each) => each.orderId)).toEqual(['b', 'a']);
  });

  it('runs sixteen at a time, and nothing when nobody is live', async () => {
    for (const event of await changeOf('before')) shared.dispatch(event);
    await tick();
    expect(running).toHaveLength(0);
    await liveSubscriber();
    const ids = Array.from({ length: 40 }, (_, index) => `o${index}`);
    for (const event of await changeOf(...ids)) shared.dispatch(event);
    await tick();
    expect(running).toHaveLength(16);
    await finish('o0');
    expect(running).toHaveLength(16);
  });

  it('gives up on its live subscribers, not on those who catch up, when it cannot keep up', async () => {
    const live = await liveSubscriber();
    const catchingUp = new Subscriber(shared, log, limits, () => ({ kind: 'completed' }), 't');
    const ids = Array.from({ length: 1_000 }, (_, index) => `o${index}`);
    for (const event of await changeOf(...ids)) shared.dispatch(event);
    expect(live.queue.isEnded).toBe(false);
    for (const event of await changeOf('one more')) shared.dispatch(event);
    expect(await live.queue.ended).toMatchObject({
      kind: 'failed',
      errors: [{ extensions: { code: 'OVERLOADED', retryable: true } }],
    });
    expect(catchingUp.queue.isEnded).toBe(false);
    expect(shared.size).toBe(1);
  });

  it('delivers the failure of an execution as a message, without its text', async () => {
    const { queue } = await liveSubscriber();
    shared.rebind(() => Promise.reject(new Error('password=secret')));
    for (const event of await changeOf('a')) shared.dispatch(event);
    const { value } = await queue.next();
    expect(value?.result.errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
    expect(JSON.stringify(value?.result)).not.toContain('secret');
  });
});
