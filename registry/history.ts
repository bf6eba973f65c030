import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseFile, type RegistryFiles, sha256Hex } from './files.ts';
import { SEVERITIES } from './severity.ts';

export const HISTORY_FILE = 'schema/history/publications.json';

const changeSchema = z.strictObject({
  severity: z.enum(SEVERITIES),
  coordinate: z.string(),
  message: z.string(),
  /** Contract versions that it concerns; empty: it is not about one contract. */
  contracts: z.array(z.string()),
});

const publicationSchema = z.strictObject({
  number: z.int().positive(),
  publishedAt: z.iso.datetime(),
  /** The current version of the contracts. */
  version: z.string(),
  /** Why, as whoever published it said. */
  message: z.string(),
  /** SHA-256 of each source. The texts are in `schema/history/<sha256>.gz`, as far as they are kept. */
  sources: z.strictObject({ supergraph: sha256Hex, contracts: sha256Hex, states: sha256Hex, events: sha256Hex }),
  changes: z.array(changeSchema),
  /** Number of the publication that this one brought back; null for an ordinary one. */
  rollbackTo: z.int().positive().nullable(),
  /** Who answers for what a rollback breaks or lets clients read again. Absent: it breaks nothing that is known. */
  approval: z.strictObject({ by: z.string(), reason: z.string(), findings: z.array(z.string()) }).optional(),
});

const fileSchema = z.strictObject({ publications: z.array(publicationSchema) });

/** One publication: what it was made of, and what it changed for clients. */
export type Publication = z.infer<typeof publicationSchema>;
export type RollbackApproval = NonNullable<Publication['approval']>;
export type PublishedChange = z.infer<typeof changeSchema>;

/** @returns oldest first */
export function readHistory(files: RegistryFiles): Publication[] {
  const text = files.read(HISTORY_FILE);
  return text === null ? [] : parseFile(fileSchema, HISTORY_FILE, text).publications;
}

export function contentHash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Where the text of a hash is kept. */
export function contentFile(sha256: string): string {
  return `schema/history/${sha256}.gz`;
}
