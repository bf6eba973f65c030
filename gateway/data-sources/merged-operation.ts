import {
  type DefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  stripIgnoredCharacters,
  type VariableDefinitionNode,
  visit,
} from 'graphql';
import type { EntityCounts, SubgraphAnswer } from './subgraph-answer.ts';

/** Response name of the entities, and name of the variable for them, of one part of a merged operation. */
function partNames(part: number): { readonly entities: string; readonly representations: string } {
  return { entities: `_entities_${part}`, representations: `representations_${part}` };
}

/**
 * One operation that asks for what several do: `_entities(representations: $representations)` of each becomes a part with an
 * alias and a variable of its own. Other variables are the client's, and mean the same in all of them.
 * @param texts each an operation with `_entities` at its root, and fragments
 */
export function mergedOperation(texts: readonly string[]): string {
  const fragments: DefinitionNode[] = [];
  const variables = new Map<string, VariableDefinitionNode>();
  const operations = texts.map((text, part) => {
    let operation: OperationDefinitionNode | undefined;
    for (const definition of asPart(text, part)) {
      if (definition.kind === Kind.OPERATION_DEFINITION) operation = definition;
      else fragments.push(definition);
    }
    for (const each of operation?.variableDefinitions ?? []) variables.set(each.variable.name.value, each);
    return operation;
  });
  const [first] = operations;
  if (!first) return '';
  const selections = operations.flatMap((operation) => operation?.selectionSet.selections ?? []);
  const merged: OperationDefinitionNode = {
    ...first,
    variableDefinitions: [...variables.values()],
    selectionSet: { ...first.selectionSet, selections },
  };
  return stripIgnoredCharacters(print({ kind: Kind.DOCUMENT, definitions: [merged, ...fragments] }));
}

/** With names that no other part has: fragments of one name select different things in different parts. */
function asPart(text: string, part: number): readonly DefinitionNode[] {
  const { entities, representations } = partNames(part);
  const renamed = (name: string) => ({ kind: Kind.NAME, value: `${name}_${part}` }) as const;
  const document = visit(parse(text, { noLocation: true }), {
    Variable: (variable) =>
      variable.name.value === 'representations'
        ? { ...variable, name: { kind: Kind.NAME, value: representations } }
        : undefined,
    Field: (field) =>
      field.name.value === '_entities' ? { ...field, alias: { kind: Kind.NAME, value: entities } } : undefined,
    FragmentSpread: (spread) => ({ ...spread, name: renamed(spread.name.value) }),
    FragmentDefinition: (fragment) => ({ ...fragment, name: renamed(fragment.name.value) }),
  });
  return document.definitions;
}

/** The values of fetches of entities, one for each part of a merged operation; null where nobody is asked for. */
type Parts = readonly ({
  readonly variables: Readonly<Record<string, unknown>>;
  readonly entities: number | null;
} | null)[];

/**
 * What the merged operation is sent with.
 * @param variables of all parts: also those of a part that asks for nobody must have their values
 */
export function mergedValues(
  parts: Parts,
  variables: Readonly<Record<string, unknown>>,
): { readonly variables: Readonly<Record<string, unknown>>; readonly entities: EntityCounts } {
  const all: Record<string, unknown> = { ...variables };
  const entities: Record<string, number> = {};
  parts.forEach((fetch, part) => {
    const names = partNames(part);
    all[names.representations] = fetch?.variables.representations ?? [];
    entities[names.entities] = fetch?.entities ?? 0;
  });
  return { variables: all, entities };
}

/** What an answer to the merged operation says to one part, as if it had been asked alone. */
export function partOfAnswer({ data, errors, ...rest }: SubgraphAnswer, part: number): SubgraphAnswer {
  const name = partNames(part).entities;
  const own = errors?.flatMap((error) => {
    const [root, ...rest] = error.path ?? [];
    if (root === undefined) return [error];
    return root === name ? [{ ...error, path: ['_entities', ...rest] }] : [];
  });
  const [first] = errors ?? [];
  // Nothing came, and no error names a field of this part: it is told all the same that it failed.
  const isUntold = own?.length === 0 && !data && first;
  const told = isUntold ? [{ message: first.message, extensions: first.extensions }] : own;
  return {
    ...rest,
    ...(data === undefined ? {} : { data: data && { _entities: data[name] } }),
    ...(told && told.length > 0 ? { errors: told } : {}),
  };
}
