import { type DocumentNode, type GraphQLSchema, Kind, parse, validate } from 'graphql';
import type { ClientDocument } from './client-documents.ts';
import { RegistryRefusal } from './errors.ts';
import { json } from './publication.ts';
import { type ClientManifest, clientFolder, documentHash } from './trusted-documents.ts';
import type { FileChange } from './write-files.ts';

export interface Registration {
  readonly client: string;
  readonly owner: string;
  readonly contract: string;
  /** Dated version that the documents were written against. */
  readonly version: string;
  /** As the client names its version; null when it does not. */
  readonly clientVersion: string | null;
  /** Day, UTC. */
  readonly today: string;
}

export interface RegisteredDocuments {
  readonly manifest: ClientManifest;
  /** The manifest and the texts of new documents. */
  readonly files: readonly FileChange[];
  /** How many were not registered before. */
  readonly added: number;
}

/**
 * Adds documents to a client's manifest. One that is there already gains the client's version.
 * @param schema the API schema that the documents must be valid against
 * @throws RegistryRefusal with every problem of every document; then nothing is registered
 */
export function registerDocuments(
  before: ClientManifest | null,
  documents: readonly ClientDocument[],
  registration: Registration,
  schema: GraphQLSchema,
): RegisteredDocuments {
  const { client, owner, contract, version, clientVersion, today } = registration;
  const problems: string[] = [];
  const entries = [...(before?.documents ?? [])];
  const files: FileChange[] = [];
  for (const { text, from } of documents) {
    const operation = readOperation(text, from, schema, problems);
    if (operation === undefined) continue;
    const sha256 = documentHash(text);
    const at = entries.findIndex((entry) => entry.sha256 === sha256 && entry.contract === contract);
    const known = entries[at];
    if (known) {
      const clientVersions = [
        ...new Set([...known.clientVersions, ...(clientVersion === null ? [] : [clientVersion])]),
      ];
      entries[at] = { ...known, clientVersions };
      continue;
    }
    const file = `${operation}.${sha256.slice(0, 8)}.graphql`;
    const clientVersions = clientVersion === null ? [] : [clientVersion];
    entries.push({ sha256, operation, file, contract, version, clientVersions, registered: today });
    files.push({ path: `${clientFolder(client)}/${file}`, content: text });
  }
  if (problems.length > 0) throw new RegistryRefusal(`Nothing was registered:\n${problems.join('\n')}`);
  entries.sort((a, b) =>
    `${a.operation} ${a.registered} ${a.sha256}` < `${b.operation} ${b.registered} ${b.sha256}` ? -1 : 1,
  );
  const manifest = { client, owner, documents: entries };
  return {
    manifest,
    files: [...files, { path: `${clientFolder(client)}/manifest.json`, content: json(manifest) }],
    added: files.length,
  };
}

/** @returns the operation's name; undefined when there are problems */
function readOperation(text: string, from: string, schema: GraphQLSchema, problems: string[]): string | undefined {
  let document: DocumentNode;
  try {
    document = parse(text);
  } catch (error) {
    problems.push(`${from}: ${(error as Error).message}`);
    return undefined;
  }
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const name = operations[0]?.name?.value;
  if (operations.length !== 1 || name === undefined) {
    problems.push(`${from}: a registered document has exactly one operation, with a name.`);
    return undefined;
  }
  const errors = validate(schema, document);
  for (const error of errors) problems.push(`${from}: ${error.message}`);
  return errors.length === 0 ? name : undefined;
}

/** @returns the files of a client that keeps only some of its documents */
export function keepDocuments(
  manifest: ClientManifest,
  keep: (document: ClientManifest['documents'][number]) => boolean,
): FileChange[] {
  const kept = manifest.documents.filter(keep);
  const files = new Set(kept.map(({ file }) => file));
  const folder = clientFolder(manifest.client);
  return [
    ...manifest.documents
      .filter(({ file }) => !files.has(file))
      .map(({ file }) => ({ path: `${folder}/${file}`, content: null })),
    { path: `${folder}/manifest.json`, content: kept.length === 0 ? null : json({ ...manifest, documents: kept }) },
  ];
}
