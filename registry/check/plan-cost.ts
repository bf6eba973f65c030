import { operationFromDocument } from '@apollo/federation-internals';
import { type PlanNode, QueryPlanner, type SubscriptionNode } from '@apollo/query-planner';
import type { DocumentNode } from 'graphql';
import type { ComposedGraph } from '../api-schema.ts';

/** What one operation costs the subgraphs. */
export interface PlanCost {
  /** Requests to subgraphs. */
  readonly fetches: number;
  /** How many of them follow each other on the longest way. */
  readonly rounds: number;
}

/** An operation may not need more than half as many fetches again; one more is always allowed. */
export const FETCH_BUDGET = { ratio: 1.5, more: 2 } as const;

/** @returns whether the second cost is more than the budget allows over the first */
export function exceedsBudget(before: PlanCost, after: PlanCost): boolean {
  return after.fetches >= before.fetches + FETCH_BUDGET.more && after.fetches > before.fetches * FETCH_BUDGET.ratio;
}

/** Plans operations on a graph as the gateway does. */
export function planCosts({ supergraph }: ComposedGraph): (document: DocumentNode) => PlanCost | null {
  const planner = new QueryPlanner(supergraph);
  const schema = supergraph.apiSchema();
  return (document) => {
    try {
      const { node } = planner.buildQueryPlan(operationFromDocument(schema, document));
      return node ? costOf(node) : { fetches: 0, rounds: 0 };
    } catch {
      return null; // not valid in this graph: another finding says so
    }
  };
}

function costOf(node: PlanNode | SubscriptionNode): PlanCost {
  switch (node.kind) {
    case 'Fetch':
      return { fetches: 1, rounds: 1 };
    case 'Flatten':
      return costOf(node.node);
    case 'Sequence':
      return sum(node.nodes.map(costOf), (rounds) => rounds.reduce((a, b) => a + b, 0));
    case 'Parallel':
      return sum(node.nodes.map(costOf), (rounds) => Math.max(0, ...rounds));
    case 'Condition':
      return sum(
        [node.ifClause, node.elseClause].flatMap((part) => (part ? [costOf(part)] : [])),
        (rounds) => Math.max(0, ...rounds),
      );
    case 'Defer': {
      const parts = [node.primary.node, ...node.deferred.map((part) => part.node)];
      return sum(
        parts.flatMap((part) => (part ? [costOf(part)] : [])),
        (rounds) => Math.max(0, ...rounds),
      );
    }
    case 'Subscription':
      return sum([costOf(node.primary), ...(node.rest ? [costOf(node.rest)] : [])], (rounds) =>
        rounds.reduce((a, b) => a + b, 0),
      );
  }
}

function sum(costs: readonly PlanCost[], rounds: (rounds: number[]) => number): PlanCost {
  return {
    fetches: costs.reduce((total, cost) => total + cost.fetches, 0),
    rounds: rounds(costs.map((cost) => cost.rounds)),
  };
}
