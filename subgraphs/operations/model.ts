import type { DriftFigures } from '../../platform/drift/drift.ts';
import type { Money } from '../../platform/money.ts';
import type { IntegrationExceptionState } from './states.ts';

export type ExceptionCause =
  | 'VALIDATION'
  | 'MAPPING'
  | 'THROTTLED'
  | 'CONFLICT'
  | 'UNAVAILABLE'
  | 'DEADLINE'
  | 'UNKNOWN';
export type CircuitState = 'CLOSED' | 'OPEN' | 'HALF_OPEN';
export type IndicatorWindow = 'LAST_HOUR' | 'LAST_24_HOURS' | 'LAST_7_DAYS' | 'LAST_30_DAYS';
export type SystemKind =
  | 'ERP'
  | 'OMS'
  | 'WMS'
  | 'PIM'
  | 'MARKETPLACE'
  | 'CARRIER'
  | 'RETURNS'
  | 'POINT_OF_SALE'
  | 'THIRD_PARTY_LOGISTICS';

/** A failure that the system could not get over by itself. */
export interface IntegrationException {
  readonly id: string;
  /** Of the newest attempt, like `message`. */
  readonly cause: ExceptionCause;
  readonly state: IntegrationExceptionState;
  readonly system: string;
  readonly operation: string;
  readonly message: string;
  readonly firstCause: ExceptionCause;
  readonly firstMessage: string;
  readonly attempts: number;
  readonly owner: string;
  readonly openedAt: Date;
  readonly lastAttemptAt: Date;
  readonly closedAt: Date | null;
  readonly closedBy: string | null;
  readonly note: string | null;
  readonly traceId: string;
  readonly orderId: string | null;
  /** Value of the order it concerns, as far as it is not cancelled. */
  readonly atStake: Money | null;
  readonly deadline: Date | null;
  /** Whether something waits behind it that can be tried again. */
  readonly retryable: boolean;
}

/** Something of an operator's choice that a failed piece of work can be given. */
export interface EditableField {
  readonly name: string;
  /** For an operator: what it means and what happens with it. */
  readonly description: string;
  /** The only values that are accepted; null for any text. */
  readonly choices: readonly string[] | null;
  readonly required: boolean;
}

/** A system of record as all processes together find it. */
export interface SystemHealth {
  readonly code: string;
  readonly name: string;
  readonly kind: SystemKind;
  readonly domains: readonly string[];
  /** Null when no process reported lately, and for a system that is not called; so is `p95LatencyMs`. */
  readonly circuit: CircuitState | null;
  readonly lastSuccessAt: Date | null;
  readonly p95LatencyMs: number | null;
  readonly ports: readonly SystemPort[];
  readonly routes: readonly (SystemRoute & { readonly silenceSeconds: number | null })[];
  readonly feeds: readonly SystemFeed[];
  /** Null for a system that exchanges none. */
  readonly files: FileTraffic | null;
  /** Where it is asked beside the system of record. */
  readonly shadows: readonly DriftFigures[];
}

/** The exchange of files with a system. */
export interface FileTraffic {
  /** When a file of its was taken in last, and one was last given to it. Null before the first. */
  readonly lastTakenAt: Date | null;
  readonly lastGivenAt: Date | null;
  /** Since when the oldest message waits for its answer. Null when none does. */
  readonly unansweredSince: Date | null;
}

/** A feed of a system and how far it was followed. */
export interface SystemFeed {
  readonly name: string;
  readonly movedAt: Date;
  readonly waitingSince: Date | null;
  readonly behindSince: Date | null;
  readonly isStalled: boolean;
}

/** A domain, or a cohort of one, that has its facts from a system. */
export interface SystemRoute {
  readonly domain: string;
  /** Null: the whole domain, but its cohorts. */
  readonly cohort: string | null;
  readonly readMode: 'PROJECTED' | 'LIVE';
  readonly freshnessSeconds: number;
}

/** Whether what is known of the system is younger than the route's bound. Null while its feeds were never read to their ends. */
export function isFresh({ silenceSeconds, freshnessSeconds }: SystemHealth['routes'][number]): boolean | null {
  return silenceSeconds === null ? null : silenceSeconds <= freshnessSeconds;
}

/** What a system can do at one port. Names are texts: a process of another release may know more of them. */
export interface SystemPort {
  readonly port: string;
  readonly capabilities: readonly string[];
  readonly missing: readonly { readonly capability: string; readonly reason: string }[];
}

/** Figures over a window. Null where nothing happened that could be measured. */
export interface ServiceIndicators {
  readonly orderAcknowledgementSecondsP95: number | null;
  readonly inventorySyncAccuracyRatio: number | null;
  readonly inventorySyncLagSecondsP95: number | null;
  readonly shipmentEventTimelinessSecondsP95: number | null;
  readonly failedTransactionRatio: number | null;
  readonly exceptionResolutionSecondsP50: number | null;
  readonly reconciliationCompletenessRatio: number | null;
}

export const WINDOW_HOURS: Readonly<Record<IndicatorWindow, number>> = {
  LAST_HOUR: 1,
  LAST_24_HOURS: 24,
  LAST_7_DAYS: 7 * 24,
  LAST_30_DAYS: 30 * 24,
};

/** Which team looks after what. */
export interface OwnershipMap {
  readonly default: string;
  readonly rules: readonly OwnershipRule[];
}

export interface OwnershipRule {
  readonly system: string;
  /** How the operation's name begins. Empty: all operations of the system. */
  readonly operation: string;
  readonly owner: string;
}

/** The owner by the most specific rule, or the default. */
export function ownerOf(map: OwnershipMap, system: string, operation: string): string {
  let best: OwnershipRule | null = null;
  for (const rule of map.rules) {
    if (rule.system !== system || !operation.startsWith(rule.operation)) continue;
    if (!best || rule.operation.length > best.operation.length) best = rule;
  }
  return best?.owner ?? map.default;
}
