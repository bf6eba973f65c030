import { fieldOf, generate } from './generate.ts';
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

/** Finds the objects at a path. @throws as {@link compileTargets} says */
export type FindTargets = (data: Entity) => Entity[];

/**
 * Compiles the search for the objects at a path, without nulls; the same object twice where two places share it. What it
 * makes throws an Error when a subgraph sent a list where the schema has none, or none where it has one.
 */
export function compileTargets(path: TargetPath): FindTargets {
  const below = (index: number): string => {
    const [part, value, next] = [path[index], `v${index}`, `v${index + 1}`];
    if (part === undefined)
      return `if(!Array.isArray(${value}))found.push(${value});else for(const item of ${value})if(item!=null)found.push(item);`;
    const inner = `if(${next}!=null){${below(index + 1)}}`;
    if (part === '@')
      return `if(!Array.isArray(${value}))noList();for(let i=0;i<${value}.length;i++){const ${next}=${value}[i];${inner}}`;
    return `if(Array.isArray(${value}))list(${JSON.stringify(part)});const ${next}=${fieldOf(value, part)};${inner}`;
  };
  return generate<FindTargets>(
    { list, noList },
    `return function targets(v0){const found=[];${below(0)}return found;}`,
  );
}

function noList(): never {
  throw new Error('Expected an array in result');
}

function list(part: string): never {
  throw new Error(`Unexpected array in result for path element ${part}`);
}

/** The paths, for errors, of what {@link compileTargets} found: in the same order. */
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
