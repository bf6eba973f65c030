import type { Knex } from 'knex';
import type { Reports } from './reports.ts';

/** What each of the teller's jobs works with. */
export interface JobDeps {
  readonly knex: Knex;
  /** e.g. STOCK. */
  readonly topic: string;
  readonly reports: Reports;
  /** Hears of failures; the telling goes on by itself. */
  onFailure(error: unknown, channelCode: string): void;
}

/** Failures one after the other before somebody is told. */
export const FAILURES_TOLD = 5;
/** Longest time one call may take. */
const CALL_MILLIS = 20_000;

/** Ends with the job, or when a call takes too long. */
export const whileCalling = (signal: AbortSignal) => AbortSignal.any([signal, AbortSignal.timeout(CALL_MILLIS)]);
