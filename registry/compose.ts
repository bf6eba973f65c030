import { composeServices } from '@apollo/composition';
import { type DocumentNode, type GraphQLError, parse, Source } from 'graphql';
import type { SubgraphSource } from './check/graph-places.ts';
import { type RegistryFiles, readRequired, workingTree } from './files.ts';
import { readSupergraphConfig } from './supergraph-config.ts';

export type Composition =
  | { kind: 'composed'; supergraphSdl: string; hints: readonly string[] }
  | { kind: 'failed'; errors: readonly string[] };

/** The schemas of the subgraphs that supergraph.yaml lists. @throws RegistryError when a file is missing */
export function subgraphSources(files: RegistryFiles = workingTree()): SubgraphSource[] {
  return readSupergraphConfig(files).map(({ name, file }) => {
    const path = file.replace(/^[.][/]/, '');
    return { name, file: path, text: readRequired(files, path) };
  });
}

/** Composes the subgraph schemas that supergraph.yaml lists. Pure but for reading those files. */
export function composeSupergraph(files: RegistryFiles = workingTree()): Composition {
  const urls = new Map(readSupergraphConfig(files).map(({ name, url }) => [name, url]));
  const services: { name: string; url: string; typeDefs: DocumentNode }[] = [];
  for (const { name, file, text } of subgraphSources(files)) {
    try {
      services.push({ name, url: urls.get(name) ?? '', typeDefs: parse(new Source(text, file)) });
    } catch (error) {
      const { message, locations } = error as GraphQLError;
      return { kind: 'failed', errors: [`${file}:${locations?.[0]?.line ?? 1}: ${message}`] };
    }
  }
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
