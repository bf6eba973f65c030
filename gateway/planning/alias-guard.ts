import { type DocumentNode, Kind, parse, visit } from 'graphql';
import { freePrefix, responseName } from './response-name.ts';

/**
 * Field names that a query plan may fetch on its own: those in the keys and `@requires` of the supergraph.
 * The planner asks for them without an alias and feeds whatever came back under the name to another subgraph.
 */
export function plannedNames(supergraph: DocumentNode): ReadonlySet<string> {
  const names = new Set(['__typename']);
  visit(supergraph, {
    Directive(directive) {
      if (directive.name.value !== 'join__type' && directive.name.value !== 'join__field') return;
      for (const argument of directive.arguments ?? []) {
        const isSelection = argument.name.value === 'key' || argument.name.value === 'requires';
        if (!isSelection || argument.value.kind !== Kind.STRING) continue;
        visit(parse(`{ ${argument.value.value} }`, { noLocation: true }), {
          Field: (field) => void names.add(field.name.value),
        });
      }
    },
  });
  return names;
}

export interface GuardedDocument {
  readonly document: DocumentNode;
  /** Response name in `document` → response name that the client asked for. */
  readonly renames: ReadonlyMap<string, string>;
}

const NOTHING: ReadonlyMap<string, string> = new Map();

/**
 * Moves the client's fields out of the way of the planner's: `{ me { id: nickname orders } }` would make another subgraph
 * resolve `orders` for a customer whose id is the nickname. Fields that answer under a planned name without being that
 * field, or with arguments that the planner would not have given, get a name of their own; the answer gets theirs back.
 */
export function guardAliases(document: DocumentNode, planned: ReadonlySet<string>): GuardedDocument {
  let prefix: string | undefined;
  const renames = new Map<string, string>();
  const guarded = visit(document, {
    Field(field) {
      const name = responseName(field);
      if (!planned.has(name) || (name === field.name.value && !field.arguments?.length)) return undefined;
      prefix ??= freePrefix(document, 'guarded');
      renames.set(prefix + name, name);
      return { ...field, alias: { kind: Kind.NAME, value: prefix + name } };
    },
  });
  return renames.size === 0 ? { document, renames: NOTHING } : { document: guarded, renames };
}

/** Gives an answer the response names that the client asked for. Returns the value itself when there is nothing to do. */
export function restoreNames(value: unknown, renames: ReadonlyMap<string, string>): unknown {
  if (renames.size === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => restoreNames(item, renames));
  // Without a prototype, a response name such as `__proto__` is a key like any other.
  const restored: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value)) restored[renames.get(key) ?? key] = restoreNames(item, renames);
  return restored;
}

/** The same for the path of an error. */
export function restorePath(
  path: readonly (string | number)[],
  renames: ReadonlyMap<string, string>,
): readonly (string | number)[] {
  return renames.size === 0
    ? path
    : path.map((part) => (typeof part === 'string' ? (renames.get(part) ?? part) : part));
}
