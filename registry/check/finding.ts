import { createHash } from 'node:crypto';
import type { Approval } from '../approvals.ts';
import type { Severity } from '../severity.ts';

/** The parts of a check, in the order in which they are reported. */
export const CATEGORIES = [
  'composition',
  'contract',
  'schema',
  'access',
  'states',
  'events',
  'plan',
  'documents',
  'lint',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** A client's operation that a change concerns. */
export interface Affected {
  readonly client: string;
  /** As the client names them; empty when it does not. */
  readonly clientVersions: readonly string[];
  /** Name of the operation; null for one that is not registered and known from recorded usage only. */
  readonly operation: string | null;
  readonly sha256: string | null;
  /** Contract version it is written against. */
  readonly contract: string;
  /** Team that answers for the client, and how to reach it. */
  readonly owner: string | null;
  readonly contact: string | null;
  /** Null: not seen while usage was recorded, or none was exported. */
  readonly lastSeen: string | null;
  /** Null: no usage was exported, so nothing is known of it. */
  readonly count: number | null;
  /** What the client can send instead, proved valid after the change. */
  readonly suggestion: Suggestion | null;
}

export interface Suggestion {
  readonly document: string;
  /** What is different, and what the client has to look at. */
  readonly notes: readonly string[];
}

export interface SourcePlace {
  /** Relative to the project. */
  readonly file: string;
  readonly line: number;
}

/** One thing that a check has to say. */
export interface Finding {
  /** Stays the same from run to run, so that it can be approved: made of rule, coordinate and detail. */
  readonly id: string;
  readonly category: Category;
  /** Such as FIELD_REMOVED. */
  readonly rule: string;
  /** A breaking finding without an approval fails the check. */
  readonly severity: Severity;
  readonly coordinate: string;
  readonly message: string;
  readonly reason: string;
  /** What to do about it; empty when there is nothing to do. */
  readonly advice: string;
  /** Contract versions that it concerns. */
  readonly contracts: readonly string[];
  /** Teams that answer for the part of the graph. */
  readonly owners: readonly string[];
  readonly affected: readonly Affected[];
  readonly source: SourcePlace | null;
  readonly approval: Approval | null;
}

export type NewFinding = Pick<Finding, 'category' | 'rule' | 'severity' | 'coordinate' | 'message' | 'reason'> &
  Partial<Finding> & {
    /** Tells this finding from another of the same rule at the same place. */
    readonly detail?: string;
  };

export function finding({ detail = '', ...found }: NewFinding): Finding {
  const id = createHash('sha256').update([found.rule, found.coordinate, detail].join('\n')).digest('hex').slice(0, 10);
  return { id, advice: '', contracts: [], owners: [], affected: [], source: null, approval: null, ...found };
}

/** Whether the finding makes the check fail. */
export function fails({ severity, approval }: Finding): boolean {
  return severity === 'breaking' && approval === null;
}
