import { inTransaction } from '../db/transaction.ts';
import type { FactChannel, FactValue, ToldItem } from './channel.ts';
import { claimComparison, comparePage, endComparison, failComparison, holdComparison, tellAll, tellMissing } from './compare.ts'; // biome-ignore format: one line
import { FAILURES_TOLD, type JobDeps } from './job.ts';
import { forgetSubmissions } from './submissions.ts';

export interface ToldChannel {
  readonly channel: FactChannel<FactValue>;
  /** Hours between two comparisons with all that the channel knows. */
  readonly compareHours: number;
}

const KEPT_DAYS = 7;

/**
 * The job of comparing: all that a channel knows, against all that it should.
 * @param noteAll notes anew what the channel should know of everything: before a comparison
 * @returns compares if that is due; whether it was
 */
export function createComparer(
  { knex, topic, reports, onFailure }: JobDeps,
  noteAll: (channelCode: string, signal: AbortSignal) => Promise<void>,
) {
  const named = (channelCode: string) => ({ channelCode, topic });

  async function compareAll(channelCode: string, pages: AsyncIterable<readonly ToldItem<FactValue>[]>, begunAt: Date) {
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

  return async (channelCode: string, { channel, compareHours }: ToldChannel, signal: AbortSignal): Promise<boolean> => {
    const begunAt = await claimComparison(knex, named(channelCode));
    if (begunAt === null) return false;
    try {
      await noteAll(channelCode, signal);
      const found = channel.known && (await compareAll(channelCode, channel.known(signal), begunAt));
      await inTransaction(knex, async (trx) => {
        if (found === null) await tellAll(trx, named(channelCode), begunAt);
        else await reports.unknown(trx, channelCode, found.unknown);
        if (await endComparison(trx, named(channelCode), compareHours, found)) await reports.compared(trx, channelCode);
      });
      await forgetSubmissions(knex, named(channelCode), KEPT_DAYS);
    } catch (error) {
      if (signal.aborted) return false;
      onFailure(error, channelCode);
      const failures = await failComparison(knex, named(channelCode));
      if (failures >= FAILURES_TOLD) await inTransaction(knex, (trx) => reports.notCompared(trx, channelCode));
    }
    return true;
  };
}
