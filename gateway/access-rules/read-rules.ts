import { type ConstDirectiveNode, type ConstValueNode, type DocumentNode, Kind } from 'graphql';
import { policies } from './policies.ts';
import type { Alternatives, Rule } from './rule.ts';

/** Coordinate (`Type` or `Type.field`) → the rules that are written there; all must be met. */
export type Rules = ReadonlyMap<string, readonly Rule[]>;

/**
 * Reads the access rules of a supergraph. Directives are found by the specification that `@link` names: a rule that is
 * imported under another name is the same rule.
 *
 * @throws Error when a rule cannot be enforced: an unknown policy, or arguments that are not lists of lists
 */
export function readRules(supergraph: DocumentNode): Rules {
  const kinds = directiveKinds(supergraph);
  const rules = new Map<string, readonly Rule[]>();
  const note = (coordinate: string, directives: readonly ConstDirectiveNode[] = []) => {
    const found = directives.flatMap((directive) => {
      const kind = kinds.get(directive.name.value);
      return kind ? [toRule(kind, directive, coordinate)] : [];
    });
    if (found.length > 0) rules.set(coordinate, found);
  };
  for (const definition of supergraph.definitions) {
    switch (definition.kind) {
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.INTERFACE_TYPE_DEFINITION:
        for (const field of definition.fields ?? []) {
          note(`${definition.name.value}.${field.name.value}`, field.directives);
        }
        note(definition.name.value, definition.directives);
        break;
      case Kind.ENUM_TYPE_DEFINITION:
      case Kind.SCALAR_TYPE_DEFINITION:
        note(definition.name.value, definition.directives);
        break;
      default:
    }
  }
  return rules;
}

/** Name of a directive in this document → which rule it is. */
function directiveKinds(supergraph: DocumentNode): ReadonlyMap<string, Rule['kind']> {
  const kinds = new Map<string, Rule['kind']>();
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const link of definition.directives ?? []) {
      if (link.name.value !== 'link') continue;
      const { url, as, import: imports } = argumentsOf(link);
      const kind = kindOf(url);
      if (!kind) continue;
      kinds.set(typeof as === 'string' ? as : kind, kind);
      for (const entry of Array.isArray(imports) ? imports : []) {
        const { name, as: alias } = typeof entry === 'string' ? { name: entry, as: undefined } : entry;
        if (name === `@${kind}`) kinds.set(String(alias ?? name).slice(1), kind);
      }
    }
  }
  return kinds;
}

function kindOf(url: unknown): Rule['kind'] | null {
  const name = typeof url === 'string' ? /^https:\/\/specs\.apollo\.dev\/(\w+)\/v\d+\.\d+\/?$/.exec(url)?.[1] : null;
  return name === 'authenticated' || name === 'requiresScopes' || name === 'policy' ? name : null;
}

function toRule(kind: Rule['kind'], directive: ConstDirectiveNode, coordinate: string): Rule {
  if (kind === 'authenticated') return { kind };
  const given = argumentsOf(directive)[kind === 'policy' ? 'policies' : 'scopes'];
  if (!isAlternatives(given)) throw new Error(`the access rule of ${coordinate} is no list of lists of names`);
  if (kind === 'policy') {
    const unknown = given.flat().find((name) => !policies.has(name));
    if (unknown !== undefined) throw new Error(`${coordinate} names the policy "${unknown}", which is not known`);
  }
  return { kind, anyOf: given };
}

function isAlternatives(value: unknown): value is Alternatives {
  return (
    Array.isArray(value) &&
    value.every((all) => Array.isArray(all) && all.every((name: unknown) => typeof name === 'string'))
  );
}

function argumentsOf(directive: ConstDirectiveNode): Record<string, unknown> {
  return Object.fromEntries((directive.arguments ?? []).map(({ name, value }) => [name.value, plain(value)]));
}

// biome-ignore lint/suspicious/noExplicitAny: a literal of the schema language can be anything
function plain(value: ConstValueNode): any {
  switch (value.kind) {
    case Kind.LIST:
      return value.values.map(plain);
    case Kind.OBJECT:
      return Object.fromEntries(value.fields.map((field) => [field.name.value, plain(field.value)]));
    case Kind.NULL:
      return null;
    default:
      return value.value;
  }
}
