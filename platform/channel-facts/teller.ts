import type { Knex } from 'knex';
import { sleep } from '../clock.ts';
import { counted } from '../counted.ts';
import { inTransaction } from '../db/transaction.ts';
import { isCommerceError } from '../errors.ts';
import { openWay, pauseWay, wayStates } from './budget.ts';
import type { FactChannel, FactValue, SubmissionAnswer } from './channel.ts';
import { chooseWay } from './choose-way.ts';
import { claimComparison, comparePage, endComparison, failComparison, holdComparison, tellAll, tellMissing } from './compare.ts'; // biome-ignore format: one line
import type { Topic } from './note.ts';
import { type Settled, settleSubmission, tellAgain, tellAlone } from './settle.ts';
import { acceptSubmission, type BegunSubmission, beginSubmission, claimAccepted, forgetSubmissions, itemsOf, lookLater, lostSubmissions, type OpenSubmission, waitingOf } from './submissions.ts'; // biome-ignore format: one line

/** Shows something on the exception desk, in the transaction in which it became so. */
export type ReportFact = (
  trx: Knex.Transaction,
  entry: {
    readonly key: string;
    readonly cause: 'VALIDATION' | 'MAPPING' | 'UNAVAILABLE';
    readonly system: 'channel';
    readonly operation: string;
    readonly message: string;
    readonly channelCode: string;
    readonly setAside: { readonly by: string; readonly id: string } | null;
  },
) => Promise<void>;

export interface ToldChannel {
  readonly channel: FactChannel<FactValue>;
  /** Hours between two comparisons with all that the channel knows. */
  readonly compareHours: number;
}

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

/** Submissions of one channel that are on their way at the same time. Each channel has its own: an ill one delays no other. */
const LANES = 4;
const POLL_MILLIS = 150;
const LOOK_MILLIS = 500;
/** Longest time one call may take. */
const CALL_MILLIS = 20_000;
/** Failures of a way one after the other before somebody is told. */
const FAILURES_TOLD = 5;
/** Pause before an accepted submission is asked for: grows from the first to the last, in seconds. */
const LOOK = { first: 1, last: 60 } as const;
/** A submission whose outcome is not there after so long is not waited for: its items are told again. */
const GIVE_UP_HOURS = 24;
const KEPT_DAYS = 7;

/**
 * Tells channels what they should know of their items, and sees to it that they have applied it. Any number of workers may run this;
 * channels do not wait for each other.
 */
