import type { CircuitState, ExceptionCause, SystemKind } from './model.ts';

/** A failure as the one who gave up on it tells of it. */
export interface Failure {
  /** What failed, such as a workflow's step. At most one exception of a key is open. */
  readonly key: string;
  readonly cause: ExceptionCause;
  /** The system of record it concerns, or `commerce` for our own store. */
  readonly system: string;
  readonly operation: string;
  /** For an operator: no personal data, no credentials. */
  readonly message: string;
  readonly orderId: string | null;
  readonly channelCode: string | null;
  /** Durable workflow that waits until somebody has it tried again. Null when none does. */
  readonly workflowId: string | null;
  readonly traceId: string;
}

/** What a feed says of an entry that nobody could use. The rest is filled in: nothing waits behind it, and its cause is a mapping that is missing. */
export type UnusableEntry = Pick<Failure, 'key' | 'system' | 'operation' | 'message'> & Partial<Failure>;

/**
 * Asks a durable workflow that waits after a failure to try again now.
 * @returns false when none waits under this id
 */
export type RetryWorkflow = (workflowId: string) => Promise<boolean>;

/** A system of record that a process talks to. */
export interface WatchedSystem {
  /** As exceptions name it, e.g. wms. */
  readonly code: string;
  readonly name: string;
  readonly kind: SystemKind;
  /** Domains of the graph whose facts it holds, e.g. inventory. */
  readonly domains: readonly string[];
  statistics(): SystemStatistics;
}

/** How a system behaves as seen from one process. */
export interface SystemStatistics {
  readonly circuit: CircuitState;
  /** When an answer was last understood. Null before the first. */
  readonly lastSuccessAt: Date | null;
  /** Of the latest exchanges, long polls excluded, in milliseconds. Null before the first. */
  readonly p95LatencyMillis: number | null;
}
