import { sleep } from '../../../platform/clock.ts';
import { query } from '../../../platform/db/query.ts';
import { isCommerceError } from '../../../platform/errors.ts';
import { advanceStatements } from '../statements/advance.ts';
import type { Throttle } from '../throttle.ts';
import { prepareVouchers } from './prepare.ts';
import { finishRun, nextVoucher, noteWaiting, takeRun } from './run.ts';
import { type SendDeps, sendVoucher } from './send.ts';

export interface VoucherWorkDeps extends SendDeps {
  /** Rests between vouchers; never when left out. */
  readonly throttle?: Throttle;
  /** Entries per voucher; what `prepareVouchers` takes when left out. */
  readonly mostEntries?: number;
  /** Hears of outages and bugs; the work goes on by itself. */
  onFailure(error: unknown): void;
}

const IDLE_MILLIS = 1_000;
const AFTER_FAILURE_MILLIS = 5_000;

/**
 * Does the runs that were asked for, one after another. One process at a time: not for correctness, which the ERP's
 * references and the states of the vouchers give, but so that no call is made for nothing.
 */
export function createVoucherWork(deps: VoucherWorkDeps): {
  /** Does one run to its end. @returns false when there is none, or another process is at it */
  step(signal: AbortSignal): Promise<boolean>;
  run(signal: AbortSignal): Promise<void>;
} {
  const { knex } = deps;

  async function work(signal: AbortSignal): Promise<boolean> {
    const run = await takeRun(knex);
    if (!run) return false;
    try {
      await prepareVouchers(knex, run, run.id, deps);
      for (let voucher = await nextVoucher(knex, run); voucher; voucher = await nextVoucher(knex, run)) {
        signal.throwIfAborted();
        await sendVoucher(deps, voucher, run.id, signal);
        await noteWaiting(knex, run.id, null);
      }
    } catch (error) {
      if (!signal.aborted)
        await noteWaiting(knex, run.id, isCommerceError(error) ? error.code : 'INTERNAL_SERVER_ERROR');
      throw error;
    }
    await advanceStatements(knex);
    await finishRun(knex, run.id);
    return true;
  }

  /** The lock ends with its transaction, and so with its process. */
  async function step(signal: AbortSignal): Promise<boolean> {
    return knex.transaction(async (trx) => {
      const [lock] = await query<{ taken: boolean }>(
        trx,
        `select pg_try_advisory_xact_lock(hashtext('settlement.vouchers')) as taken`,
      );
      return lock?.taken ? work(signal) : false;
    });
  }

  return {
    step,
    async run(signal) {
      while (!signal.aborted) {
        try {
          if (!(await step(signal))) await sleep(IDLE_MILLIS, signal);
        } catch (error) {
          if (signal.aborted) return;
          deps.onFailure(error);
          await sleep(AFTER_FAILURE_MILLIS, signal);
        }
      }
    },
  };
}
