import type { QueryPlan } from '@apollo/query-planner';
import type { DocumentNode } from 'graphql';
import type { GuardedField } from '../access-rules/guarded-fields.ts';

/** How one operation is fetched from the subgraphs. Holds for every contract of the supergraph it was made for. */
export interface OperationPlan {
  readonly kind: 'operation' | 'subscription';
  readonly operationName: string | undefined;
  readonly queryPlan: QueryPlan;
  /** The document that was planned: the client's, with its dangerous aliases replaced (see alias-guard.ts). */
  readonly document: DocumentNode;
  /** Response name in the planned document → the client's. Empty when nothing was replaced. */
  readonly renames: ReadonlyMap<string, string>;
  /** Fields with an access rule. What the caller may not read is taken out when the plan is executed. */
  readonly guarded: readonly GuardedField[];
  /** Fields that were taken out, by their response name in `document`; empty unless the plan is a restricted one. */
  readonly denied: ReadonlyMap<string, readonly GuardedField[]>;
}
