import type { ItemStock } from '../port.ts';

/**
 * Pure: what may be sold, by the channel's names of our nodes.
 *
 * @param units what the channel may sell over all nodes
 * @param free units by location, those first that are to serve first
 * @param nodes the channel's name of each location that it knows; null for a channel that is told one number
 */
export function spread(
  units: number,
  free: readonly { readonly locationId: string; readonly free: number }[],
  nodes: ReadonlyMap<string, string> | null,
): ItemStock {
  if (nodes === null) return { units };
  const byNode: Record<string, number> = Object.fromEntries([...nodes.values()].sort().map((node) => [node, 0]));
  let left = units;
  for (const one of free) {
    const node = nodes.get(one.locationId);
    if (node === undefined) continue; // what lies where the channel knows no node cannot be offered there
    const here = Math.min(left, Math.max(0, one.free));
    byNode[node] = (byNode[node] ?? 0) + here;
    left -= here;
  }
  return { units: units - left, nodes: byNode };
}
