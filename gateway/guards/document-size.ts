import {
  type DefinitionNode,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** How large one operation is once its fragments are followed. */
export interface OperationSize {
  readonly rootFields: number;
  /** Levels of selections, without those below `__schema` and `__type`. */
  readonly depth: number;
  /** Levels of selections below `__schema` or `__type`. */
  readonly introspectionDepth: number;
  readonly fields: number;
  readonly aliases: number;
  /** The most aliases of one field name. */
  readonly aliasesPerField: number;
  readonly directives: number;
}

/** What one operation or fragment holds by itself, without the fragments that it spreads. */
interface Part {
  fields: number;
  rootFields: number;
  aliases: number;
  directives: number;
  depth: number;
  introspectionDepth: number;
  readonly aliasesOf: Map<string, number>;
  readonly spreads: Spread[];
}

interface Spread {
  readonly fragment: string;
  /** Levels above the spread, counted in its part. */
  readonly level: number;
  /** Levels since `__schema` or `__type`; null outside of them. */
  readonly introspectionLevel: number | null;
}

/**
 * Measures an operation without expanding it: each definition is read once, and then counted as often as it is spread.
 * A document of 25 fragments that each spread the next one twice has 2^25 fields and is measured in 25 steps.
 *
 * @returns null when fragments spread each other in a circle: there is no size, and validation names the circle
 */
export function operationSize(document: DocumentNode, operation: OperationDefinitionNode): OperationSize | null {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const parts = new Map<DefinitionNode, Part>();
  const order = spreadOrder(operation, fragments, parts);
  return order && total(order, fragments, parts);
}

/** Operation and fragments so that each comes after all that spread it. Null when there is no such order. */
function spreadOrder(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  parts: Map<DefinitionNode, Part>,
): DefinitionNode[] | null {
  const finished: DefinitionNode[] = [];
  const open = new Set<DefinitionNode>();
  const visit = (definition: OperationDefinitionNode | FragmentDefinitionNode): boolean => {
    if (parts.has(definition)) return !open.has(definition);
    const part = readPart(definition);
    parts.set(definition, part);
    open.add(definition);
    for (const name of new Set(part.spreads.map(({ fragment }) => fragment))) {
      const fragment = fragments.get(name);
      if (fragment && !visit(fragment)) return false;
    }
    open.delete(definition);
    finished.push(definition);
    return true;
  };
  return visit(operation) ? finished.reverse() : null;
}

function total(
  order: readonly DefinitionNode[],
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  parts: ReadonlyMap<DefinitionNode, Part>,
): OperationSize {
  const [operation] = order;
  const times = new Map<DefinitionNode, number>();
  const rootTimes = new Map<DefinitionNode, number>();
  const level = new Map<DefinitionNode, number>();
  const introspectionLevel = new Map<DefinitionNode, number>();
  if (operation) {
    times.set(operation, 1);
    rootTimes.set(operation, 1);
    level.set(operation, 0);
  }
  const sum = { rootFields: 0, depth: 0, introspectionDepth: 0, fields: 0, aliases: 0, directives: 0 };
  const aliasesOf = new Map<string, number>();
  for (const definition of order) {
    const part = parts.get(definition);
    if (!part) continue;
    const count = times.get(definition) ?? 0;
    const rootCount = rootTimes.get(definition) ?? 0;
    const above = level.get(definition);
    const introspectionAbove = introspectionLevel.get(definition);
    sum.fields += count * part.fields;
    sum.aliases += count * part.aliases;
    sum.directives += count * part.directives;
    sum.rootFields += rootCount * part.rootFields;
    if (above !== undefined) sum.depth = Math.max(sum.depth, above + part.depth);
    const introspection = introspectionAbove === undefined ? part.introspectionDepth : introspectionAbove + part.depth;
    sum.introspectionDepth = Math.max(sum.introspectionDepth, introspection, part.introspectionDepth);
    for (const [field, aliases] of part.aliasesOf) add(aliasesOf, field, count * aliases);
    for (const spread of part.spreads) {
      const fragment = fragments.get(spread.fragment);
      if (!fragment) continue;
      add(times, fragment, count);
      if (spread.level === 0) add(rootTimes, fragment, rootCount);
      if (spread.introspectionLevel !== null) {
        raise(introspectionLevel, fragment, (introspectionAbove ?? 0) + spread.introspectionLevel);
      } else {
        if (above !== undefined) raise(level, fragment, above + spread.level);
        if (introspectionAbove !== undefined) raise(introspectionLevel, fragment, introspectionAbove + spread.level);
      }
    }
  }
  return { ...sum, aliasesPerField: Math.max(0, ...aliasesOf.values()) };
}

function readPart(definition: OperationDefinitionNode | FragmentDefinitionNode): Part {
  const part: Part = {
    fields: 0,
    rootFields: 0,
    aliases: 0,
    directives: 0,
    depth: 0,
    introspectionDepth: 0,
    aliasesOf: new Map(),
    spreads: [],
  };
  const directives = (nodes: readonly DirectiveNode[] | undefined) => {
    part.directives += nodes?.length ?? 0;
  };
  const read = (set: SelectionSetNode, level: number, introspection: number | null): void => {
    for (const selection of set.selections) {
      directives(selection.directives);
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        part.spreads.push({ fragment: selection.name.value, level, introspectionLevel: introspection });
        continue;
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        read(selection.selectionSet, level, introspection);
        continue;
      }
      const name = selection.name.value;
      part.fields++;
      if (level === 0) part.rootFields++;
      if (selection.alias) {
        part.aliases++;
        add(part.aliasesOf, name, 1);
      }
      const begins = introspection === null && (name === '__schema' || name === '__type');
      const below = begins ? 1 : introspection === null ? null : introspection + 1;
      if (below === null || begins) part.depth = Math.max(part.depth, level + 1);
      else part.introspectionDepth = Math.max(part.introspectionDepth, below);
      if (selection.selectionSet) read(selection.selectionSet, level + 1, below);
    }
  };
  directives(definition.directives);
  if (definition.kind === Kind.OPERATION_DEFINITION) {
    for (const variable of definition.variableDefinitions ?? []) directives(variable.directives);
  }
  read(definition.selectionSet, 0, null);
  return part;
}

function add<Key>(counts: Map<Key, number>, key: Key, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function raise<Key>(levels: Map<Key, number>, key: Key, level: number): void {
  levels.set(key, Math.max(levels.get(key) ?? 0, level));
}
