import type { Operation } from '@apollo/federation-internals';
import { evaluateCondition, type PlanNode, type QueryPlan } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { compileFetch, compileSiblings } from './compile-fetch.ts';
import { goAlong } from './go-along.ts';
import { PlanRequests } from './plan-requests.ts';
import type { Step } from './run.ts';
import { type Beginning, siblingsOf } from './siblings.ts';
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
  const fetching = {
    supergraph: options.supergraph,
    requests: new PlanRequests(options.operation.rootKind === 'query'),
  };
  const compile = (part: PlanNode, path: TargetPath): Step => {
    switch (part.kind) {
      case 'Sequence':
        return inSequence(part.nodes.map((each) => compile(each, path)));
      case 'Parallel':
        return compileParallel(part.nodes, path);
      case 'Flatten':
        // A path within a path: the planner makes none.
        if (path.length > 0) throw new Unsupported('plan_node');
        return compile(part.node, targetPath(part.path));
      case 'Fetch':
        return compileFetch({ node: part, path }, fetching);
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
  const compileParallel = (nodes: readonly PlanNode[], path: TargetPath): Step => {
    const { groups, others } = siblingsOf(path.length > 0 ? nodes : goAlong(nodes));
    if (groups.length > 0 && path.length > 0) throw new Unsupported('plan_node');
    return inParallel([...groups.map(compileGroup), ...others.map((each) => compile(each, path))]);
  };
  /** One request for all of them, then what follows each: again side by side, and so perhaps in one request again. */
  const compileGroup = (group: readonly Beginning[]): Step => {
    const fetch = compileSiblings(
      group.map(({ node: each, path }) => ({ node: each, path: targetPath(path) })),
      fetching,
    );
    const next = group.flatMap(({ after }): PlanNode[] => {
      const [first, ...others] = after;
      if (!first) return [];
      return [others.length === 0 ? first : { kind: 'Sequence', nodes: [...after] }];
    });
    return next.length === 0 ? fetch : inSequence([fetch, compileParallel(next, [])]);
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
