import type { FetchNode, PlanNode } from '@apollo/query-planner';

/** What a plan runs side by side: entity fetches that begin at once, by subgraph, and everything else. */
export interface Siblings {
  /** Two or more of one subgraph, each with what follows it. */
  readonly groups: readonly (readonly Beginning[])[];
  readonly others: readonly PlanNode[];
}

/** A fetch of entities that begins as soon as its siblings do. */
export interface Beginning {
  readonly node: FetchNode;
  readonly path: readonly (string | number)[];
  /** Waits for the fetch. */
  readonly after: readonly PlanNode[];
}

/** Finds the nodes of a Parallel that one request can serve. */
export function siblingsOf(nodes: readonly PlanNode[]): Siblings {
  const bySubgraph = new Map<string, { beginning: Beginning; node: PlanNode }[]>();
  const others: PlanNode[] = [];
  for (const node of nodes) {
    const beginning = beginningOf(node);
    if (!beginning) {
      others.push(node);
      continue;
    }
    const { serviceName } = beginning.node;
    bySubgraph.set(serviceName, [...(bySubgraph.get(serviceName) ?? []), { beginning, node }]);
  }
  const groups: Beginning[][] = [];
  for (const found of bySubgraph.values()) {
    if (found.length > 1) groups.push(found.map(({ beginning }) => beginning));
    else others.push(...found.map(({ node }) => node));
  }
  return { groups, others };
}

/** How a node begins, when that is with a fetch of entities. */
export function beginningOf(node: PlanNode): Beginning | null {
  if (node.kind === 'Sequence') {
    const [first, ...after] = node.nodes;
    const beginning = first ? beginningOf(first) : null;
    return beginning && { ...beginning, after: [...beginning.after, ...after] };
  }
  if (node.kind !== 'Flatten' || node.node.kind !== 'Fetch' || !node.node.requires) return null;
  return { node: node.node, path: node.path, after: [] };
}
