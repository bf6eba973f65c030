import { Supergraph } from '@apollo/federation-internals';
import { buildASTSchema, type DocumentNode, GraphQLSchema, parse, print } from 'graphql';
import { hiddenElements, type TagFilter, withoutHidden } from './contract-from-tags.ts';
import { SUPPORTED_FEATURES } from './supported-features.ts';

/** A composed supergraph, read once for every contract that is cut from it. */
export interface ComposedGraph {
  readonly supergraphSdl: string;
  /** The supergraph's text, parsed; with locations. */
  readonly document: DocumentNode;
  /** For the planner. */
  readonly supergraph: Supergraph;
  /** The API schema of the whole graph. */
  readonly api: DocumentNode;
}

/** @throws Error when the text is no supergraph */
export function readComposed(supergraphSdl: string): ComposedGraph {
  const supergraph = Supergraph.build(supergraphSdl, {
    validateSupergraph: true,
    supportedFeatures: SUPPORTED_FEATURES,
  });
  return { supergraphSdl, document: parse(supergraphSdl), supergraph, api: supergraph.apiSchema().toAST() };
}

/** The API schema of a contract as text, as it is published: what its clients validate against. */
export function contractApi({ document, api }: ComposedGraph, filter: TagFilter): string {
  return `${print(withoutHidden(api, hiddenElements(document, filter)))}\n`;
}

/** @param text empty: a contract that holds nothing any more */
export function apiSchema(text: string): GraphQLSchema {
  if (text.trim() === '') return new GraphQLSchema({ assumeValid: true });
  return buildASTSchema(parse(text), { assumeValid: true, assumeValidSDL: true });
}
