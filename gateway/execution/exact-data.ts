import {
  BREAK,
  type GraphQLCompositeType,
  type GraphQLSchema,
  isAbstractType,
  isUnionType,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { OperationPlan } from '../planning/operation-plan.ts';

/**
 * Whether what a plan fetches can stand for the answer: of all names in the operation, each object has those that it has in
 * the answer. What an answer costs is read from such data.
 *
 * It cannot
 * - with `@skip` and `@include`: plans fetch keys that the answer leaves out;
 * - with fragments for some types of several, when there is more than one fetch: where a type is an `@interfaceObject` its
 *   subgraph does not know which, and sends what is asked of any; keys and `@requires` bring further names.
 */
export function isExactData({ document, queryPlan }: OperationPlan, schema: GraphQLSchema): boolean {
  const isOneFetch = queryPlan.node?.kind === 'Fetch';
  const fragmentTypes = new Map<string, string>();
  for (const each of document.definitions)
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragmentTypes.set(each.name.value, each.typeCondition.name.value);
  const types = new TypeInfo(schema);
  let isExact = true;
  const inexact = () => {
    isExact = false;
    return BREAK;
  };
  const fragment = (condition: string | undefined) =>
    isOneFetch || appliesToAll(schema, condition, types.getParentType()) ? undefined : inexact();
  const visitor = visitWithTypeInfo(types, {
    Directive: inexact,
    InlineFragment: ({ typeCondition }) => fragment(typeCondition?.name.value),
    FragmentSpread: ({ name }) => fragment(fragmentTypes.get(name.value)),
  });
  visit(document, visitor);
  return isExact;
}

function appliesToAll(
  schema: GraphQLSchema,
  condition: string | undefined,
  parent: GraphQLCompositeType | null | undefined,
): boolean {
  if (condition === undefined || condition === parent?.name) return true;
  const wanted = schema.getType(condition);
  return isAbstractType(wanted) && !!parent && !isUnionType(parent) && schema.isSubType(wanted, parent);
}
