import { deepMerge } from './apollo-parts.ts';
import type { Entity } from './run.ts';

/**
 * Puts what a fetch asked for into an object of the answer. Values are taken over, not copied: the answer of a subgraph
 * belongs to the run. Only the names that were asked for: a subgraph that sends more changes nothing.
 */
export function mergeInto(target: Entity, source: Entity, names: readonly string[]): void {
  for (const name of names) {
    const value = source[name];
    if (value === undefined) continue;
    const known = target[name];
    // Two places of one entity share its objects after the first merge: what is there already stays.
    if (known === value) continue;
    if (typeof value === 'object' && value !== null && known) deepMerge(target, { [name]: value });
    else target[name] = value;
  }
}
