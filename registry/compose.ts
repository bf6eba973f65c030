import { readFileSync } from 'node:fs';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { projectFile } from '../platform/paths.ts';
import { readSupergraphConfig } from './supergraph-config.ts';

export type Composition =
  | { kind: 'composed'; supergraphSdl: string; hints: readonly string[] }
  | { kind: 'failed'; errors: readonly string[] };

/** Composes the subgraph schemas that supergraph.yaml lists. Pure but for reading those files. */
export function composeSupergraph(): Composition {
  const services = readSupergraphConfig().map(({ name, url, file }) => ({
    name,
    url,
    typeDefs: parse(readFileSync(projectFile(file), 'utf8')),
  }));
  const result = composeServices(services);
  if (result.errors)
    return {
      kind: 'failed',
      errors: result.errors.map((error) => `${String(error.extensions.code ?? 'ERROR')}: ${error.message}`),
    };
  return {
    kind: 'composed',
    supergraphSdl: `${result.supergraphSdl.trim()}\n`,
    hints: result.hints.map((hint) => hint.toString()),
  };
}
