import { deepMerge } from './apollo-parts.ts';
import { fieldOf, generate } from './generate.ts';
import type { Entity } from './run.ts';

/**
 * Puts what a fetch asked for into an object of the answer. Values are taken over, not copied: the answer of a subgraph
 * belongs to the run. Only the names that were asked for: a subgraph that sends more changes nothing.
 */
export type Merge = (target: Entity, source: Entity) => void;

/** @param names response names that the fetch asks for */
export function compileMerge(names: readonly string[]): Merge {
  const taken = names.map((name) => {
    const [theirs, ours] = [fieldOf('source', name), fieldOf('target', name)];
    return `v=${theirs};if(v!==undefined)if(typeof v==='object'&&v!==null)both(target,${JSON.stringify(name)},v);else ${ours}=v;`;
  });
  return generate<Merge>({ both }, `return function merge(target,source){let v;${taken.join('')}}`);
}

function both(target: Entity, name: string, value: object): void {
  const known = target[name];
  // Two places of one entity share its objects after the first merge: what is there already stays.
  if (known === value) return;
  if (known) deepMerge(target, { [name]: value });
  else target[name] = value;
}
