import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getOperationAST,
  Kind,
  type SelectionSetNode,
} from 'graphql';

type Path = readonly (string | number)[];

/**
 * The part of an error's path that lies in what the client asked for. Plans also fetch keys and required fields on their
 * own, perhaps ones that the client's contract hides: an error in such a field belongs to the object around it.
 */
export function visiblePath(path: Path, document: DocumentNode, operationName: unknown): Path {
  const operation = getOperationAST(document, typeof operationName === 'string' ? operationName : null);
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  let selectionSets: readonly SelectionSetNode[] = operation ? [operation.selectionSet] : [];
  for (const [index, part] of path.entries()) {
    if (typeof part === 'number') continue;
    const fields = selectionSets.flatMap((selectionSet) => fieldsNamed(part, selectionSet, fragments));
    if (fields.length === 0) return path.slice(0, index);
    selectionSets = fields.flatMap((field) => field.selectionSet ?? []);
  }
  return path;
}

function fieldsNamed(
  name: string,
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): FieldNode[] {
  return selectionSet.selections.flatMap((selection): FieldNode[] => {
    if (selection.kind === Kind.FIELD) {
      return (selection.alias?.value ?? selection.name.value) === name ? [selection] : [];
    }
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
    return fragment ? fieldsNamed(name, fragment.selectionSet, fragments) : [];
  });
}
