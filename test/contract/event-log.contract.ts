import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Consumption, EventLog, StoredEvent } from '../../events/port.ts';
import { createTail } from '../../events/tail.ts';
import { channelTopic, orderTopic, subjectTopic, typeTopic } from '../../events/topics.ts';
import { sleep } from '../../platform/clock.ts';
import { until } from '../helpers/processes.ts';
import { nameOf, ORDERS, orderEvent, shipmentEvent, stockEvent } from './event-log.events.ts';
import { groupContract } from './event-log.group.contract.ts';
import type { LogMember, LogUnderTest } from './event-log.under-test.ts';

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

    describe('a group', () => groupContract({ subject: () => subject, stops, consume }));

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
