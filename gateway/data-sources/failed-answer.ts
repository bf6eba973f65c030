import { type FieldNode, Kind, parse, type SelectionSetNode } from 'graphql';
import { type CommerceError, ERROR_CODES } from '../../platform/errors.ts';
import type { SubgraphAnswer } from './subgraph-answer.ts';

/** Turns a failed fetch into an error for each field that is missing now, so that clients see which part it is. */
export function failedAnswer(error: CommerceError, query: string): SubgraphAnswer {
  const { retryAfterSeconds } = error.details;
  const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  const extensions = { code: error.code, retryable: ERROR_CODES[error.code].retryable, ...wait };
  const paths = missingPaths(query);
  if (paths.length === 0) return { errors: [{ message: error.message, extensions }] };
  return { errors: paths.map((path) => ({ message: error.message, path, extensions })) };
}

/** Root fields of the fetch; of an entity fetch, the fields of the first entity: naming every entity would flood. */
function missingPaths(query: string): (string | number)[][] {
  const operation = parse(query, { noLocation: true }).definitions[0];
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return [];
  return [...fields(operation.selectionSet)].flatMap(([name, field]) =>
    field.name.value === '_entities'
      ? [...fields(field.selectionSet).keys()].map((below) => [name, 0, below])
      : [[name]],
  );
}

/** Selections by response name, through inline fragments. */
function fields(selectionSet: SelectionSetNode | undefined): Map<string, FieldNode> {
  const found = new Map<string, FieldNode>();
  for (const selection of selectionSet?.selections ?? []) {
    if (selection.kind === Kind.FIELD) found.set(selection.alias?.value ?? selection.name.value, selection);
    if (selection.kind === Kind.INLINE_FRAGMENT)
      for (const field of fields(selection.selectionSet)) found.set(...field);
  }
  found.delete('__typename');
  return found;
}
