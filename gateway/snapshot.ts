import type { ServiceMap } from '@apollo/gateway';
import type { DocumentNode, FormattedExecutionResult, GraphQLSchema } from 'graphql';
import type { Caller } from '../platform/caller.ts';
import type { CostRules } from './guards/cost-rules.ts';
import type { OperationPlan } from './planning/operation-plan.ts';

export { EVENT_SERVICE } from './planning/planner.ts';

/** Values of one execution of a planned operation. */
export interface OperationRun {
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  /** Data sources beside (and before) those of the snapshot, e.g. `{ [EVENT_SERVICE]: source }`. */
  readonly services?: ServiceMap;
  /** The document as the client sent it, for a use that counts; a delivery of a subscription does not. */
  readonly text?: string;
}

/**
 * One contract of one supergraph: what its clients may see, executed on the whole graph.
 * Immutable: who holds it can finish on it, whatever is loaded meanwhile.
 */
export interface ContractSnapshot {
  /** `<name>/<version>`, e.g. storefront/2026-11. The value of the header `x-contract`. */
  readonly path: string;
  /** Name of the contract, e.g. storefront. The value of `Caller.contract`. */
  readonly name: string;
  /** SHA-256 of the supergraph's text, in hex. */
  readonly supergraphId: string;
  /** What clients validate and introspect against. */
  readonly schema: GraphQLSchema;
  /** What its fields cost. */
  readonly costRules: CostRules;
  /**
   * Plans a query or mutation that was validated against `schema`.
   * @throws GraphQLError when the operation cannot be planned
   */
  planOperation(document: DocumentNode, operationName?: string | null): OperationPlan;
  /**
   * Plans one delivery of a subscription that was validated against `schema`: first the event, asked from
   * {@link EVENT_SERVICE} with a `subscription` operation, then whatever the other subgraphs add.
   * @throws GraphQLError when the operation is not a subscription or cannot be planned
   */
  planSubscription(document: DocumentNode, operationName?: string | null): OperationPlan;
  /**
   * Asked before a subscription starts: one that may deliver nothing is refused at once; the others count as used.
   * @param text the document as the client sent it
   * @throws CommerceError FORBIDDEN when the caller may not run the plan at all
   */
  admit(plan: OperationPlan, caller: Caller, text: string): void;
  /** The same, for a subscription that goes on after a reload: it was counted when it began. */
  assertMayStart(plan: OperationPlan, caller: Caller): void;
  /** Runs a plan of this snapshot, without what the caller may not read. Never throws: failures are errors as clients may see them. */
  executeWith(plan: OperationPlan, run: OperationRun): Promise<FormattedExecutionResult>;
}
