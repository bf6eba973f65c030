import type { Knex } from 'knex';
import { sleep } from '../clock.ts';
import type { Queue } from './budget.ts';
import { createComparer, type ToldChannel } from './compare-channel.ts';
import type { JobDeps } from './job.ts';
import { createLooker } from './look.ts';
import { createReports, type ReportFact } from './reports.ts';
import { createSender } from './send.ts';
import { tellAgain } from './settle.ts';

export interface TellerDeps {
  readonly knex: Knex;
  /** e.g. STOCK. */
  readonly topic: string;
  /** Names the topic in operations and messages, e.g. `stock`. */
  readonly word: string;
  readonly channels: ReadonlyMap<string, ToldChannel>;
  readonly report: ReportFact;
  readonly settle: (trx: Knex.Transaction, keys: readonly string[]) => Promise<void>;
  /** Notes anew what the channel should know of everything: before a comparison. */
  readonly noteAll: (channelCode: string, signal: AbortSignal) => Promise<void>;
  /** Hears of failures; the telling goes on by itself. */
  onFailure(error: unknown, channelCode: string): void;
}

/** Submissions of one channel and queue that are on their way at the same time: neither an ill channel nor a full queue delays another. */
const LANES: Readonly<Record<Queue, number>> = { LIVE: 4, FILL: 2 };
const POLL_MILLIS = 150;
const LOOK_MILLIS = 500;

/**
 * Tells channels what they should know of their items, and sees to it that they have applied it. Any number of workers may run this;
 * channels do not wait for each other, nor do changes for what is told for the first time.
 */
export function createTeller(deps: TellerDeps) {
  const { knex, topic, word } = deps;
  const by = `channel-facts:${topic}`;
  const reports = createReports({ report: deps.report, settle: deps.settle, word, by });
  const job: JobDeps = { knex, topic, reports, onFailure: deps.onFailure };
  const { begin, send } = createSender(job);
  const look = createLooker(job);
  const compare = createComparer(job, deps.noteAll);

  /** Repeats a step of a channel until the signal aborts. */
  async function repeat(channelCode: string, millis: number, signal: AbortSignal, step: () => Promise<unknown>) {
    while (!signal.aborted) {
      await step().catch((error: unknown) => {
        if (!signal.aborted) deps.onFailure(error, channelCode);
      });
      await sleep(millis, signal);
    }
  }

  /** Sends what waits in a queue, until the signal aborts and what is on its way has come back. */
  async function empty(
    channelCode: string,
    { channel }: ToldChannel,
    queue: Queue,
    signal: AbortSignal,
  ): Promise<void> {
    const onWay = new Set<Promise<void>>();
    await repeat(channelCode, POLL_MILLIS, signal, async () => {
      for (;;) {
        if (onWay.size >= LANES[queue]) await Promise.race(onWay);
        const begun = signal.aborted ? null : await begin(channelCode, channel, queue);
        if (!begun) return;
        const sent: Promise<void> = send(channelCode, channel, begun, signal)
          .catch((error: unknown) => deps.onFailure(error, channelCode))
          .finally(() => onWay.delete(sent));
        onWay.add(sent);
      }
    });
    await Promise.all(onWay);
  }

  const follow = (channelCode: string, told: ToldChannel, signal: AbortSignal): Promise<unknown> =>
    Promise.all([
      empty(channelCode, told, 'LIVE', signal),
      empty(channelCode, told, 'FILL', signal),
      repeat(channelCode, LOOK_MILLIS, signal, () => look(channelCode, told.channel, signal)),
      repeat(channelCode, LOOK_MILLIS, signal, () => compare(channelCode, told, signal)),
    ]);

  const channelOf = (channelCode: string): ToldChannel => {
    const told = deps.channels.get(channelCode);
    if (!told) throw new Error(`${channelCode} is not told of ${word}`);
    return told;
  };
  return {
    /** Under this name items that a channel refused wait on the exception desk. */
    by,
    run: (signal: AbortSignal): Promise<unknown> =>
      Promise.all([...deps.channels].map(([code, told]) => follow(code, told, signal))),
    /** One step of a channel, where nothing runs by itself: of its changes, or of the first fill where none waits. @returns items that were sent */
    async sendDue(channelCode: string, signal: AbortSignal): Promise<number> {
      const { channel } = channelOf(channelCode);
      const begun = (await begin(channelCode, channel, 'LIVE')) ?? (await begin(channelCode, channel, 'FILL'));
      if (begun) await send(channelCode, channel, begun, signal);
      return begun?.items.length ?? 0;
    },
    /** Asks for the outcome of what was accepted and is due. @returns submissions asked for */
    lookDue: (channelCode: string, signal: AbortSignal) => look(channelCode, channelOf(channelCode).channel, signal),
    /** Compares with all that the channel knows, if that is due. @returns whether it was */
    compareDue: (channelCode: string, signal: AbortSignal) => compare(channelCode, channelOf(channelCode), signal),
    /** Has an item told again that was refused. */
    async takeAgain(id: string): Promise<{ readonly kind: 'handled' | 'gone' }> {
      const [, channelCode = '', item = ''] = /^([^:]+):(.+)$/s.exec(id) ?? [];
      return { kind: (await tellAgain(knex, { channelCode, topic }, item)) ? 'handled' : 'gone' };
    },
  };
}

export type Teller = ReturnType<typeof createTeller>;
