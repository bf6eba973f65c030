import type { CircuitState, ExceptionCause, FileTraffic, SystemKind, SystemPort, SystemRoute } from './model.ts';

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
  /** When the work has to be done at the latest. */
  readonly deadline?: Date | null;
  /** What was set aside and can be taken again; only where no workflow waits. */
  readonly setAside?: SetAside | null;
}

/** An event or a feed's entry that could not be used. */
export interface SetAside {
  /** The consumer group or feed that takes it again. */
  readonly by: string;
  /** Place of the event in the log, or of the entry in the feed. */
  readonly id: string;
}

/** What came of taking something again. */
export type TakenAgain =
  | { readonly kind: 'handled' }
  | { readonly kind: 'failed'; readonly cause: ExceptionCause; readonly message: string }
  /** It is not kept any more, or nobody here takes such a thing. */
  | { readonly kind: 'gone' };

/** Hands something that was set aside to its consumer once more: one attempt, with one effect however often it is made. */
export type TakeAgain = (setAside: SetAside) => Promise<TakenAgain>;

/** An exception as a correction sees it. */
export interface CorrectedException {
  readonly key: string;
  readonly system: string;
  readonly operation: string;
  readonly cause: ExceptionCause;
  readonly orderId: string | null;
  readonly traceId: string;
}

/** What came of a correction. */
export type Corrected =
  | {
      readonly kind: 'corrected';
      /** Before and after, such as `status "held" UNKNOWN → IN_TRANSIT`; names only where the values are personal. */
      readonly change: string;
      /** Keys of exceptions whose cause is gone with it, nothing left to try. */
      readonly settles: readonly string[];
    }
  | { readonly kind: 'refused'; readonly field: string | null; readonly message: string };

/** What a feed says of an entry that nobody could use. The rest is filled in: nothing waits behind it, and its cause is a mapping that is missing. */
export type UnusableEntry = Pick<Failure, 'key' | 'system' | 'operation' | 'message'> &
  Partial<Failure> & {
    /** Units of the order that it is about: what is at stake then. All of the order unless told. */
    readonly units?: readonly OrderUnits[];
  };

/** Units of one line of an order. */
export interface OrderUnits {
  readonly lineId: string;
  readonly quantity: number;
}

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
  readonly ports: readonly SystemPort[];
  /** What is read from it at this moment. */
  routes(): readonly SystemRoute[] | Promise<readonly SystemRoute[]>;
  /** How the calls of this process went. Null: it is not called. */
  statistics(): SystemStatistics | null;
  /** How its files went. Null: it exchanges none. */
  readonly files: (() => Promise<FileTraffic>) | null;
}

/** How a system behaves as seen from one process. */
export interface SystemStatistics {
  readonly circuit: CircuitState;
  /** When the circuit last closed again. Null when it was never open. */
  readonly circuitClosedAt: Date | null;
  /** When an answer was last understood. Null before the first. */
  readonly lastSuccessAt: Date | null;
  /** Of the latest exchanges, long polls excluded, in milliseconds. Null before the first. */
  readonly p95LatencyMillis: number | null;
}
