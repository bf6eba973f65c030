import { sleep } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import { backoff } from './backoff.ts';
import { type Bell, createBell } from './bell.ts';
import type { EventType } from './contracts/index.ts';
import { type Delivery, deliver } from './delivery.ts';
import type { Groups } from './groups.ts';
import { Lanes } from './lanes.ts';
import type { Consumption, EventLog, FanOut, StoredEvent } from './port.ts';
import { Progress } from './progress.ts';
import { LOG_GREW } from './wake-topics.ts';

export interface GroupReader {
  readonly log: Pick<EventLog, 'read'>;
  readonly groups: Groups;
  readonly fanOut: FanOut;
  readonly logger: Logger;
  /** Longest wait before it looks by itself, in milliseconds. A second when left out. */
  readonly pollMillis?: number | undefined;
}

/** Events begun at most before the oldest is settled. Bounds memory, and what is repeated after a crash. */
const MAX_OPEN = 5_000;
const DEFAULT_BATCH = 200;
const DEFAULT_CONCURRENCY = 8;
const DEFAULT_POLL_MILLIS = 1_000;
const TROUBLE = { firstDelayMillis: 200, maxDelayMillis: 5_000 };

/**
 * Takes part in a group: waits to lead it, then reads and handles until the signal aborts or leadership is lost.
 * The same for every adapter: order, repetition and position do not depend on where the log is.
 */
export async function consumeGroup<Type extends EventType>(
  reader: GroupReader,
  consumption: Consumption<Type>,
): Promise<void> {
  const bell = createBell(reader.fanOut, LOG_GREW);
  let failures = 0;
  while (!consumption.signal.aborted) {
    const lease = await reader.groups.lead(consumption.group, consumption.signal);
    if (!lease) break;
    const signal = AbortSignal.any([consumption.signal, lease.signal]);
    try {
      await readWhileLeading(reader, bell, consumption, signal, () => {
        failures = 0;
      });
    } catch (error) {
      failures += 1;
      const failure = error instanceof Error ? error.name : typeof error;
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      reader.logger.warn({ group: consumption.group, failure, code }, 'event log not readable');
    } finally {
      await lease.release();
    }
    if (failures > 0) await sleep(backoff(failures, TROUBLE), consumption.signal);
  }
  bell.close();
}

async function readWhileLeading<Type extends EventType>(
  { log, groups, logger, pollMillis }: GroupReader,
  bell: Bell,
  consumption: Consumption<Type>,
  signal: AbortSignal,
  onRead: () => void,
): Promise<void> {
  const { group, types } = consumption;
  let cursor = await groups.position(group);
  let saved = cursor;
  const progress = new Progress(cursor);
  const lanes = new Lanes<Delivery<Type>>(consumption.concurrency ?? DEFAULT_CONCURRENCY, (delivery) =>
    deliver(delivery, consumption, signal, logger),
  );
  const save = async () => {
    const settled = progress.settledUpTo;
    if (settled === null || settled === saved) return;
    await groups.save(group, settled);
    saved = settled;
  };

  try {
    while (!signal.aborted) {
      const heard = bell.position();
      const page = await log.read({ after: cursor, limit: consumption.batchSize ?? DEFAULT_BATCH, types });
      onRead();
      for (const event of page.events as readonly StoredEvent<Type>[]) {
        const settle = progress.begin(event.sequence);
        lanes.add(event.subject, { event, settle, failures: 0, dead: null });
      }
      if (page.next !== cursor) progress.passed(page.next);
      cursor = page.next;
      await save();
      // A full window: the log does not run away, so it is simply read later.
      while (progress.size > MAX_OPEN && !signal.aborted) {
        await sleep(100, signal);
        await save();
      }
      if (!page.more) await bell.heard(heard, pollMillis ?? DEFAULT_POLL_MILLIS, signal);
    }
  } finally {
    await lanes.stop();
    await save();
  }
}