export function createTeller(deps: TellerDeps) {
  const { knex, topic, word, report } = deps;
  const by = `channel-facts:${topic}`;
  const itemKey = (channelCode: string, item: string) => `${word}:${channelCode}:${item}`;
  const channelKey = (channelCode: string) => `tell-${word}:${channelCode}`;
  const compareKey = (channelCode: string) => `compare-${word}:${channelCode}`;
  const named = (channelCode: string): Topic => ({ channelCode, topic });

  /** What an operator has to know of a settled submission. */
  async function tellOf(trx: Knex.Transaction, channelCode: string, { amiss, confirmed }: Settled): Promise<void> {
    for (const { item, sku, code, outcome } of amiss)
      await report(trx, {
        key: itemKey(channelCode, item),
        cause: outcome === 'REFUSED' ? 'VALIDATION' : 'UNAVAILABLE',
        system: 'channel',
        operation: `tell-${word}-item`,
        message:
          outcome === 'REFUSED'
            ? `${channelCode} refuses the ${word} of ${item.slice(0, 80)} (our ${sku}): ${code || 'no reason given'}. It is told again when it changes or you retry; put the listing right there first.`
            : `${channelCode} has not applied the ${word} of ${item.slice(0, 80)} (our ${sku}): ${code || 'no reason given'}. It is told again at growing intervals; this closes when it succeeds.`,
        channelCode,
        setAside: { by, id: `${channelCode}:${item}` },
      });
    await deps.settle(trx, confirmed.map((item) => itemKey(channelCode, item))); // biome-ignore format: one thought
  }

  async function send(channelCode: string, channel: FactChannel<FactValue>, begun: BegunSubmission, signal: AbortSignal): Promise<void> {
    const { id, way, items } = begun;
    let answer: SubmissionAnswer;
    try {
      answer = await channel.tell({ id, way: way.name, items }, AbortSignal.any([signal, AbortSignal.timeout(CALL_MILLIS)]));
    } catch (error) {
      return fail(channelCode, begun, error);
    }
    await inTransaction(knex, async (trx) => {
      if (answer.kind === 'ACCEPTED') await acceptSubmission(trx, id, answer.reference, LOOK.first);
      else await tellOf(trx, channelCode, await settleSubmission(trx, named(channelCode), id, answer.outcomes, 'FAILED'));
      if (await openWay(trx, named(channelCode), way.name)) await deps.settle(trx, [channelKey(channelCode)]);
    });
  } // biome-ignore format: one thought

  /** Refused as a whole: the item is, or one of several. Anything else is the channel's trouble, and all of it is told again. */
  async function fail(channelCode: string, { id, way, items }: BegunSubmission, error: unknown): Promise<void> {
    const code = isCommerceError(error) ? String(error.details.systemCode ?? error.details.status ?? error.code) : 'INTERNAL_SERVER_ERROR';
    const isRefused = isCommerceError(error) && error.code === 'SYSTEM_REJECTED' && ![401, 403].includes(Number(error.details.status));
    const [only] = items;
    if (isRefused && items.length === 1 && only)
      return inTransaction(knex, async (trx) => tellOf(trx, channelCode, await settleSubmission(trx, named(channelCode), id, [{ item: only.item, outcome: 'REFUSED', code }], 'FAILED')));
    deps.onFailure(error, channelCode);
    await inTransaction(knex, async (trx) => {
      await settleSubmission(trx, named(channelCode), id, [], 'UNKNOWN');
      if (isRefused) return tellAlone(trx, named(channelCode), items.map(({ item }) => item));
      if ((await pauseWay(trx, named(channelCode), way.name)) < FAILURES_TOLD) return;
      await report(trx, {
        key: channelKey(channelCode),
        cause: 'UNAVAILABLE',
        system: 'channel',
        operation: `tell-${word}`,
        message: `${channelCode} does not take ${word} (${code}). It is told again at growing intervals of at most a minute, always what holds then; this closes when it succeeds.`,
        channelCode,
        setAside: null,
      });
    });
  } // biome-ignore format: one thought

  /** Begins the next submission of a channel, if one may and should be. */
  async function begin(channelCode: string, channel: FactChannel<FactValue>): Promise<BegunSubmission | null> {
    const waiting = await waitingOf(knex, named(channelCode));
    if (waiting.items === 0) return null;
    const choice = chooseWay(waiting, await wayStates(knex, named(channelCode), channel.ways));
    return choice && beginSubmission(knex, named(channelCode), choice);
  }

  async function look(channelCode: string, channel: FactChannel<FactValue>, signal: AbortSignal): Promise<number> {
    for (const id of await lostSubmissions(knex, named(channelCode)))
      await inTransaction(knex, (trx) => settleSubmission(trx, named(channelCode), id, [], 'UNKNOWN'));
    const open = await claimAccepted(knex, named(channelCode), LANES);
    await Promise.all(open.map((one) => lookAt(channelCode, channel, one, signal)));
    return open.length;
  }

  async function lookAt(channelCode: string, channel: FactChannel<FactValue>, open: OpenSubmission, signal: AbortSignal): Promise<void> {
    const { id, reference, looks, begunAt, now } = open;
    const later = () => lookLater(knex, id, Math.min(LOOK.last, LOOK.first * 1.5 ** Math.min(looks, 20)));
    const isTooOld = now.getTime() - begunAt.getTime() > GIVE_UP_HOURS * 3_600_000;
    try {
      const told = await itemsOf(knex, id);
      const outcomes = await channel.outcomeOf(reference, AbortSignal.any([signal, AbortSignal.timeout(CALL_MILLIS)]), told);
      if (outcomes === null && !isTooOld) return await later();
      await inTransaction(knex, async (trx) => tellOf(trx, channelCode, await settleSubmission(trx, named(channelCode), id, outcomes ?? [], outcomes ? 'FAILED' : 'UNKNOWN')));
    } catch (error) {
      if (signal.aborted) return;
      deps.onFailure(error, channelCode);
      if (isTooOld) await inTransaction(knex, (trx) => settleSubmission(trx, named(channelCode), id, [], 'UNKNOWN'));
      else await later();
    }
  } // biome-ignore format: one thought

  async function compare(channelCode: string, { channel, compareHours }: ToldChannel, signal: AbortSignal): Promise<boolean> {
    const begunAt = await claimComparison(knex, named(channelCode));
    if (begunAt === null) return false;
    try {
      await deps.noteAll(channelCode, signal);
      const found = channel.known && (await compareAll(channelCode, channel.known(signal), begunAt));
      await inTransaction(knex, async (trx) => {
        if (found === null) await tellAll(trx, named(channelCode), begunAt);
        else await tellOfUnknown(trx, channelCode, found.unknown);
        if (await endComparison(trx, named(channelCode), compareHours, found)) await deps.settle(trx, [compareKey(channelCode)]);
      });
      await forgetSubmissions(knex, named(channelCode), KEPT_DAYS);
    } catch (error) {
      if (signal.aborted) return false;
      deps.onFailure(error, channelCode);
      const failures = await failComparison(knex, named(channelCode));
      if (failures >= FAILURES_TOLD)
        await inTransaction(knex, (trx) => report(trx, { key: compareKey(channelCode), cause: 'UNAVAILABLE', system: 'channel', operation: `compare-${word}`, message: `What ${channelCode} knows of ${word} cannot be compared. It is tried again at growing intervals of at most an hour; changes are told meanwhile. This closes when it succeeds.`, channelCode, setAside: null }));
    }
    return true;
  } // biome-ignore format: one thought

  async function compareAll(
    channelCode: string,
    pages: AsyncIterable<Parameters<typeof comparePage>[2]>,
    begunAt: Date,
  ) {
    const found = { compared: 0, different: 0 };
    const names: string[] = [];
    const unknown: string[] = [];
    for await (const page of pages) {
      const said = await inTransaction(knex, (trx) => comparePage(trx, named(channelCode), page, begunAt));
      found.compared += said.compared;
      found.different += said.different;
      unknown.push(...said.unknown);
      names.push(...page.map(({ item }) => item));
      await holdComparison(knex, named(channelCode));
    }
    const missing = await inTransaction(knex, (trx) => tellMissing(trx, named(channelCode), names, begunAt));
    return { compared: found.compared + missing, different: found.different + missing, unknown };
  }

  /** Listings of ours at the channel, of which nobody here knows what they sell. */
  async function tellOfUnknown(trx: Knex.Transaction, channelCode: string, unknown: readonly string[]): Promise<void> {
    const key = `unknown-${word}:${channelCode}`;
    if (unknown.length === 0) return deps.settle(trx, [key]);
    const shown = unknown.slice(0, 10).map((item) => item.slice(0, 60)).join(', '); // biome-ignore format: one thought
    await report(trx, {
      key,
      cause: 'MAPPING',
      system: 'channel',
      operation: `compare-${word}`,
      message: `${channelCode} lists ${counted(unknown.length, 'item')} of which nobody here knows the SKU, so that they sell without our ${word}: ${shown}. Say which SKUs they are (npx commerce channel map), or end the listings; the next comparison closes this.`,
      channelCode,
      setAside: null,
    });
  }

  /** Repeats a step of a channel until the signal aborts. */
  async function repeat(channelCode: string, millis: number, signal: AbortSignal, step: () => Promise<unknown>) {
    while (!signal.aborted) {
      await step().catch((error: unknown) => {
        if (!signal.aborted) deps.onFailure(error, channelCode);
      });
      await sleep(millis, signal);
    }
  }

  async function follow(channelCode: string, told: ToldChannel, signal: AbortSignal): Promise<void> {
    const onWay = new Set<Promise<void>>();
    await Promise.all([
      repeat(channelCode, POLL_MILLIS, signal, async () => {
        for (;;) {
          if (onWay.size >= LANES) await Promise.race(onWay);
          const begun = signal.aborted ? null : await begin(channelCode, told.channel);
          if (!begun) return;
          const sent: Promise<void> = send(channelCode, told.channel, begun, signal)
            .catch((error: unknown) => deps.onFailure(error, channelCode))
            .finally(() => onWay.delete(sent));
          onWay.add(sent);
        }
      }),
      repeat(channelCode, LOOK_MILLIS, signal, () => look(channelCode, told.channel, signal)),
      repeat(channelCode, LOOK_MILLIS, signal, () => compare(channelCode, told, signal)),
    ]);
    await Promise.all(onWay);
  }

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
    /** One step of a channel, where nothing runs by itself. @returns items that were sent */
    async sendDue(channelCode: string, signal: AbortSignal): Promise<number> {
      const { channel } = channelOf(channelCode);
      const begun = await begin(channelCode, channel);
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
      return { kind: (await tellAgain(knex, named(channelCode), item)) ? 'handled' : 'gone' };
    },
  };
}

export type Teller = ReturnType<typeof createTeller>;
