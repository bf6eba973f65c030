import { z } from 'zod';
import { parseFile, type RegistryFiles, readRequired, workingTree } from './files.ts';

const configSchema = z.object({
  federation_version: z.string(),
  subgraphs: z.record(z.string(), z.object({ routing_url: z.url(), schema: z.object({ file: z.string() }) })),
});

export interface SubgraphEntry {
  readonly name: string;
  readonly url: string;
  /** Schema file, relative to the project root. */
  readonly file: string;
}

/** Reads supergraph.yaml, in its own order. @throws RegistryError when it is not what rover would accept */
export function readSupergraphConfig(files: RegistryFiles = workingTree()): SubgraphEntry[] {
  const config = parseFile(configSchema, 'supergraph.yaml', readRequired(files, 'supergraph.yaml'));
  return Object.entries(config.subgraphs).map(([name, entry]) => ({
    name,
    url: entry.routing_url,
    file: entry.schema.file,
  }));
}
