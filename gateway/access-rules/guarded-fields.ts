import {
  type DocumentNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Rules } from './read-rules.ts';
import type { Rule } from './rule.ts';

/** A field of an operation that somebody may not be allowed to read. */
export interface GuardedField {
  /** `Type.field`, the type being the one the operation selects it on. */
  readonly coordinate: string;
  /** All must be met. */
  readonly rules: readonly Rule[];
  /** Whether it is a field of a root type: denied, nothing of the operation may run if running it has effects. */
  readonly isRoot: boolean;
  /** Under which name the answer holds it, where the document selects it first. */
  readonly responseName: string;
}

/**
 * The fields of a document of one operation that rules are about, each once. What a fragment selects is found whether
 * the fragment is spread or not, and whatever a condition on it says.
 *
 * @param schema the whole graph
 */
export function guardedFields(document: DocumentNode, schema: GraphQLSchema, rules: Rules): readonly GuardedField[] {
  if (rules.size === 0) return [];
  const found = new Map<string, GuardedField>();
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const info = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(info, {
      Field(node) {
        const parent = info.getParentType();
        const field = info.getFieldDef();
        if (!parent || !field || field.name.startsWith('__')) return;
        const coordinate = `${parent.name}.${field.name}`;
        if (found.has(coordinate)) return;
        const own = rulesOf(parent, field.name, schema, rules);
        const returned = rules.get(getNamedType(field.type).name) ?? [];
        const all = [...own, ...returned];
        if (all.length === 0) return;
        found.set(coordinate, {
          coordinate,
          rules: all,
          isRoot: roots.some((root) => root === parent),
          responseName: node.alias?.value ?? node.name.value,
        });
      },
    }),
  );
  return [...found.values()];
}

/** Rules of the field and of the type that holds it; of an interface, also those of every object that may stand there. */
function rulesOf(parent: GraphQLCompositeType, field: string, schema: GraphQLSchema, rules: Rules): readonly Rule[] {
  const types = isAbstractType(parent) ? [parent, ...schema.getPossibleTypes(parent)] : [parent];
  return types.flatMap((type) => [...(rules.get(type.name) ?? []), ...(rules.get(`${type.name}.${field}`) ?? [])]);
}
