import type { FetchNode } from '@apollo/query-planner';
import { type FragmentDefinitionNode, Kind, parse, type SelectionSetNode } from 'graphql';
import { responseName } from '../planning/response-name.ts';
import { assertOwnName } from './unsupported.ts';

/** What a fetch brings, read from the text of its operation. */
export interface FetchedNames {
  /** Response names at the root, or of the entities of an entity fetch. */
  readonly names: readonly string[];
  /** Whether they are all leaves: nothing is ever merged into such an answer. */
  readonly hasLeavesOnly: boolean;
}

/** @throws Unsupported when a name at any depth is one that every object has */
export function fetchedNames(operation: string, isEntityFetch: boolean): FetchedNames {
  const fragments = new Map<string, FragmentDefinitionNode>();
  let root: SelectionSetNode | undefined;
  for (const definition of parse(operation, { noLocation: true }).definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    else if (definition.kind === Kind.OPERATION_DEFINITION) root = definition.selectionSet;
  }
  const names = new Set<string>();
  let hasLeavesOnly = true;
  const entityDepth = isEntityFetch ? 1 : 0;
  const walk = (selectionSet: SelectionSetNode | undefined, depth: number): void => {
    for (const selection of selectionSet?.selections ?? []) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) walk(fragments.get(selection.name.value)?.selectionSet, depth);
      else if (selection.kind === Kind.INLINE_FRAGMENT) walk(selection.selectionSet, depth);
      else {
        const name = responseName(selection);
        assertOwnName(name);
        if (depth === entityDepth) names.add(name);
        if (depth >= entityDepth && selection.selectionSet) hasLeavesOnly = false;
        walk(selection.selectionSet, depth + 1);
      }
    }
  };
  walk(root, 0);
  return { names: [...names], hasLeavesOnly };
}

/**
 * Names that a fetch's answer has only after its rewrites.
 * @throws Unsupported
 */
export function renamedKeys({ outputRewrites }: FetchNode): string[] {
  const renamed = (outputRewrites ?? []).flatMap((each) => (each.kind === 'KeyRenamer' ? [each.renameKeyTo] : []));
  for (const name of renamed) assertOwnName(name);
  return renamed;
}
