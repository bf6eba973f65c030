import { type DocumentNode, type FieldNode, visit } from 'graphql';

/** Under which name an answer holds a field. */
export function responseName(field: FieldNode): string {
  return field.alias?.value ?? field.name.value;
}

/** A prefix with which no response name of the document begins, so that taking it off again cannot hit a name of the client. */
export function freePrefix(document: DocumentNode, stem: string): string {
  const names: string[] = [];
  visit(document, { Field: (field) => void names.push(responseName(field)) });
  for (let count = 0; ; count++) {
    const prefix = `${stem}${count}_`;
    if (!names.some((name) => name.startsWith(prefix))) return prefix;
  }
}
