import { inTransaction } from '../db/transaction.ts';
import { isCommerceError } from '../errors.ts';
import { openWay, pauseWay, type Queue, wayStates } from './budget.ts';
import type { FactChannel, FactValue, SubmissionAnswer } from './channel.ts';
import { chooseWay } from './choose-way.ts';
import { FAILURES_TOLD, type JobDeps, whileCalling } from './job.ts';
import { settleSubmission, tellAlone } from './settle.ts';
import { acceptSubmission, type BegunSubmission, beginSubmission, FIRST_LOOK_SECONDS, waitingOf } from './submissions.ts'; // biome-ignore format: one line

/** The job of sending: what waits goes to the channel by the way that is right for it. */
export function createSender({ knex, topic, reports, onFailure }: JobDeps) {
  const named = (channelCode: string) => ({ channelCode, topic });

  /** Refused as a whole: the item is, or one of several. Anything else is the channel's trouble, and all of it is told again. */
  async function fail(channelCode: string, { id, way, items }: BegunSubmission, error: unknown): Promise<void> {
    const code = isCommerceError(error) ? String(error.details.systemCode ?? error.details.status ?? error.code) : 'INTERNAL_SERVER_ERROR';
    const isRefused = isCommerceError(error) && error.code === 'SYSTEM_REJECTED' && ![401, 403].includes(Number(error.details.status));
    const [only] = items;
    if (isRefused && items.length === 1 && only)
      return inTransaction(knex, async (trx) => reports.items(trx, channelCode, await settleSubmission(trx, named(channelCode), id, [{ item: only.item, outcome: 'REFUSED', code }], 'FAILED')));
    onFailure(error, channelCode);
    await inTransaction(knex, async (trx) => {
      await settleSubmission(trx, named(channelCode), id, [], 'UNKNOWN');
      if (isRefused) return tellAlone(trx, named(channelCode), items.map(({ item }) => item));
      if ((await pauseWay(trx, named(channelCode), way.name)) >= FAILURES_TOLD) await reports.notTaken(trx, channelCode, code);
    });
  } // biome-ignore format: one thought

  return {
    /** Begins the next submission of a channel, if one may and should be. */
    async begin(channelCode: string, channel: FactChannel<FactValue>, queue: Queue): Promise<BegunSubmission | null> {
      const waiting = await waitingOf(knex, named(channelCode), queue);
      if (waiting.items === 0) return null;
      const choice = chooseWay(waiting, await wayStates(knex, named(channelCode), channel.ways, queue));
      return choice && beginSubmission(knex, named(channelCode), choice, queue);
    },
    async send(channelCode: string, channel: FactChannel<FactValue>, begun: BegunSubmission, signal: AbortSignal): Promise<void> {
      const { id, way, items } = begun;
      let answer: SubmissionAnswer;
      try {
        answer = await channel.tell({ id, way: way.name, items }, whileCalling(signal));
      } catch (error) {
        return fail(channelCode, begun, error);
      }
      await inTransaction(knex, async (trx) => {
        if (answer.kind === 'ACCEPTED') await acceptSubmission(trx, id, answer.reference, FIRST_LOOK_SECONDS);
        else await reports.items(trx, channelCode, await settleSubmission(trx, named(channelCode), id, answer.outcomes, 'FAILED'));
        if (await openWay(trx, named(channelCode), way.name)) await reports.taken(trx, channelCode);
      });
    }, // biome-ignore format: one thought
  };
}
