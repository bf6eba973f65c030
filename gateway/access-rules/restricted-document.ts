import {
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  Kind,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { freePrefix, responseName } from '../planning/response-name.ts';

/** An operation without the fields that a caller may not read. */
export interface RestrictedDocument {
  /** To be fetched: the denied fields are not there. */
  readonly planned: DocumentNode;
  /**
   * The shape of the answer: every field is there, the denied ones under names that no fetch answers to. A plan may
   * fetch a denied field for itself, as a key or for `@requires`; under its own name it would be handed out.
   */
  readonly shaped: DocumentNode;
  /** Response name of a denied field in `shaped` → in the document that was given. */
  readonly renames: ReadonlyMap<string, string>;
  /** Response name in `shaped` → coordinates of the denied fields that answer to it. */
  readonly coordinates: ReadonlyMap<string, readonly string[]>;
}

/** @param denied coordinates as {@link guardedFields} has them */
export function restrictDocument(
  document: DocumentNode,
  schema: GraphQLSchema,
  denied: ReadonlySet<string>,
): RestrictedDocument {
  const prefix = freePrefix(document, 'denied');
  const renames = new Map<string, string>();
  const coordinates = new Map<string, string[]>();
  const replaceDenied = (replace: (field: FieldNode) => FieldNode | null): DocumentNode => {
    const info = new TypeInfo(schema);
    return visit(
      document,
      visitWithTypeInfo(info, {
        Field(field) {
          const coordinate = `${info.getParentType()?.name}.${field.name.value}`;
          if (!denied.has(coordinate)) return undefined;
          const name = prefix + responseName(field);
          renames.set(name, responseName(field));
          const known = coordinates.get(name) ?? [];
          if (!known.includes(coordinate)) coordinates.set(name, [...known, coordinate]);
          return replace(field);
        },
        SelectionSet: {
          leave: (node): SelectionSetNode | undefined =>
            node.selections.length > 0 ? undefined : { ...node, selections: [named('__typename', `${prefix}nothing`)] },
        },
      }),
    );
  };
  return {
    planned: replaceDenied(() => null),
    shaped: replaceDenied((field) => ({ ...field, alias: { kind: Kind.NAME, value: prefix + responseName(field) } })),
    renames,
    coordinates,
  };
}

function named(name: string, alias: string): FieldNode {
  return {
    kind: Kind.FIELD,
    name: { kind: Kind.NAME, value: name },
    alias: { kind: Kind.NAME, value: alias },
  };
}
