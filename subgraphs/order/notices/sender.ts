import { sleep } from '../../../platform/clock.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { claimNotice, claimNotices, type DueNotice, type NoticeDeps, noteFailure, noticeKey, tell } from './attempt.ts';

export { NOTICE_SENDER } from './attempt.ts';

/** Notices of one channel that are on their way at the same time. Each channel has its own: an ill one delays no other. */
const LANES = 8;
const POLL_MILLIS = 250;

/** What came of sending a notice again because somebody asked. */
export type SentAgain =
  | { readonly kind: 'handled' }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** There is none such. */
  | { readonly kind: 'gone' };

/**
 * Sends what channels are to be told. Any number of workers may: a notice is one worker's for half a minute, and the
 * channel takes it once. Attempts that fail come again at growing intervals; after five the exception desk has it.
 */
export function createNoticeSender(deps: NoticeDeps & { onFailure(error: unknown): void }) {
  async function attempt(due: DueNotice): Promise<void> {
    try {
      await tell(deps, due);
      if (due.attempts > 1) await inTransaction(deps.knex, (trx) => deps.settle(trx, [noticeKey(due.notice)]));
    } catch (error) {
      await noteFailure(deps, due, error);
    }
  }

  /** Sends what is due of a channel, as much as there is room for. @returns how many */
  async function sendDue(channelCode: string, limit: number = LANES): Promise<number> {
    const due = await claimNotices(deps.knex, channelCode, limit);
    await Promise.all(due.map(attempt));
    return due.length;
  }

  async function follow(channelCode: string, signal: AbortSignal): Promise<void> {
    const onWay = new Set<Promise<void>>();
    while (!signal.aborted) {
      try {
        for (const due of await claimNotices(deps.knex, channelCode, LANES - onWay.size)) {
          const sent: Promise<void> = attempt(due)
            .catch(deps.onFailure)
            .finally(() => onWay.delete(sent));
          onWay.add(sent);
        }
      } catch (error) {
        deps.onFailure(error);
      }
      if (onWay.size >= LANES) await Promise.race(onWay);
      else await sleep(POLL_MILLIS, signal);
    }
    await Promise.all(onWay);
  }

  return {
    sendDue,
    run: (signal: AbortSignal): Promise<unknown> =>
      Promise.all([...deps.channels.keys()].map((channelCode) => follow(channelCode, signal))),
    /** Sends one notice again now. The caller closes its exception. */
    async sendAgain(id: string): Promise<SentAgain> {
      const due = await claimNotice(deps.knex, id);
      if (!due) return { kind: 'gone' };
      try {
        await tell(deps, due);
        return { kind: 'handled' };
      } catch (error) {
        return { kind: 'failed', error };
      }
    },
  };
}
