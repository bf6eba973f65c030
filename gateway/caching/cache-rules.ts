import { type ConstDirectiveNode, type DocumentNode, Kind, valueFromASTUntyped } from 'graphql';

/** How long an answer may be kept, in milliseconds. */
export interface KeepTime {
  readonly fresh: number;
  /** Beyond that, as long as it may stand in for a subgraph that fails. */
  readonly stale: number;
}

/** `@cacheControl` of a supergraph, by `Type.field` and by `Type`. What is not there is never kept. */
export type CacheRules = ReadonlyMap<string, KeepTime>;

const SPECIFICATION = /\/cacheControl\/v1\.\d+$/;

/** Reads the rules of the subgraphs, which compose them into the supergraph under the name of the specification. */
export function readCacheRules(supergraph: DocumentNode): CacheRules {
  const rules = new Map<string, KeepTime>();
  if (!isLinked(supergraph)) return rules;
  const read = (coordinate: string, directives: readonly ConstDirectiveNode[] = []) => {
    const found = directives.find(({ name }) => name.value === 'cacheControl');
    if (!found) return;
    const { maxAge, staleIfError } = argumentsOf(found);
    rules.set(coordinate, { fresh: Number(maxAge) * 1_000, stale: Number(staleIfError ?? 0) * 1_000 });
  };
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    const type = definition.name.value;
    read(type, definition.directives);
    for (const field of definition.fields ?? []) read(`${type}.${field.name.value}`, field.directives);
  }
  return rules;
}

function isLinked({ definitions }: DocumentNode): boolean {
  return definitions.some(
    (definition) =>
      (definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION) &&
      definition.directives?.some((directive) => SPECIFICATION.test(String(argumentsOf(directive).url))),
  );
}

function argumentsOf(directive: ConstDirectiveNode): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    (directive.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)]),
  );
}
