import { inTransaction } from '../db/transaction.ts';
import type { FactChannel, FactValue } from './channel.ts';
import { type JobDeps, whileCalling } from './job.ts';
import { settleSubmission } from './settle.ts';
import { claimAccepted, FIRST_LOOK_SECONDS, itemsOf, lookLater, lostSubmissions, type OpenSubmission } from './submissions.ts'; // biome-ignore format: one line

/** Outcomes of one channel that are asked for at the same time. */
const TOGETHER = 4;
/** The pause before an accepted submission is asked for again grows up to this, in seconds. */
const LAST_LOOK_SECONDS = 60;
/** A submission whose outcome is not there after so long is not waited for: its items are told again. */
const GIVE_UP_HOURS = 24;

/** The job of looking: what became of that which was sent. @returns asks for what is due; how many that were */
export function createLooker({ knex, topic, reports, onFailure }: JobDeps) {
  const named = (channelCode: string) => ({ channelCode, topic });

  async function lookAt(channelCode: string, channel: FactChannel<FactValue>, open: OpenSubmission, signal: AbortSignal): Promise<void> {
    const { id, reference, looks, begunAt, now } = open;
    const later = () => lookLater(knex, id, Math.min(LAST_LOOK_SECONDS, FIRST_LOOK_SECONDS * 1.5 ** Math.min(looks, 20)));
    const isTooOld = now.getTime() - begunAt.getTime() > GIVE_UP_HOURS * 3_600_000;
    try {
      const told = await itemsOf(knex, id);
      const outcomes = await channel.outcomeOf(reference, whileCalling(signal), told);
      if (outcomes === null && !isTooOld) return await later();
      await inTransaction(knex, async (trx) => reports.items(trx, channelCode, await settleSubmission(trx, named(channelCode), id, outcomes ?? [], outcomes ? 'FAILED' : 'UNKNOWN')));
    } catch (error) {
      if (signal.aborted) return;
      onFailure(error, channelCode);
      if (isTooOld) await inTransaction(knex, (trx) => settleSubmission(trx, named(channelCode), id, [], 'UNKNOWN'));
      else await later();
    }
  } // biome-ignore format: one thought

  return async (channelCode: string, channel: FactChannel<FactValue>, signal: AbortSignal): Promise<number> => {
    for (const id of await lostSubmissions(knex, named(channelCode)))
      await inTransaction(knex, (trx) => settleSubmission(trx, named(channelCode), id, [], 'UNKNOWN'));
    const open = await claimAccepted(knex, named(channelCode), TOGETHER);
    await Promise.all(open.map((one) => lookAt(channelCode, channel, one, signal)));
    return open.length;
  };
}
