import type { Entity } from './run.ts';
import { assertOwnName, Unsupported } from './unsupported.ts';

/** Where a fetch puts what it brings: names, and `@` for every element of a list. */
export type TargetPath = readonly string[];

/** @throws Unsupported for a path that today's planner does not make */
export function targetPath(path: readonly (string | number)[]): TargetPath {
  return path.map((part) => {
    if (typeof part !== 'string' || !/^(@|[_A-Za-z]\w*)$/.test(part)) throw new Unsupported('plan_node');
    assertOwnName(part);
    return part;
  });
}

/**
 * The objects at a path, without nulls; the same object twice where two places share it.
 * @throws Error when a subgraph sent a list where the schema has none, or none where it has one
 */
export function targetsAt(data: Entity, path: TargetPath): Entity[] {
  const found: Entity[] = [];
  collect(data, path, 0, found);
  return found;
}

function collect(value: unknown, path: TargetPath, index: number, found: Entity[]): void {
  if (value === null || value === undefined) return;
  const part = path[index];
  if (part === undefined) {
    if (!Array.isArray(value)) found.push(value as Entity);
    else for (const item of value) if (item !== null && item !== undefined) found.push(item);
  } else if (part === '@') {
    if (!Array.isArray(value)) throw new Error('Expected an array in result');
    for (const item of value) collect(item, path, index + 1, found);
  } else {
    if (Array.isArray(value)) throw new Error(`Unexpected array in result for path element ${part}`);
    collect((value as Entity)[part], path, index + 1, found);
  }
}

/** The paths, for errors, of what {@link targetsAt} found: in the same order. */
export function pathsAt(data: Entity, path: TargetPath): (string | number)[][] {
  const found: (string | number)[][] = [];
  const walk = (value: unknown, index: number, at: readonly (string | number)[]): void => {
    if (value === null || value === undefined) return;
    const part = path[index];
    if (Array.isArray(value) && (part === '@' || part === undefined)) {
      for (const [place, item] of value.entries()) walk(item, part === '@' ? index + 1 : index, [...at, place]);
    } else if (part === undefined) found.push([...at]);
    else walk((value as Entity)[part], index + 1, [...at, part]);
  };
  walk(data, 0, []);
  return found;
}
