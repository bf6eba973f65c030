import { type GraphQLType, isListType, isNonNullType } from 'graphql';

/** What became of a type: the same, without null where null was (stricter), with null where none was (looser), another. */
export type TypeRelation = 'same' | 'stricter' | 'looser' | 'different';

export function relateTypes(before: GraphQLType, after: GraphQLType): TypeRelation {
  if (isNonNullType(before) && isNonNullType(after)) return relateTypes(before.ofType, after.ofType);
  if (isNonNullType(before)) return both('looser', relateTypes(before.ofType, after));
  if (isNonNullType(after)) return both('stricter', relateTypes(before, after.ofType));
  if (isListType(before) && isListType(after)) return relateTypes(before.ofType, after.ofType);
  if (isListType(before) || isListType(after)) return 'different';
  return String(before) === String(after) ? 'same' : 'different';
}

function both(outer: TypeRelation, inner: TypeRelation): TypeRelation {
  if (inner === 'same' || inner === outer) return outer;
  return 'different';
}
