import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inProcessFanOut } from '../../events/adapters/in-process-fan-out.ts';
import { type MemoryEventLog, memoryEventLog } from '../../events/adapters/memory-event-log.ts';
import type { NewEvent } from '../../events/outbox.ts';
import type { EventLog, StoredEvent } from '../../events/port.ts';
import { systemClock } from '../../platform/clock.ts';
import { createLogger } from '../../platform/logger.ts';
import { callerOf } from '../../test/helpers/subgraph.ts';
import type { LiveMessage } from './live-message.ts';
import { SharedWatch } from './shared-watch.ts';
import { Subscriber } from './subscriber.ts';
import { orderStatusChanged } from './watched/order-status-changed.ts';

const silent = createLogger({ level: 'silent', component: 'test' });

/**
 * One order that changes while it is watched. Four things move at their own pace, and fast-check decides which goes next:
 * the change is committed, the relay brings it to the log, the tail hands it out, and everything asynchronous in between.
 */
class World {
  readonly scheduler: fc.Scheduler;
  readonly memory: MemoryEventLog = memoryEventLog({ fanOut: inProcessFanOut() });
  readonly shared: SharedWatch;
  readonly log: EventLog;
  /** A place before the first event. */
  start = '';
  revision = 2;
  readonly #outbox: NewEvent[] = [];
  #handedOut = 0;

  constructor(scheduler: fc.Scheduler) {
    this.scheduler = scheduler;
    this.log = {
      ...this.memory,
      head: () => this.later(() => this.memory.head()),
      readByTopics: (...request) => this.later(() => this.memory.readByTopics(...request)),
    };
    this.shared = new SharedWatch({
      watch: orderStatusChanged.watch({ orderId: 'o1' }, callerOf()),
      run: (payload) => this.later(async () => ({ data: payload as Record<string, unknown> })),
      ask: () =>
        this.later(async () => ({ order: { id: 'o1', status: `revision ${this.revision}`, revision: this.revision } })),
      log: this.log,
      clock: systemClock,
      logger: silent,
    });
  }

  /** Neither begins nor ends before the scheduler says so. */
  async later<T>(work: () => Promise<T>): Promise<T> {
    await this.scheduler.schedule(Promise.resolve());
    const result = await work();
    await this.scheduler.schedule(Promise.resolve());
    return result;
  }

  /** Lets the scheduler go on until nothing is left to do. */
  async settle(): Promise<void> {
    do {
      await this.scheduler.waitAll();
      await new Promise(setImmediate);
    } while (this.scheduler.count() > 0);
  }

  commit(): void {
    this.revision++;
    this.#outbox.push({
      type: 'order-status-changed.v1',
      subject: 'o1',
      version: this.revision,
      channelCode: 'WEB',
      traceId: 'a'.repeat(32),
      data: { orderId: 'o1', customerId: null, previousStatus: 'VALIDATED', status: 'ACCEPTED' },
    });
  }

  relay(): void {
    this.memory.append(this.#outbox.splice(0, 1));
  }

  async handOut(): Promise<void> {
    const { events } = await this.memory.read({ after: null, limit: 1_000 });
    const event = events[this.#handedOut];
    if (!event) return;
    this.#handedOut++;
    this.shared.dispatch(event);
  }

  /** What has not reached the log or the listeners yet, in order. */
  async finish(): Promise<void> {
    while (this.#outbox.length > 0) this.relay();
    const { events } = await this.memory.read({ after: null, limit: 1_000 });
    while (this.#handedOut < events.length) this.shared.dispatch(events[this.#handedOut++] as StoredEvent);
  }

  async events(): Promise<readonly StoredEvent[]> {
    return (await this.memory.read({ after: null, limit: 1_000 })).events;
  }
}

/** A subscriber with a reader that takes whatever comes. */
class Client {
  readonly after: string | null;
  readonly payloads: Record<string, unknown>[] = [];
  readonly subscriber: Subscriber;

  constructor(world: World, after: string | null, queueMessages: number) {
    this.after = after;
    const limits = { queueMessages, patienceMillis: 60_000 };
    this.subscriber = new Subscriber(world.shared, world.log, limits, () => ({ kind: 'interrupted' }), 't');
    void this.#read();
    void this.subscriber.start(after);
  }

  async #read(): Promise<void> {
    try {
      for (let next = await this.subscriber.queue.next(); !next.done; next = await this.subscriber.queue.next()) {
        this.payloads.push((next.value as LiveMessage).result.data as Record<string, unknown>);
      }
    } catch {
      this.payloads.push({ slow: true });
    }
  }

  /** The sequences that this client must get after what it got first. */
  expected(all: readonly StoredEvent[]): readonly string[] {
    const revision = Number(/\d+/.exec(String(this.payloads[0]?.status))?.[0]);
    const wanted = all.filter((event) =>
      this.after === null ? event.version > revision : event.sequence > this.after,
    );
    return wanted.map((event) => event.sequence);
  }
}

const steps = fc.array(fc.constantFrom('commit', 'relay', 'handOut', 'watch', 'resume'), {
  minLength: 5,
  maxLength: 40,
});

it.each([
  ['with room for everything', 1_000],
  ['with room for two messages', 2],
])('delivers the state, then each later change once and in order, whatever happens when, %s', async (_title, limit) => {
  let complete = 0;
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), steps, async (scheduler, names) => {
      const world = new World(scheduler);
      world.start = await world.memory.head();
      const clients: Client[] = [];
      const act: Record<string, () => Promise<unknown>> = {
        commit: async () => world.commit(),
        relay: async () => world.relay(),
        handOut: () => world.handOut(),
        watch: async () => clients.push(new Client(world, null, limit)),
        resume: async () => {
          const after = (await world.events()).at(-3)?.sequence ?? world.start;
          clients.push(new Client(world, after, limit));
        },
      };
      scheduler.scheduleSequence(
        names.map((name) => ({ label: name, builder: async () => void (await act[name]?.()) })),
      );
      await world.settle();
      await world.finish();
      await world.settle();

      const all = await world.events();
      for (const client of clients) {
        const wasSlow = client.payloads.at(-1)?.slow === true;
        const got = wasSlow ? client.payloads.slice(0, -1) : client.payloads;
        const changes = client.after === null ? got.slice(1) : got;
        const expected = client.expected(all);
        if (client.after === null && !wasSlow) expect(got[0]).toMatchObject({ snapshot: true });
        // A client that was too slow has missed the end, and nothing else.
        expect(changes.map((payload) => payload.sequence)).toEqual(
          wasSlow ? expected.slice(0, changes.length) : expected,
        );
        if (wasSlow) continue;
        complete++;
        expect(client.subscriber.isLive).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
  expect(complete).toBeGreaterThan(300); // or the test tests nothing
});
