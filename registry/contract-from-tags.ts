import { type DefinitionNode, type DocumentNode, Kind, parse, print, type TypeDefinitionNode } from 'graphql';
import {
  type Element,
  fieldsOf,
  forEachElement,
  interfacesOf,
  isOwnType,
  isRequired,
  isType,
  mapElements,
  namedType,
  type Typed,
} from './schema-elements.ts';

/** Which elements of the supergraph a contract holds, by their `@tag`. */
export interface TagFilter {
  /** Tags that let an element in; null lets everything in. */
  readonly include: readonly string[] | null;
  /** Tags that keep an element out, whatever lets it in. */
  readonly exclude: readonly string[];
}

/**
 * Finds what a contract hides. The rules:
 * - A field belongs when it, or the type that holds it, carries an included tag. Root fields only by their own tag.
 * - A type, field, argument or enum value with an excluded tag does not belong.
 * - What cannot stand any more goes too, until nothing changes: a field of a hidden type, an optional argument of a
 *   hidden type (a required one takes its field along), a composite type without fields, an enum without values.
 * - Input types, enums and scalars need no tag: they belong when something that belongs uses them.
 *
 * @param supergraph a composed supergraph
 * @returns coordinates: `Type`, `Type.field`, `Type.field(argument:)`, `Enum.VALUE`; those marked @inaccessible included
 */
export function hiddenElements(supergraph: DocumentNode, filter: TagFilter): ReadonlySet<string> {
  const graph = readGraph(supergraph);
  const hidden = new Set<string>();
  for (const type of graph.types.values()) hideByTags(type, graph, filter, hidden);
  let before: number;
  do {
    before = hidden.size;
    hideWhatCannotStand(graph, hidden);
    hideUnreachable(graph, hidden);
    // Only now: a type that is gone altogether must not take the fields of its interfaces along.
    hideFromInterfaces(graph, hidden);
  } while (hidden.size > before);
  return hidden;
}

/**
 * The supergraph of a contract: the same text with `@inaccessible` on everything that the contract hides.
 * Any federation gateway serves it; ours takes the shorter way of removing the same elements from the API schema.
 */
export function contractSupergraph(supergraphSdl: string, filter: TagFilter): string {
  const document = parse(supergraphSdl, { noLocation: true });
  const hidden = hiddenElements(document, filter);
  const marked = document.definitions.map((definition) =>
    isOwnType(definition)
      ? mapElements(definition, (element, at) => (hidden.has(at) ? inaccessible(element) : element))
      : definition,
  );
  return `${print({ ...document, definitions: linkInaccessible(marked) })}\n`;
}

/** A schema document without the hidden elements. Interfaces and union members that are hidden are taken off too. */
export function withoutHidden(document: DocumentNode, hidden: ReadonlySet<string>): DocumentNode {
  const definitions: DefinitionNode[] = [];
  for (const definition of document.definitions) {
    if (!isType(definition)) definitions.push(definition);
    else if (!hidden.has(definition.name.value)) definitions.push(withoutHiddenParts(definition, hidden));
  }
  return { ...document, definitions: definitions.map((definition) => withoutHiddenRoots(definition, hidden)) };
}

interface Graph {
  readonly types: ReadonlyMap<string, TypeDefinitionNode>;
  readonly roots: ReadonlySet<string>;
  readonly implementations: ReadonlyMap<string, readonly string[]>;
}

function readGraph(document: DocumentNode): Graph {
  const types = new Map<string, TypeDefinitionNode>();
  const implementations = new Map<string, string[]>();
  const roots = new Set<string>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.SCHEMA_DEFINITION) {
      for (const root of definition.operationTypes) roots.add(root.type.name.value);
    }
    if (!isOwnType(definition)) continue;
    types.set(definition.name.value, definition);
    for (const name of interfacesOf(definition)) {
      implementations.set(name, [...(implementations.get(name) ?? []), definition.name.value]);
    }
  }
  if (roots.size === 0) for (const name of ['Query', 'Mutation', 'Subscription']) if (types.has(name)) roots.add(name);
  return { types, roots, implementations };
}

