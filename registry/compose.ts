import { composeServices } from '@apollo/composition';
import { type DocumentNode, type GraphQLError, parse, Source } from 'graphql';
import type { SubgraphSource } from './check/graph-places.ts';
import { CompositionError, compositionError } from './composition-error.ts';
import { type RegistryFiles, readRequired, workingTree } from './files.ts';
import { readSupergraphConfig } from './supergraph-config.ts';

export type Composition =
  | { kind: 'composed'; supergraphSdl: string; hints: readonly string[] }
  | { kind: 'failed'; errors: readonly CompositionError[] };

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
  const sources = subgraphSources(files);
  const services: { name: string; url: string; typeDefs: DocumentNode }[] = [];
  for (const { name, file, text } of sources) {
    try {
      services.push({ name, url: urls.get(name) ?? '', typeDefs: parse(new Source(text, file)) });
    } catch (error) {
      const { message, locations } = error as GraphQLError;
      const place = { file, line: locations?.[0]?.line ?? 1, subgraph: name };
      return { kind: 'failed', errors: [new CompositionError('INVALID_GRAPHQL', message, [place])] };
    }
  }
  const result = composeServices(services);
  if (result.errors) return { kind: 'failed', errors: result.errors.map((error) => compositionError(error, sources)) };
  return {
    kind: 'composed',
    supergraphSdl: `${result.supergraphSdl.trim()}\n`,
    hints: result.hints.map((hint) => hint.toString()),
  };
}
