import type { QueryPlan } from '@apollo/query-planner';
import type { DocumentNode } from 'graphql';

/** How one operation is fetched from the subgraphs. Holds for every contract of the supergraph it was made for. */
export interface OperationPlan {
  readonly queryPlan: QueryPlan;
  /** The document that was planned: the client's, with its dangerous aliases replaced (see alias-guard.ts). */
  readonly document: DocumentNode;
  /** Response name in the planned document → the client's. Empty when nothing was replaced. */
  readonly renames: ReadonlyMap<string, string>;
}
