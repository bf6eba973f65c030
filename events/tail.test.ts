import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { orderEvent, stockEvent } from '../test/contract/event-log.events.ts';
import { until } from '../test/helpers/processes.ts';
import { inProcessFanOut } from './adapters/in-process-fan-out.ts';
import { type MemoryEventLog, memoryEventLog } from './adapters/memory-event-log.ts';
import type { EventLog } from './port.ts';
import { createTail, type Tail } from './tail.ts';
import { orderTopic } from './topics.ts';

describe('tail', () => {
  let log: MemoryEventLog;
  let tail: Tail;
  let errors: unknown[];
  const fanOut = inProcessFanOut();
  const tailOf = async (of: EventLog) => {
    tail = await createTail(of, fanOut, { pollMillis: 60_000, onError: (error) => errors.push(error) });
    return tail;
  };

  beforeEach(() => {
    errors = [];
    log = memoryEventLog({ fanOut });
  });
  afterEach(() => tail.close());

  it('does not skip what is written while it hands out, page after page', async () => {
    await tailOf(log);
    const heard: number[] = [];
    tail.attach([orderTopic('ord_1')], (event) => {
      heard.push(event.version);
      if (event.version <= 10) log.append([orderEvent('ord_1', 1_200 + event.version)]);
    });
    log.append(Array.from({ length: 1_200 }, (_, index) => orderEvent('ord_1', index + 1)));
    await until(() => heard.length >= 1_210);
    expect(heard).toEqual(Array.from({ length: 1_210 }, (_, index) => index + 1));
  });

  it('does not skip what is written between reading and waiting', async () => {
    const late: EventLog = {
      ...log,
      async read(request) {
        const page = await log.read(request);
        if (page.events.length > 0 && log.compare(page.next, await log.head()) === 0 && page.events.length < 5) {
          log.append([orderEvent('ord_1', (page.events.at(-1)?.version ?? 0) + 1)]); // after the page was made
        }
        return page;
      },
    };
    await tailOf(late);
    const heard: number[] = [];
    tail.attach('all', (event) => heard.push(event.version));
    log.append([orderEvent('ord_1', 1)]);
    await until(() => heard.length >= 20);
    expect(heard.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('lets a listener neither stop the others nor hear more after it was detached', async () => {
    await tailOf(log);
    const heard: string[] = [];
    tail.attach('all', () => {
      throw new Error('a listener must not throw');
    });
    const detachSecond = tail.attach('all', (event) => {
      heard.push(`second ${event.version}`);
      detachThird();
    });
    const detachThird = tail.attach('all', (event) => heard.push(`third ${event.version}`));
    log.append([orderEvent('ord_1', 1)]);
    await until(() => heard.length > 0);
    detachSecond();
    detachSecond();
    log.append([orderEvent('ord_1', 2)]);
    await until(() => errors.length === 2);
    expect(heard).toEqual(['second 1']);
    expect(errors).toEqual([expect.any(Error), expect.any(Error)]);
  });

  it('hands an event with several topics of one listener over once', async () => {
    await tailOf(log);
    const heard: string[] = [];
    tail.attach([orderTopic('ord_1'), 'channel:WEB', 'type:order-status-changed.v1'], (event) =>
      heard.push(event.subject),
    );
    log.append([orderEvent('ord_1', 1), stockEvent('71053', 1), orderEvent('ord_2', 1)]);
    await until(() => heard.length === 2);
    expect(heard).toEqual(['ord_1', 'ord_2']);
  });

  it('tries again after the log could not be read, and goes on where it was', async () => {
    let failures = 2;
    const shaky: EventLog = {
      ...log,
      async read(request) {
        const page = await log.read(request);
        if (page.events.length > 0 && failures-- > 0) throw new Error('the database is away');
        return page;
      },
    };
    await tailOf(shaky);
    const heard: number[] = [];
    tail.attach('all', (event) => heard.push(event.version));
    log.append([orderEvent('ord_1', 1), orderEvent('ord_1', 2)]);
    await until(() => heard.length === 2);
    expect(heard).toEqual([1, 2]);
    expect(errors).toHaveLength(2);
  });

  it('tells its listeners when the log was replaced under it, and serves new ones from the new end', async () => {
    let present = log;
    const replaced: EventLog = {
      ...log,
      head: () => present.head(),
      read: (request) => present.read(request),
    };
    await tailOf(replaced);
    const lost: Error[] = [];
    const heard: number[] = [];
    tail.attach(
      'all',
      (event) => heard.push(event.version),
      (error) => lost.push(error),
    );
    present = memoryEventLog({ fanOut });
    present.append([orderEvent('ord_1', 1)]);
    await until(() => lost.length === 1);
    expect(lost[0]).toMatchObject({ code: 'REPLAY_EXPIRED' });
    const anew: number[] = [];
    tail.attach('all', (event) => anew.push(event.version));
    await new Promise((resolve) => setTimeout(resolve, 150));
    present.append([orderEvent('ord_1', 2)]);
    await until(() => anew.length === 1);
    expect(anew).toEqual([2]);
    expect(heard).toEqual([]);
    expect(lost).toHaveLength(1);
  });
});
