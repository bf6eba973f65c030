import { expect, it } from '@jest/globals';
import type { Consumption, StoredEvent } from '../../events/port.ts';
import { sleep } from '../../platform/clock.ts';
import { CommerceError } from '../../platform/errors.ts';
import { until } from '../helpers/processes.ts';
import { nameOf, ORDERS, orderEvent, stockEvent } from './event-log.events.ts';
import type { LogMember, LogUnderTest } from './event-log.under-test.ts';

/** What the tests of groups need of the suite that they are a part of. */
export interface GroupsUnderTest {
  /** The log of the test that runs. */
  subject(): LogUnderTest;
  /** What ends with the test. */
  readonly stops: (() => Promise<void>)[];
  /** Consumes until the test ends, or until `stop` is called. */
  consume<Type extends StoredEvent['type']>(
    on: Pick<LogMember, 'log'>,
    consumption: Pick<Consumption<Type>, 'types' | 'handler'> & Partial<Consumption<Type>>,
  ): { stop(): Promise<void> };
}

/** How groups consume an event log. */
export function groupContract({ subject, stops, consume }: GroupsUnderTest): void {
  it('handles every event of its types once, whenever it was written', async () => {
    await subject().publish([orderEvent('ord_1', 1), stockEvent('71053', 1)]);
    const seen: string[] = [];
    consume(subject(), { types: ORDERS, handler: async (event) => void seen.push(nameOf(event)) });
    await until(() => seen.length === 1);
    await subject().publish([stockEvent('71053', 2), orderEvent('ord_2', 1)]);
    await until(() => seen.length === 2);
    expect(seen).toEqual(['ord_1#1', 'ord_2#1']);
  });

  it('goes on where it stopped', async () => {
    const seen: string[] = [];
    const handler = async (event: StoredEvent) => void seen.push(nameOf(event));
    await subject().publish([orderEvent('ord_1', 1)]);
    const first = consume(subject(), { types: ORDERS, handler });
    await until(() => seen.length === 1);
    await first.stop();
    await subject().publish([orderEvent('ord_1', 2)]);
    await sleep(100);
    expect(seen).toEqual(['ord_1#1']);
    consume(subject(), { types: ORDERS, handler });
    await until(() => seen.length === 2);
    expect(seen).toEqual(['ord_1#1', 'ord_1#2']);
  });

  it('keeps the order of a subject while subjects go side by side', async () => {
    const versions = [1, 2, 3];
    const subjects = ['ord_1', 'ord_2', 'ord_3', 'ord_4'];
    await subject().publish(versions.flatMap((version) => subjects.map((order) => orderEvent(order, version))));
    const seen: string[] = [];
    const running = new Map<string, number>();
    let atOnce = 0;
    consume(subject(), {
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
      expect(seen.filter((event) => event.startsWith(order))).toEqual(versions.map((version) => `${order}#${version}`));
    }
    expect(atOnce).toBe(3);
  });

  it('repeats a failed event before the next of its subject, and does not hold up the others', async () => {
    await subject().publish([orderEvent('ord_1', 1), orderEvent('ord_1', 2), orderEvent('ord_2', 1)]);
    const seen: string[] = [];
    let failures = 0;
    consume(subject(), {
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
    await subject().publish([orderEvent('ord_1', 1), orderEvent('ord_1', 2)]);
    const seen: string[] = [];
    let attempts = 0;
    consume(subject(), {
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
    await subject().publish([orderEvent('ord_1', 1)]);
    const dead: string[] = [];
    let attempts = 0;
    consume(subject(), {
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
    await subject().publish([orderEvent('ord_1', 1), orderEvent('ord_1', 2), orderEvent('ord_2', 1)]);
    const seen: string[] = [];
    let refused = 0;
    consume(subject(), {
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
    await subject().publish([orderEvent('ord_1', 1), orderEvent('ord_2', 1), orderEvent('ord_3', 1)]);
    const first: string[] = [];
    const member = consume(subject(), {
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
    consume(subject(), { types: ORDERS, handler: async (event) => void second.push(nameOf(event)) });
    await until(() => second.length === 2);
    await sleep(100);
    expect(second).toEqual(['ord_2#1', 'ord_3#1']);
  });

  it('waits for what is begun when it is stopped', async () => {
    await subject().publish([orderEvent('ord_1', 1), orderEvent('ord_1', 2)]);
    const seen: string[] = [];
    const member = consume(subject(), {
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
    const other = await subject().join();
    stops.push(other.stop);
    const seen: string[] = [];
    const handlerOf = (member: string) => async (event: StoredEvent) => {
      await sleep(5);
      seen.push(`${member} ${nameOf(event)}`);
    };
    const first = consume(subject(), { types: ORDERS, handler: handlerOf('first') });
    await subject().publish([orderEvent('ord_1', 1)]);
    await until(() => seen.length === 1);
    const second = consume(other, { types: ORDERS, handler: handlerOf('second') });
    await subject().publish([2, 3, 4].map((version) => orderEvent('ord_1', version)));
    await until(() => seen.length === 4);
    await first.stop();
    await subject().publish([orderEvent('ord_1', 5)]);
    await until(() => seen.length === 5);
    await second.stop();
    expect(seen).toEqual([1, 2, 3, 4, 5].map((version) => `${version < 5 ? 'first' : 'second'} ord_1#${version}`));
  });

  it('knows nothing of another group', async () => {
    await subject().publish([orderEvent('ord_1', 1)]);
    const seen: string[] = [];
    for (const group of ['one', 'two']) {
      consume(subject(), {
        group,
        types: ORDERS,
        handler: async (event) => void seen.push(`${group} ${nameOf(event)}`),
      });
    }
    await until(() => seen.length === 2);
    expect(seen.sort()).toEqual(['one ord_1#1', 'two ord_1#1']);
  });
}
