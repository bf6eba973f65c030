import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { z } from 'zod';
import { RegistryError } from './errors.ts';

/** A document as a client sends it. */
export interface ClientDocument {
  readonly text: string;
  /** Where it was found, for messages. */
  readonly from: string;
}

// What tools of clients write: Apollo's generate-persisted-query-manifest; Relay, urql and GraphQL Code Generator's
// client preset (hash → text).
const apolloManifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  operations: z.array(z.object({ name: z.string().optional(), body: z.string() })),
});
const hashedTexts = z.record(z.string(), z.string());

/**
 * Reads the documents of a client: `.graphql` files, folders of them, or the manifest that the client's build writes.
 * The hashes in a manifest are not used: documents are registered under the SHA-256 of their text.
 * @throws RegistryError when a path holds none
 */
export function readClientDocuments(paths: readonly string[]): ClientDocument[] {
  return paths.flatMap((path) => {
    const found = readPath(path);
    if (found.length === 0)
      throw new RegistryError(
        `${path} holds no document: give .graphql files, folders of them, or a manifest in JSON.`,
      );
    return found;
  });
}

function readPath(path: string): ClientDocument[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new RegistryError(`${path} does not exist.`);
  if (stat.isDirectory())
    return readdirSync(path)
      .sort()
      .filter((name) => statSync(join(path, name)).isDirectory() || ['.graphql', '.gql'].includes(extname(name)))
      .flatMap((name) => readPath(join(path, name)));
  const text = readFileSync(path, 'utf8');
  return extname(path) === '.json' ? readManifestFile(path, text) : [{ text, from: path }];
}

function readManifestFile(path: string, text: string): ClientDocument[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RegistryError(`${path} is not JSON.`);
  }
  const apollo = apolloManifest.safeParse(value);
  if (apollo.success)
    return apollo.data.operations.map(({ name, body }) => ({
      text: body,
      from: `${basename(path)} ${name ?? ''}`.trim(),
    }));
  const hashed = hashedTexts.safeParse(value);
  if (hashed.success)
    return Object.entries(hashed.data).map(([hash, body]) => ({
      text: body,
      from: `${basename(path)} ${hash.slice(0, 8)}`,
    }));
  throw new RegistryError(`${path} is neither an Apollo persisted query manifest nor an object of hash and document.`);
}
