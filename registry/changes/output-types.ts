import { type GraphQLSchema, getNamedType, isInterfaceType, isObjectType, isUnionType } from 'graphql';

/** Names of the types that answers hold: all that fields return, directly or below. */
export function outputTypes(schema: GraphQLSchema): ReadonlySet<string> {
  const found = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (isObjectType(type) || isInterfaceType(type))
      for (const field of Object.values(type.getFields())) found.add(getNamedType(field.type).name);
    if (isUnionType(type)) for (const member of type.getTypes()) found.add(member.name);
  }
  return found;
}
