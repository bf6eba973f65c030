import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NewEvent } from '../../events/outbox.ts';
import type { Consumption, EventLog, FanOut, StoredEvent } from '../../events/port.ts';
import { createTail } from '../../events/tail.ts';
import { channelTopic, orderTopic, subjectTopic, typeTopic } from '../../events/topics.ts';
import { sleep } from '../../platform/clock.ts';
import { CommerceError } from '../../platform/errors.ts';
import { until } from '../helpers/processes.ts';
import { orderEvent, shipmentEvent, stockEvent } from './event-log.events.ts';

/** The same log, as one process has it. */
export interface LogMember {
  readonly log: EventLog;
  readonly fanOut: FanOut;
  stop(): Promise<void>;
}

/** A new, empty log. */
export interface LogUnderTest extends LogMember {
  /** Brings events into the log the way the adapter does it. */
  publish(events: readonly NewEvent[]): Promise<void>;
  /** Forgets the oldest events, as retention would. */
  forget(count: number): Promise<void>;
  /** Another process on the same log. */
  join(): Promise<LogMember>;
}

const RETRY = { attempts: 3, firstDelayMillis: 5, maxDelayMillis: 10 };

/** What every event log keeps to. */
export function eventLogContract(name: string, start: () => Promise<LogUnderTest>): void {
  describe(`event log: ${name}`, () => {
    let subject: LogUnderTest;
    let log: EventLog;
    const stops: (() => Promise<void>)[] = [];

    beforeEach(async () => {
      subject = await start();
      log = subject.log;
    });

    afterEach(async () => {
      for (const stop of stops.splice(0)) await stop();
      await subject.stop();
    });

    /** Consumes until the test ends, or until `stop` is called. */
    function consume<Type extends StoredEvent['type']>(
      on: Pick<LogMember, 'log'>,
      consumption: Pick<Consumption<Type>, 'types' | 'handler'> & Partial<Consumption<Type>>,
    ): { stop(): Promise<void> } {
      const stopping = new AbortController();
      const running = on.log.consume({
        group: 'readers',
        retry: RETRY,
        onDead: async (event, error) => {
          throw new Error(`${event.id} was given up`, { cause: error });
        },
        signal: stopping.signal,
        ...consumption,
      });
      const stop = async () => {
        stopping.abort();
        await running;
      };
      stops.push(stop);
      return { stop };
    }

    const ORDERS = ['order-status-changed.v1'] as const;
    const nameOf = (event: StoredEvent) => `${event.subject}#${event.version}`;

    describe('reading', () => {
      it('gives every event once, in the order of writing, with its whole envelope', async () => {
        await subject.publish([orderEvent('ord_1', 1), stockEvent('71053', 1)]);
        await subject.publish([orderEvent('ord_1', 2)]);
        const { events, more } = await log.read({ after: null, limit: 10 });
        expect(events.map(nameOf)).toEqual(['ord_1#1', '71053#1', 'ord_1#2']);
        expect(more).toBe(false);
        expect(events[0]).toEqual({
          sequence: expect.stringMatching(/^\w+-\d{16}$/),
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          type: 'order-status-changed.v1',
          source: '/commerce/order',
          subject: 'ord_1',
          version: 1,
          channelCode: 'WEB',
          occurredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          traceId: '0af7651916cd43dd8448eb211c80319c',
          data: { orderId: 'ord_1', customerId: null, previousStatus: 'VALIDATED', status: 'ACCEPTED' },
        });
        expect(new Set(events.map((event) => event.id)).size).toBe(3);
      });

      it('goes on page by page without a gap', async () => {
        await subject.publish(Array.from({ length: 7 }, (_, index) => orderEvent('ord_1', index + 1)));
        const seen: string[] = [];
        const mores: boolean[] = [];
        for (let after: string | null = null; seen.length < 7; ) {
          const page = await log.read({ after, limit: 3 });
          seen.push(...page.events.map(nameOf));
          mores.push(page.more);
          after = page.next;
        }
        expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7].map((version) => `ord_1#${version}`));
        expect(mores).toEqual([true, true, false]);
      });

      it('moves on over events of other types', async () => {
        await subject.publish([1, 2, 3, 4].map((version) => stockEvent('71053', version)));
        await subject.publish([orderEvent('ord_1', 1)]);
        const first = await log.read({ after: null, limit: 3, types: ORDERS });
        expect(first).toMatchObject({ events: [], more: true });
        const second = await log.read({ after: first.next, limit: 3, types: ORDERS });
        expect(second.events.map(nameOf)).toEqual(['ord_1#1']);
        expect(second.more).toBe(false);
      });

      it('has a head that is a place to continue from, on an empty log too', async () => {
        const empty = await log.head();
        expect(await log.read({ after: empty, limit: 10 })).toEqual({ events: [], next: empty, more: false });
        await subject.publish([orderEvent('ord_1', 1)]);
        const head = await log.head();
        const { events, next } = await log.read({ after: empty, limit: 10 });
        expect(events.map((event) => event.sequence)).toEqual([head]);
        expect(next).toBe(head);
      });

      it('orders sequences as the log orders events, over powers of ten too', async () => {
        await subject.publish(Array.from({ length: 12 }, (_, index) => orderEvent('ord_1', index + 1)));
        const { events } = await log.read({ after: null, limit: 20 });
        const sequences = events.map((event) => event.sequence);
        expect([...sequences].sort(log.compare)).toEqual(sequences);
        expect([...sequences].sort()).toEqual(sequences);
        expect(log.compare(sequences[0] as string, sequences[0] as string)).toBe(0);
      });

      it('is the same log with the same sequences for another process', async () => {
        await subject.publish([orderEvent('ord_1', 1), orderEvent('ord_2', 1)]);
        const other = await subject.join();
        stops.push(other.stop);
        expect(await other.log.read({ after: null, limit: 10 })).toEqual(await log.read({ after: null, limit: 10 }));
        expect(await other.log.head()).toBe(await log.head());
      });
    });

    describe('reading by topics', () => {
      let start: string;
      beforeEach(async () => {
        start = await log.head();
        await subject.publish([
          orderEvent('ord_1', 1),
          stockEvent('71053', 1),
          shipmentEvent('shp_1', 'ord_1', 1),
          orderEvent('ord_2', 1, { channelCode: 'B2B' }),
          orderEvent('ord_1', 2),
          stockEvent('85123A', 1),
        ]);
      });

      it.each([
        ['a subject', [subjectTopic('inventory-changed.v1', '71053')], ['71053#1']],
        ['an order, whoever writes of it', [orderTopic('ord_1')], ['ord_1#1', 'shp_1#1', 'ord_1#2']],
        ['a channel', [channelTopic('B2B')], ['ord_2#1']],
        ['a type', [typeTopic('inventory-changed.v1')], ['71053#1', '85123A#1']],
        ['the type of a subject, not its other types', [subjectTopic('order-placed.v1', 'ord_1')], []],
        [
          'several, an event that has two of them once',
          [orderTopic('ord_1'), channelTopic('WEB'), subjectTopic('order-status-changed.v1', 'ord_1')],
          ['ord_1#1', 'shp_1#1', 'ord_1#2'],
        ],
        ['nothing', [], []],
        ['everything', 'all', ['ord_1#1', '71053#1', 'shp_1#1', 'ord_2#1', 'ord_1#2', '85123A#1']],
      ] as const)('finds %s', async (_, topics, expected) => {
        expect((await log.readByTopics(topics, start, 10)).map(nameOf)).toEqual(expected);
      });

      it('stops at the limit and goes on from there', async () => {
        const topics = [orderTopic('ord_1'), typeTopic('inventory-changed.v1')];
        const first = await log.readByTopics(topics, start, 3);
        expect(first.map(nameOf)).toEqual(['ord_1#1', '71053#1', 'shp_1#1']);
        const second = await log.readByTopics(topics, first[2]?.sequence as string, 3);
        expect(second.map(nameOf)).toEqual(['ord_1#2', '85123A#1']);
      });
    });

    describe('history that is gone', () => {
      const expired = expect.objectContaining({ code: 'REPLAY_EXPIRED' });
      const expectExpired = async (after: string) => {
        await expect(log.read({ after, limit: 10 })).rejects.toEqual(expired);
        await expect(log.readByTopics([orderTopic('ord_1')], after, 10)).rejects.toEqual(expired);
        await expect(log.readByTopics('all', after, 10)).rejects.toEqual(expired);
      };

      it('is told from history that is all there, to the event', async () => {
        const start = await log.head();
        await subject.publish([1, 2, 3, 4].map((version) => orderEvent('ord_1', version)));
        const { events } = await log.read({ after: null, limit: 10 });
        await subject.forget(2);
        await expectExpired(start);
        await expectExpired(events[0]?.sequence as string);
        // The second was forgotten, but who has seen it has missed nothing.
        const second = events[1]?.sequence as string;
        expect((await log.read({ after: second, limit: 10 })).events.map(nameOf)).toEqual(['ord_1#3', 'ord_1#4']);
        expect((await log.readByTopics([orderTopic('ord_1')], second, 10)).map(nameOf)).toEqual(['ord_1#3', 'ord_1#4']);
        expect((await log.read({ after: null, limit: 10 })).events.map(nameOf)).toEqual(['ord_1#3', 'ord_1#4']);
      });

      it('leaves the head valid when all of it is gone', async () => {
        await subject.publish([orderEvent('ord_1', 1), orderEvent('ord_1', 2)]);
        await subject.forget(2);
        const head = await log.head();
        expect(await log.read({ after: head, limit: 10 })).toEqual({ events: [], next: head, more: false });
        expect(await log.read({ after: null, limit: 10 })).toEqual({ events: [], next: head, more: false });
      });

      it.each(['', '1', 'ord_1', 'deadbeef-0000000000000001', '9'.repeat(40), '\u0000'])(
        'is said of %j, which is no sequence of this log',
        async (foreign) => {
          await subject.publish([orderEvent('ord_1', 1), orderEvent('ord_1', 2)]);
          await expectExpired(foreign);
        },
      );

      it('is said of a place that the log has not reached', async () => {
        await subject.publish([orderEvent('ord_1', 1)]);
        const head = await log.head();
        const beyond = head.replace(/\d{16}$/, (digits) => (BigInt(digits) + 1n).toString().padStart(16, '0'));
        await expectExpired(beyond);
      });
    });

    describe('a group', () => {
      it('handles every event of its types once, whenever it was written', async () => {
        await subject.publish([orderEvent('ord_1', 1), stockEvent('71053', 1)]);
        const seen: string[] = [];
        consume(subject, { types: ORDERS, handler: async (event) => void seen.push(nameOf(event)) });
        await until(() => seen.length === 1);
        await subject.publish([stockEvent('71053', 2), orderEvent('ord_2', 1)]);
        await until(() => seen.length === 2);
        expect(seen).toEqual(['ord_1#1', 'ord_2#1']);
      });

      it('goes on where it stopped', async () => {
        const seen: string[] = [];
        const handler = async (event: StoredEvent) => void seen.push(nameOf(event));
        await subject.publish([orderEvent('ord_1', 1)]);
        const first = consume(subject, { types: ORDERS, handler });
        await until(() => seen.length === 1);
        await first.stop();
        await subject.publish([orderEvent('ord_1', 2)]);
        await sleep(100);
        expect(seen).toEqual(['ord_1#1']);
        consume(subject, { types: ORDERS, handler });
        await until(() => seen.length === 2);
        expect(seen).toEqual(['ord_1#1', 'ord_1#2']);
      });

      it('keeps the order of a subject while subjects go side by side', async () => {
        const versions = [1, 2, 3];
        const subjects = ['ord_1', 'ord_2', 'ord_3', 'ord_4'];
        await subject.publish(versions.flatMap((version) => subjects.map((order) => orderEvent(order, version))));
        const seen: string[] = [];
        const running = new Map<string, number>();
        let atOnce = 0;
        consume(subject, {
          types: ORDERS,
          handler: async (event) => {
            running.set(event.subject, (running.get(event.subject) ?? 0) + 1);
            expect(running.get(event.subject)).toBe(1);
            atOnce = Math.max(
              atOnce,
              [...running.values()].reduce((sum, count) => sum + count),
            );
            await sleep(Math.random() * 10);
            running.set(event.subject, 0);
            seen.push(nameOf(event));
          },
          concurrency: 3,
        });
        await until(() => seen.length === 12);
        for (const order of subjects) {
          expect(seen.filter((event) => event.startsWith(order))).toEqual(
            versions.map((version) => `${order}#${version}`),
          );
        }
        expect(atOnce).toBe(3);
      });

      it('repeats a failed event before the next of its subject, and does not hold up the others', async () => {
        await subject.publish([orderEvent('ord_1', 1), orderEvent('ord_1', 2), orderEvent('ord_2', 1)]);
        const seen: string[] = [];
        let failures = 0;
        consume(subject, {
          types: ORDERS,
          concurrency: 1,
          retry: { attempts: 3, firstDelayMillis: 300, maxDelayMillis: 300 },
          handler: async (event) => {
            if (nameOf(event) === 'ord_1#1' && failures < 2) {
              failures += 1;
              seen.push('failed');
              throw new Error('try again');
            }
            seen.push(nameOf(event));
          },
        });
        await until(() => seen.length === 5);
        expect(seen.filter((entry) => entry !== 'ord_2#1')).toEqual(['failed', 'failed', 'ord_1#1', 'ord_1#2']);
        expect(seen.indexOf('ord_2#1')).toBeLessThan(seen.indexOf('ord_1#1'));
      });

      it('hands over an event that keeps failing, then goes on with its subject', async () => {
        await subject.publish([orderEvent('ord_1', 1), orderEvent('ord_1', 2)]);
        const seen: string[] = [];
        let attempts = 0;
        consume(subject, {
          types: ORDERS,
          handler: async (event) => {
            if (event.version === 2) return void seen.push(nameOf(event));
            attempts += 1;
            throw new Error('poison');
          },
          onDead: async (event, error) => void seen.push(`dead ${nameOf(event)}: ${(error as Error).message}`),
        });
        await until(() => seen.length === 2);
        expect(seen).toEqual(['dead ord_1#1: poison', 'ord_1#2']);
        expect(attempts).toBe(3);
      });

      it('does not repeat what cannot succeed', async () => {
        await subject.publish([orderEvent('ord_1', 1)]);
        const dead: string[] = [];
        let attempts = 0;
        consume(subject, {
          types: ORDERS,
          handler: async () => {
            attempts += 1;
            throw new CommerceError('SYSTEM_REJECTED', 'no such article');
          },
          onDead: async (event) => void dead.push(nameOf(event)),
        });
        await until(() => dead.length === 1);
        expect(attempts).toBe(1);
      });

      it('never drops an event that cannot be handed over', async () => {
        await subject.publish([orderEvent('ord_1', 1), orderEvent('ord_1', 2), orderEvent('ord_2', 1)]);
        const seen: string[] = [];
        let refused = 0;
        consume(subject, {
          types: ORDERS,
          handler: async (event) => {
            if (nameOf(event) === 'ord_1#1') throw new Error('poison');
            seen.push(nameOf(event));
          },
          onDead: async (event) => {
            refused += 1;
            if (refused < 3) throw new Error('the exception queue is not there either');
            seen.push(`dead ${nameOf(event)}`);
          },
        });
        await until(() => seen.length === 3);
        expect(seen).toEqual(['ord_2#1', 'dead ord_1#1', 'ord_1#2']);
        expect(refused).toBe(3);
      });

      it('repeats what was not settled when it stopped, and nothing before', async () => {
        await subject.publish([orderEvent('ord_1', 1), orderEvent('ord_2', 1), orderEvent('ord_3', 1)]);
        const first: string[] = [];
        const member = consume(subject, {
          types: ORDERS,
          retry: { attempts: 9, firstDelayMillis: 60_000, maxDelayMillis: 60_000 },
          handler: async (event) => {
            first.push(nameOf(event));
            if (event.subject === 'ord_2') throw new Error('later');
          },
        });
        await until(() => first.length === 3);
        await member.stop();
        const second: string[] = [];
        consume(subject, { types: ORDERS, handler: async (event) => void second.push(nameOf(event)) });
        await until(() => second.length === 2);
        await sleep(100);
        expect(second).toEqual(['ord_2#1', 'ord_3#1']);
      });

      it('waits for what is begun when it is stopped', async () => {
        await subject.publish([orderEvent('ord_1', 1), orderEvent('ord_1', 2)]);
        const seen: string[] = [];
        const member = consume(subject, {
          types: ORDERS,
          handler: async (event) => {
            seen.push(`begun ${nameOf(event)}`);
            await sleep(200);
            seen.push(`done ${nameOf(event)}`);
          },
        });
        await until(() => seen.length === 1);
        await member.stop();
        expect(seen).toEqual(['begun ord_1#1', 'done ord_1#1']);
      });

      it('is led by one process at a time, and taken over when that stops', async () => {
        const other = await subject.join();
        stops.push(other.stop);
        const seen: string[] = [];
        const handlerOf = (member: string) => async (event: StoredEvent) => {
          await sleep(5);
          seen.push(`${member} ${nameOf(event)}`);
        };
        const first = consume(subject, { types: ORDERS, handler: handlerOf('first') });
        await subject.publish([orderEvent('ord_1', 1)]);
        await until(() => seen.length === 1);
        const second = consume(other, { types: ORDERS, handler: handlerOf('second') });
        await subject.publish([2, 3, 4].map((version) => orderEvent('ord_1', version)));
        await until(() => seen.length === 4);
        await first.stop();
        await subject.publish([orderEvent('ord_1', 5)]);
        await until(() => seen.length === 5);
        await second.stop();
        expect(seen).toEqual([1, 2, 3, 4, 5].map((version) => `${version < 5 ? 'first' : 'second'} ord_1#${version}`));
      });

      it('knows nothing of another group', async () => {
        await subject.publish([orderEvent('ord_1', 1)]);
        const seen: string[] = [];
        for (const group of ['one', 'two']) {
          consume(subject, {
            group,
            types: ORDERS,
            handler: async (event) => void seen.push(`${group} ${nameOf(event)}`),
          });
        }
        await until(() => seen.length === 2);
        expect(seen.sort()).toEqual(['one ord_1#1', 'two ord_1#1']);
      });
    });

    describe('its tail', () => {
      it('hands out what comes after it was made, in order, to those who want it', async () => {
        await subject.publish([orderEvent('ord_1', 1)]);
        const tail = await createTail(log, subject.fanOut);
        stops.push(tail.close);
        expect(tail.head()).toBe(await log.head());
        const order: string[] = [];
        const all: string[] = [];
        const detach = tail.attach([orderTopic('ord_1'), channelTopic('WEB')], (event) => order.push(nameOf(event)));
        tail.attach('all', (event) => all.push(nameOf(event)));
        await subject.publish([orderEvent('ord_1', 2), stockEvent('71053', 1), shipmentEvent('shp_1', 'ord_1', 1)]);
        await until(() => all.length === 3);
        detach();
        await subject.publish([orderEvent('ord_1', 3)]);
        await until(() => all.length === 4);
        expect(order).toEqual(['ord_1#2', 'shp_1#1']);
        expect(all).toEqual(['ord_1#2', '71053#1', 'shp_1#1', 'ord_1#3']);
        expect(tail.head()).toBe(await log.head());
      });

      it('joins history without a gap and without a repetition while events come in', async () => {
        const tail = await createTail(log, subject.fanOut);
        stops.push(tail.close);
        const start = await log.head();
        const writing = (async () => {
          for (let version = 1; version <= 40; version += 1) {
            await subject.publish([orderEvent('ord_1', version)]);
            await sleep(3);
          }
        })();
        await until(async () => (await log.readByTopics('all', start, 100)).length > 5);
        const held: StoredEvent[] = [];
        tail.attach([orderTopic('ord_1')], (event) => held.push(event));
        const history = await log.readByTopics([orderTopic('ord_1')], start, 100);
        const last = history.at(-1)?.sequence as string;
        expect(history.length).toBeLessThan(40);
        await writing;
        await until(() => held.at(-1)?.version === 40);
        const seen = [...history, ...held.filter((event) => log.compare(event.sequence, last) > 0)];
        expect(seen.map((event) => event.version)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
      });
    });
  });
}
