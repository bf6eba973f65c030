import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { projectFile } from '../platform/paths.ts';
import type { TagFilter } from './contract-from-tags.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]*$/);
const fileSchema = z.strictObject({
  version: z.string().regex(/^\d{4}-\d{2}$/),
  contracts: z.record(
    name,
    z.strictObject({
      description: z.string(),
      include: z.union([z.literal('all'), z.array(z.string()).min(1)]),
      exclude: z.array(z.string()),
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
}

/**
 * Reads the contracts and their current version.
 * @param file default: schema/contracts.yaml
 * @throws ZodError when the file is not what its first lines describe
 */
export function readContracts(file: string = projectFile('schema', 'contracts.yaml')): ContractDefinition[] {
  const { version, contracts } = fileSchema.parse(parse(readFileSync(file, 'utf8')));
  return Object.entries(contracts).map(([contract, { include, exclude }]) => ({
    path: `${contract}/${version}`,
    name: contract,
    version,
    filter: { include: include === 'all' ? null : include, exclude },
  }));
}
