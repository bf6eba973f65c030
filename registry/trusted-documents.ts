import { createHash } from 'node:crypto';
import { z } from 'zod';
import { RegistryError } from './errors.ts';
import { contractName, day, parseFile, type RegistryFiles, readRequired, sha256Hex, versionName } from './files.ts';

export const TRUSTED_DOCUMENTS = 'schema/trusted-documents';

const clientName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'a client, such as web-shop');

const documentSchema = z.strictObject({
  /** SHA-256 of the document's text as UTF-8, in hex: what a client sends instead of the text. */
  sha256: sha256Hex,
  /** Name of its operation. */
  operation: z.string(),
  /** File of the text, beside the manifest. */
  file: z.string().regex(/^[\w.-]+\.graphql$/),
  /** The contract it is for, and the dated version it was written against. */
  contract: contractName,
  version: versionName,
  /** Versions of the client that send it, as the client names them. */
  clientVersions: z.array(z.string().min(1)),
  registered: day,
});

const manifestSchema = z.strictObject({
  client: clientName,
  /** Team to ask before one of its documents is broken. */
  owner: z.string().min(1),
  documents: z.array(documentSchema),
});

/** What is kept of a client in `schema/trusted-documents/<client>/manifest.json`. */
export type ClientManifest = z.infer<typeof manifestSchema>;

/** A document that a client may send, with its text. */
export interface TrustedDocument {
  /** The client id of the API key or token that sends it. */
  readonly client: string;
  readonly owner: string;
  readonly sha256: string;
  readonly operation: string;
  readonly contract: string;
  readonly version: string;
  readonly clientVersions: readonly string[];
  readonly registered: string;
  readonly text: string;
}

export function documentHash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

export function clientFolder(client: string): string {
  return `${TRUSTED_DOCUMENTS}/${client}`;
}

/** @throws RegistryError when the name cannot be a client's */
export function assertClientName(client: string): void {
  if (!clientName.safeParse(client).success)
    throw new RegistryError(
      `${JSON.stringify(client)} is no client: lower-case letters, digits, dots, dashes and underscores, such as web-shop.`,
    );
}

/** @returns null when the client has no documents. @throws RegistryError when the manifest is not one of this client */
export function readManifest(files: RegistryFiles, client: string): ClientManifest | null {
  assertClientName(client);
  const path = `${clientFolder(client)}/manifest.json`;
  const text = files.read(path);
  if (text === null) return null;
  const manifest = parseFile(manifestSchema, path, text);
  if (manifest.client !== client)
    throw new RegistryError(`${path} is of client ${manifest.client}: move it to that folder.`);
  return manifest;
}

/**
 * Every document that clients have registered.
 * @throws RegistryError when a text is not the one that was registered, or one client registered a hash twice
 */
export function readTrustedDocuments(files: RegistryFiles): TrustedDocument[] {
  return files
    .list(TRUSTED_DOCUMENTS)
    .filter((name) => clientName.safeParse(name).success && !name.endsWith('.md'))
    .flatMap((client) => {
      const manifest = readManifest(files, client);
      if (!manifest) return [];
      const seen = new Set<string>();
      return manifest.documents.map(({ file, ...document }): TrustedDocument => {
        const path = `${clientFolder(client)}/${file}`;
        const text = readRequired(files, path);
        const sha256 = documentHash(text);
        if (sha256 !== document.sha256)
          throw new RegistryError(
            `${path} was changed after it was registered (${document.sha256.slice(0, 8)}… is now ${sha256.slice(0, 8)}…): restore it, or register the new text with \`commerce schema operations push\`.`,
          );
        const key = `${document.contract} ${sha256}`;
        if (seen.has(key))
          throw new RegistryError(`${path}: client ${client} registered this document twice for ${document.contract}.`);
        seen.add(key);
        return { client, owner: manifest.owner, ...document, text };
      });
    });
}
