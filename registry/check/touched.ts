import {
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isNamedType,
  type NamedTypeNode,
  TypeInfo,
  typeFromAST,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/**
 * Coordinates of everything in a schema that a document depends on: fields and arguments it names, types and enums it
 * receives, and, for each input type that it sends, the type with all that is in it: variables decide what is sent.
 */
export function touchedElements(document: DocumentNode, schema: GraphQLSchema): ReadonlySet<string> {
  const touched = new Set<string>();
  const info = new TypeInfo(schema);
  const sends = (type: GraphQLInputType): void => {
    const named = getNamedType(type);
    if (touched.has(named.name)) return;
    touched.add(named.name);
    if (isInputObjectType(named)) for (const field of Object.values(named.getFields())) sends(field.type);
  };
  visit(
    document,
    visitWithTypeInfo(info, {
      Field: () => {
        const parent = info.getParentType();
        const field = info.getFieldDef();
        if (!parent || !field) return;
        touched.add(`${parent.name}.${field.name}`).add(getNamedType(field.type).name).add(parent.name);
      },
      Argument: (node) => {
        const parent = info.getParentType();
        const field = info.getFieldDef();
        const argument = info.getArgument();
        if (!parent || !field || !argument) return;
        touched.add(`${parent.name}.${field.name}(${node.name.value}:)`);
        sends(argument.type);
      },
      NamedType: (node: NamedTypeNode) => {
        const type = typeFromAST(schema, node);
        if (isNamedType(type)) touched.add(type.name);
      },
      EnumValue: (node) => {
        const type = info.getInputType();
        if (type) touched.add(`${getNamedType(type).name}.${node.value}`);
      },
    }),
  );
  return touched;
}
