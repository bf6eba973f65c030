import type { Knex } from 'knex';
import { sleep } from '../../platform/clock.ts';
import { EVENTS_PER_STEP, postOwnEvents } from './ledger/post-own-events.ts';
import type { PostingRules } from './ledger/posting-rules.ts';
import { verifyLedger } from './ledger/verify.ts';
import { createMatcher, KEYS_PER_STEP, type Matcher } from './matching/matcher.ts';
import { followSettings } from './matching/rematch.ts';
import type { SettlementSettings } from './matching/settings.ts';
import { findMissingPayouts } from './payouts/missing.ts';
import { type CreditDesk, showUnexplainedCredits } from './payouts/unexplained.ts';
import type { Throttle } from './throttle.ts';

export interface BatchDeps {
  readonly knex: Knex;
  readonly rules: PostingRules;
  readonly settings: SettlementSettings;
  readonly throttle: Throttle;
  /** Shows money at the bank that nothing explains. */
  readonly desk: CreditDesk;
  /** Hears that the books do not add up. The ledger goes on: what is amiss does not get worse by it. */
  onFault(faults: readonly string[]): Promise<void>;
  /** Hears that they do again. */
  onSound(): Promise<void>;
  /** Hears of outages and bugs; the batch goes on by itself. */
  onFailure(error: unknown): void;
}

const IDLE_MILLIS = 1_000;
const AFTER_FAILURE_MILLIS = 5_000;
const OVERDUE_EVERY_MILLIS = 600_000;
const CREDITS_EVERY_MILLIS = 60_000;
const VERIFY_EVERY_MILLIS = 6 * 3_600_000;

/** The work of settlement that nobody waits for: posting, matching, looking for what is overdue, checking the books. */
export function createSettlementBatch(deps: BatchDeps): {
  readonly matcher: Matcher;
  run(signal: AbortSignal): Promise<void>;
} {
  const { knex, rules, settings, throttle } = deps;
  const matcher = createMatcher({ knex, rules, settings, now: () => new Date() });

  async function verify(): Promise<void> {
    const { faults } = await verifyLedger(knex);
    await (faults.length > 0 ? deps.onFault(faults) : deps.onSound());
  }

  return {
    matcher,
    async run(signal) {
      const scans: { job: () => Promise<unknown>; everyMillis: number; at: number }[] = [
        { job: () => matcher.findOverdue(), everyMillis: OVERDUE_EVERY_MILLIS, at: 0 },
        {
          job: () => showUnexplainedCredits(knex, deps.desk, settings.unexplainedCreditDays, new Date()),
          everyMillis: CREDITS_EVERY_MILLIS,
          at: 0,
        },
        {
          job: () => findMissingPayouts(knex, { rules, settings }, new Date()),
          everyMillis: CREDITS_EVERY_MILLIS,
          at: 0,
        },
        { job: verify, everyMillis: VERIFY_EVERY_MILLIS, at: Date.now() + OVERDUE_EVERY_MILLIS },
      ];
      let follows = false;
      while (!signal.aborted) {
        try {
          if (!follows) await throttle.work(() => followSettings(knex, settings), signal);
          follows = true;
          for (const scan of scans) {
            if (Date.now() < scan.at) continue;
            scan.at = Date.now() + scan.everyMillis;
            await throttle.work(scan.job, signal);
          }
          const done = await throttle.work(async () => {
            const posted = await postOwnEvents(knex, rules, settings, throttle.size(EVENTS_PER_STEP));
            return posted + (await matcher.step(throttle.size(KEYS_PER_STEP)));
          }, signal);
          if (done === 0) await sleep(IDLE_MILLIS, signal);
        } catch (error) {
          if (signal.aborted) return;
          deps.onFailure(error);
          await sleep(AFTER_FAILURE_MILLIS, signal);
        }
      }
    },
  };
}
