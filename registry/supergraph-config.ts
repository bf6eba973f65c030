import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { projectFile } from '../platform/paths.ts';

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

/** Reads supergraph.yaml, in its own order. @throws ZodError when it is not what rover would accept */
export function readSupergraphConfig(): SubgraphEntry[] {
  const config = configSchema.parse(parse(readFileSync(projectFile('supergraph.yaml'), 'utf8')));
  return Object.entries(config.subgraphs).map(([name, entry]) => ({
    name,
    url: entry.routing_url,
    file: entry.schema.file,
  }));
}
