import type { FetchNode, PlanNode } from '@apollo/query-planner';

/** The planner numbers the operations of a plan (`Page__product__3`): fetches that ask for the same then look different. */
export function withoutNumber(fetch: Pick<FetchNode, 'operation' | 'operationName'>): {
  text: string;
  name: string | undefined;
} {
  const { operation: text, operationName: name } = fetch;
  const plain = name?.replace(/__\d+$/, '');
  if (name === undefined || plain === undefined || plain === name) return { text, name };
  return { text: text.replace(name, plain), name: plain };
}

/** Finds the fetches of a plan that may make the same request as another, depending on the entities they meet. */
export function sharedRequests(plan: PlanNode): (fetch: FetchNode) => boolean {
  const counts = new Map<string, number>();
  const count = (node: PlanNode | undefined): void => {
    if (node?.kind === 'Sequence' || node?.kind === 'Parallel') for (const each of node.nodes) count(each);
    if (node?.kind === 'Flatten') count(node.node);
    if (node?.kind === 'Condition') for (const each of [node.ifClause, node.elseClause]) count(each);
    if (node?.kind === 'Fetch') counts.set(keyOf(node), (counts.get(keyOf(node)) ?? 0) + 1);
  };
  count(plan);
  return (fetch) => (counts.get(keyOf(fetch)) ?? 0) > 1;
}

function keyOf(fetch: FetchNode): string {
  return `${fetch.serviceName} ${withoutNumber(fetch).text}`;
}
