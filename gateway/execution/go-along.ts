import type { PlanNode } from '@apollo/query-planner';
import { type Beginning, beginningOf } from './siblings.ts';

/**
 * Lets fetches of entities that nothing waits for go along with a later request to their subgraph: what runs side by side is
 * awaited as a whole, so nobody gets his answer later, and a request is saved.
 *
 *   Parallel { Sequence { A, B of stock }, C of stock }  →  Parallel { Sequence { A, Parallel { B, C of stock } } }
 *
 * @param nodes of a Parallel
 */
export function goAlong(nodes: readonly PlanNode[]): readonly PlanNode[] {
  const flat = nodes.flatMap((node) => (node.kind === 'Parallel' ? node.nodes : [node]));
  const begun = flat.map((node) => ({ node, beginning: beginningOf(node) }));
  // One that others wait for begins now, and takes the rest of its subgraph with it.
  const isAskedNow = (subgraph: string) =>
    begun.some(({ beginning }) => beginning?.node.serviceName === subgraph && beginning.after.length > 0);
  const companions = new Map<PlanNode, PlanNode[]>();
  const staying = begun.flatMap(({ node, beginning }) => {
    if (!beginning || beginning.after.length > 0 || isAskedNow(beginning.node.serviceName)) return [node];
    const later = laterStep(begun, beginning.node.serviceName);
    if (!later) return [node];
    companions.set(later, [...(companions.get(later) ?? []), node]);
    return [];
  });
  return companions.size === 0 ? flat : staying.map((node) => withCompanions(node, companions));
}

/**
 * The second step of a sequence, if it begins with a fetch of entities of the subgraph. Not one behind: where each step before
 * it takes as long as it may, the time of the whole request could be over.
 */
function laterStep(begun: readonly { readonly beginning: Beginning | null }[], subgraph: string): PlanNode | undefined {
  return begun
    .flatMap(({ beginning }) => beginning?.after.slice(0, 1) ?? [])
    .find((step) => beginningOf(step)?.node.serviceName === subgraph);
}

function withCompanions(node: PlanNode, companions: ReadonlyMap<PlanNode, readonly PlanNode[]>): PlanNode {
  const own = companions.get(node);
  if (own) return { kind: 'Parallel', nodes: [node, ...own] };
  if (node.kind !== 'Sequence') return node;
  return { kind: 'Sequence', nodes: node.nodes.map((step) => withCompanions(step, companions)) };
}
