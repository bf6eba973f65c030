import type { Knex } from 'knex';
import { sleep } from '../platform/clock.ts';
import { query } from '../platform/db/query.ts';
import type { Logger } from '../platform/logger.ts';
import { backoff } from './backoff.ts';
import { type Bell, createBell } from './bell.ts';
import type { FanOut } from './port.ts';
import { DEFAULT_RETENTION_DAYS, pruneEventLog } from './retention.ts';
import { LOG_GREW, OUTBOX_FILLED } from './wake-topics.ts';

/** What stands before the log and has to be told when it grew. */
export interface LogMirror {
  /** Takes over what it does not have yet. A failure costs speed, not events: readers fall back to the log. */
  catchUp(): Promise<void>;
}

export interface RelayOptions {
  readonly knex: Knex;
  readonly fanOut: FanOut;
  readonly logger: Logger;
  readonly mirror?: LogMirror;
  /** Days an event is kept, at least. 30 when left out. */
  readonly retentionDays?: number;
  /** Events moved in one transaction. */
  readonly batchSize?: number;
  /** Longest wait before the leading relay looks by itself, in milliseconds. */
  readonly pollMillis?: number;
}

export interface Relay {
  /** What it did last: `leading` moved or looked, `standby` found another one at work, `failing` could not reach the database. */
  state(): 'starting' | 'leading' | 'standby' | 'failing' | 'stopped';
  /** Finishes the move under way. */
  stop(): Promise<void>;
}

const DEFAULT_BATCH = 500;
const DEFAULT_POLL_MILLIS = 200;
/** Another relay is at work. It would have to die for this one to be needed: no hurry. */
const STANDBY_MILLIS = 1_000;
const TROUBLE = { firstDelayMillis: 200, maxDelayMillis: 5_000 };
const PRUNE_EVERY_MILLIS = 10 * 60_000;
const MIRROR_EVERY_MILLIS = 1_000;

/**
 * Moves events from the outbox to the log, in the order of their commits: one transaction for a batch, so an event is
 * in exactly one of the two. Run one in as many processes as you like; one works at a time, and when it dies the
 * next to look goes on.
 */
export function startRelay(options: RelayOptions): Relay {
  const bell = createBell(options.fanOut, OUTBOX_FILLED);
  const stopping = new AbortController();
  let state: ReturnType<Relay['state']> = 'starting';
  const running = run(options, bell, stopping.signal, (next) => {
    state = next;
  });
  return {
    state: () => state,
    async stop() {
      stopping.abort();
      await running;
      bell.close();
      state = 'stopped';
    },
  };
}

async function run(
  options: RelayOptions,
  bell: Bell,
  signal: AbortSignal,
  report: (state: 'leading' | 'standby' | 'failing') => void,
): Promise<void> {
  const { knex, fanOut, logger } = options;
  const batch = options.batchSize ?? DEFAULT_BATCH;
  const poll = options.pollMillis ?? DEFAULT_POLL_MILLIS;
  const mirror = options.mirror && patient(options.mirror, logger);
  let failures = 0;
  let pruneAt = 0;
  while (!signal.aborted) {
    const heard = bell.position();
    try {
      const moved = await moveOutbox(knex, batch);
      if (moved > 0 || mirror?.isDue()) await mirror?.catchUp();
      if (moved > 0) fanOut.publish([LOG_GREW]);
      failures = 0;
      report(moved < 0 ? 'standby' : 'leading');
      if (moved === batch) continue;
      if (moved >= 0 && Date.now() >= pruneAt) {
        await pruneEventLog(knex, options.retentionDays ?? DEFAULT_RETENTION_DAYS);
        pruneAt = Date.now() + PRUNE_EVERY_MILLIS;
      }
      await bell.heard(heard, moved < 0 ? STANDBY_MILLIS : poll, signal);
    } catch (error) {
      failures += 1;
      report('failing');
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      logger.warn({ code, failures }, 'outbox not relayed');
      await sleep(backoff(failures, TROUBLE), signal);
    }
  }
}

/**
 * Moves one batch, the oldest first.
 *
 * @returns how many; -1 when another session is at it
 */
export async function moveOutbox(knex: Knex, limit: number): Promise<number> {
  const rows = await query<{ moved: number }>(knex, 'select integration.relay_outbox(?) as moved', [limit]);
  return rows[0]?.moved ?? 0;
}

/** The mirror, asked also when nothing moved (it may have lost what it had), and never a reason to stop the relay. */
function patient(mirror: LogMirror, logger: Logger): LogMirror & { isDue(): boolean } {
  let next = 0;
  return {
    isDue: () => Date.now() >= next,
    async catchUp() {
      next = Date.now() + MIRROR_EVERY_MILLIS;
      try {
        await mirror.catchUp();
      } catch (error) {
        const failure = error instanceof Error ? error.name : typeof error;
        logger.warn({ failure }, 'event log not mirrored; readers use the log itself');
      }
    },
  };
}
