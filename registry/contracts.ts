import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { projectFile } from '../platform/paths.ts';
import type { TagFilter } from './contract-from-tags.ts';
import { contractName, parseFile, versionName } from './files.ts';

/** Which documents a contract takes: any; only registered ones; any, with those that are not registered written down. */
export const DOCUMENT_MODES = ['open', 'registered-only', 'registered-and-logged'] as const;
export type DocumentMode = (typeof DOCUMENT_MODES)[number];

const fileSchema = z.strictObject({
  version: versionName,
  contracts: z.record(
    contractName,
    z.strictObject({
      description: z.string(),
      include: z.union([z.literal('all'), z.array(z.string()).min(1)]),
      exclude: z.array(z.string()),
      documents: z.enum(DOCUMENT_MODES).default('open'),
    }),
  ),
});

/** One contract that the gateway serves, in one version. */
export interface ContractDefinition {
  /** `<name>/<version>` */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly filter: TagFilter;
  readonly documents: DocumentMode;
}

/** @throws RegistryError when the text is not what the first lines of schema/contracts.yaml describe */
export function parseContracts(text: string, file = 'schema/contracts.yaml'): ContractDefinition[] {
  const { version, contracts } = parseFile(fileSchema, file, text);
  return Object.entries(contracts).map(([contract, { include, exclude, documents }]) => ({
    path: `${contract}/${version}`,
    name: contract,
    version,
    filter: { include: include === 'all' ? null : include, exclude },
    documents,
  }));
}

/**
 * Reads the contracts and their current version.
 * @param file default: schema/contracts.yaml
 * @throws RegistryError when the file is not what its first lines describe
 */
export function readContracts(file: string = projectFile('schema', 'contracts.yaml')): ContractDefinition[] {
  return parseContracts(readFileSync(file, 'utf8'), file);
}