function hideByTags(type: TypeDefinitionNode, graph: Graph, filter: TagFilter, hidden: Set<string>): void {
  const name = type.name.value;
  const isRoot = graph.roots.has(name);
  const inherits = !isRoot && carries(type, filter.include);
  forEachElement(type, (element, at, kind) => {
    const excluded = carries(element, filter.exclude);
    const missing = kind === 'outputField' && !inherits && !carries(element, filter.include);
    if (excluded || missing || isInaccessible(element)) hidden.add(at);
  });
}

function hideWhatCannotStand(graph: Graph, hidden: Set<string>): void {
  let before: number;
  do {
    before = hidden.size;
    for (const type of graph.types.values()) {
      const name = type.name.value;
      if (hidden.has(name)) continue;
      hideWithin(type, hidden);
      if (isEmpty(type, hidden)) hidden.add(name);
    }
  } while (hidden.size > before);
}

/** An object must have every field of its interfaces: one that it does not show, they cannot show either. */
function hideFromInterfaces(graph: Graph, hidden: Set<string>): void {
  for (const type of graph.types.values()) {
    const name = type.name.value;
    if (hidden.has(name)) continue;
    for (const parent of interfacesOf(type)) {
      for (const field of fieldsOf(graph.types.get(parent))) {
        if (hidden.has(`${name}.${field.name.value}`)) hidden.add(`${parent}.${field.name.value}`);
      }
    }
  }
}

function hideWithin(type: TypeDefinitionNode, hidden: Set<string>): void {
  const name = type.name.value;
  if (type.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) {
    for (const field of type.fields ?? []) {
      const at = `${name}.${field.name.value}`;
      if (hidden.has(namedType(field.type))) hidden.add(at);
      if (hidden.has(at) && isRequired(field)) hidden.add(name);
    }
    return;
  }
  for (const field of fieldsOf(type)) {
    const at = `${name}.${field.name.value}`;
    if (hidden.has(namedType(field.type))) hidden.add(at);
    for (const argument of field.arguments ?? []) {
      const argumentAt = `${at}(${argument.name.value}:)`;
      if (hidden.has(namedType(argument.type))) hidden.add(argumentAt);
      if (hidden.has(argumentAt) && isRequired(argument)) hidden.add(at);
    }
  }
}

function isEmpty(type: TypeDefinitionNode, hidden: ReadonlySet<string>): boolean {
  const name = type.name.value;
  switch (type.kind) {
    case Kind.SCALAR_TYPE_DEFINITION:
      return false;
    case Kind.UNION_TYPE_DEFINITION:
      return (type.types ?? []).every((member) => hidden.has(member.name.value));
    case Kind.ENUM_TYPE_DEFINITION:
      return (type.values ?? []).every((value) => hidden.has(`${name}.${value.name.value}`));
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION:
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return (type.fields ?? []).every((field) => hidden.has(`${name}.${field.name.value}`));
  }
}

function hideUnreachable(graph: Graph, hidden: Set<string>): void {
  const reached = new Set<string>();
  const returned = new Set<string>();
  const visit = (name: string, byField: boolean): void => {
    const type = graph.types.get(name);
    if (!type || hidden.has(name) || (reached.has(name) && (!byField || returned.has(name)))) return;
    reached.add(name);
    // Only an interface that a field returns brings its implementations: UserError must not bring every mutation's.
    if (byField) {
      returned.add(name);
      for (const implementation of graph.implementations.get(name) ?? []) visit(implementation, true);
    }
    for (const parent of interfacesOf(type)) visit(parent, false);
    for (const used of usedBy(type, hidden)) visit(used, true);
  };
  for (const root of graph.roots) visit(root, true);
  for (const name of graph.types.keys()) if (!reached.has(name)) hidden.add(name);
}

