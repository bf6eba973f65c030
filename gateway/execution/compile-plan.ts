import type { Operation } from '@apollo/federation-internals';
import { evaluateCondition, type PlanNode, type QueryPlan } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { compileFetch } from './compile-fetch.ts';
import type { Step } from './run.ts';
import { sharedRequests } from './shared-requests.ts';
import { type TargetPath, targetPath } from './targets.ts';
import { Unsupported } from './unsupported.ts';

export interface PlanOptions {
  /** The supergraph: what subgraphs send is judged by it, whatever the contract hides. */
  readonly supergraph: GraphQLSchema;
  /** The operation that was planned, in the contract's schema. */
  readonly operation: Operation;
}

/**
 * Compiles a plan to what executes it: each node to a function, with everything decided that does not depend on a request.
 * @returns null for a plan that fetches nothing
 * @throws Unsupported
 */
export function compilePlan({ node }: QueryPlan, options: PlanOptions): Step | null {
  if (!node) return null;
  if (node.kind === 'Subscription') throw new Unsupported('plan_node');
  const mayShare = options.operation.rootKind === 'query' ? sharedRequests(node) : () => false;
  const compile = (part: PlanNode, path: TargetPath): Step => {
    switch (part.kind) {
      case 'Sequence':
        return inSequence(part.nodes.map((each) => compile(each, path)));
      case 'Parallel':
        return inParallel(part.nodes.map((each) => compile(each, path)));
      case 'Flatten':
        // A path within a path: the planner makes none.
        if (path.length > 0) throw new Unsupported('plan_node');
        return compile(part.node, targetPath(part.path));
      case 'Fetch':
        return compileFetch(part, path, { supergraph: options.supergraph, mayShare: mayShare(part) });
      case 'Condition': {
        const { ifClause, elseClause } = part;
        const then = ifClause && compile(ifClause, path);
        const otherwise = elseClause && compile(elseClause, path);
        const { variableDefinitions } = options.operation;
        return async (run) => {
          const holds = evaluateCondition(part, variableDefinitions, { ...run.variables });
          await (holds ? then : otherwise)?.(run);
        };
      }
      case 'Defer':
        throw new Unsupported('plan_node');
    }
  };
  return compile(node, []);
}

function inSequence(steps: readonly Step[]): Step {
  return async (run) => {
    for (const step of steps) await step(run);
  };
}

function inParallel(steps: readonly Step[]): Step {
  return async (run) => {
    await Promise.all(steps.map((step) => step(run)));
  };
}
