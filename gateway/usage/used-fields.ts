import { type DocumentNode, type GraphQLSchema, separateOperations, TypeInfo, visit, visitWithTypeInfo } from 'graphql';

/**
 * Coordinates (`Type.field`) of the fields that an operation selects, each once and sorted.
 * @param schema one against which the document is valid
 */
export function usedFields(document: DocumentNode, operationName: string | undefined, schema: GraphQLSchema): string[] {
  const found = new Set<string>();
  const info = new TypeInfo(schema);
  visit(
    separateOperations(document)[operationName ?? ''] ?? document,
    visitWithTypeInfo(info, {
      Field() {
        const parent = info.getParentType();
        const field = info.getFieldDef();
        if (parent && field && !parent.name.startsWith('__') && !field.name.startsWith('__')) {
          found.add(`${parent.name}.${field.name}`);
        }
      },
    }),
  );
  return [...found].sort();
}