/** Names of the types that the elements left in a type refer to. */
function usedBy(type: TypeDefinitionNode, hidden: ReadonlySet<string>): string[] {
  const used: string[] = [];
  forEachElement(type, (element, at, kind) => {
    if (hidden.has(at)) return;
    if (kind === 'outputField' || kind === 'inputField') used.push(namedType((element as Typed).type));
    if (kind === 'argument' && !hidden.has(at.slice(0, at.indexOf('(')))) used.push(namedType((element as Typed).type));
  });
  if (type.kind === Kind.UNION_TYPE_DEFINITION) used.push(...(type.types ?? []).map((member) => member.name.value));
  return used;
}

function withoutHiddenParts(type: TypeDefinitionNode, hidden: ReadonlySet<string>): TypeDefinitionNode {
  const name = type.name.value;
  const visible = (part: { name: { value: string } }) => !hidden.has(`${name}.${part.name.value}`);
  const shown = (reference: { name: { value: string } }) => !hidden.has(reference.name.value);
  switch (type.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION: {
      const fields = fieldsOf(type)
        .filter(visible)
        .map((field) => ({
          ...field,
          arguments: (field.arguments ?? []).filter(
            (argument) => !hidden.has(`${name}.${field.name.value}(${argument.name.value}:)`),
          ),
        }));
      return { ...type, fields, interfaces: (type.interfaces ?? []).filter(shown) };
    }
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return { ...type, fields: (type.fields ?? []).filter(visible) };
    case Kind.ENUM_TYPE_DEFINITION:
      return { ...type, values: (type.values ?? []).filter(visible) };
    case Kind.UNION_TYPE_DEFINITION:
      return { ...type, types: (type.types ?? []).filter(shown) };
    case Kind.SCALAR_TYPE_DEFINITION:
      return type;
  }
}

function withoutHiddenRoots(definition: DefinitionNode, hidden: ReadonlySet<string>): DefinitionNode {
  if (definition.kind !== Kind.SCHEMA_DEFINITION) return definition;
  return {
    ...definition,
    operationTypes: definition.operationTypes.filter((root) => !hidden.has(root.type.name.value)),
  };
}

function isInaccessible(element: Element): boolean {
  return (element.directives ?? []).some((directive) => directive.name.value === 'inaccessible');
}

/** Whether an element has one of the tags. Null stands for any tag, and for none. */
function carries(element: Element, tags: readonly string[] | null): boolean {
  if (tags === null) return true;
  return (element.directives ?? []).some((directive) => {
    const value = directive.name.value === 'tag' ? directive.arguments?.[0]?.value : undefined;
    return value?.kind === Kind.STRING && tags.includes(value.value);
  });
}

const INACCESSIBLE = parse(`
  schema @link(url: "https://specs.apollo.dev/inaccessible/v0.2", for: SECURITY) { query: Query }
  directive @inaccessible on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION
  scalar Example @inaccessible
`, { noLocation: true }); // biome-ignore format: the definitions that the specification prescribes

function inaccessible<E extends Element>(element: E): E {
  if (isInaccessible(element)) return element;
  const [mark] = INACCESSIBLE.definitions.flatMap((definition) =>
    definition.kind === Kind.SCALAR_TYPE_DEFINITION ? (definition.directives ?? []) : [],
  );
  return { ...element, directives: [...(element.directives ?? []), mark] } as E;
}

/** A supergraph that uses @inaccessible must say so, and define it. */
function linkInaccessible(definitions: readonly DefinitionNode[]): DefinitionNode[] {
  const declared = definitions.some(
    (definition) => definition.kind === Kind.DIRECTIVE_DEFINITION && definition.name.value === 'inaccessible',
  );
  if (declared) return [...definitions];
  const link = INACCESSIBLE.definitions.flatMap((definition) =>
    definition.kind === Kind.SCHEMA_DEFINITION ? (definition.directives ?? []) : [],
  );
  const definition = INACCESSIBLE.definitions.filter((candidate) => candidate.kind === Kind.DIRECTIVE_DEFINITION);
  return definitions.flatMap((existing): DefinitionNode[] =>
    existing.kind === Kind.SCHEMA_DEFINITION
      ? [{ ...existing, directives: [...(existing.directives ?? []), ...link] }, ...definition]
      : [existing],
  );
}
