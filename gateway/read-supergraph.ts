import { type Schema, Supergraph } from '@apollo/federation-internals';
import { type DocumentNode, type GraphQLSchema, parse } from 'graphql';
import { SUPPORTED_FEATURES } from '../registry/supported-features.ts';
import { readRules } from './access-rules/read-rules.ts';
import { plannedNames } from './planning/alias-guard.ts';
import { OperationPlanner } from './planning/planner.ts';

/** What follows from the text of a supergraph alone, whoever serves it to whom. */
export interface ReadSupergraph {
  readonly document: DocumentNode;
  readonly supergraph: Supergraph;
  readonly apiSchema: Schema;
  /** Of the whole graph, with nothing hidden: as its clients see it, and as the supergraph has it. */
  readonly api: GraphQLSchema;
  readonly schema: GraphQLSchema;
  readonly planner: OperationPlanner;
}

let last: { readonly text: string; readonly read: ReadSupergraph } | undefined;

/**
 * Takes most of the time of loading one. Remembers the last: a publication may change contracts and leave the supergraph.
 * @throws Error when the text is not a supergraph that this gateway can serve
 */
export function readSupergraph(text: string): ReadSupergraph {
  if (last?.text !== text) last = { text, read: read(text) };
  return last.read;
}

function read(text: string): ReadSupergraph {
  const document = parse(text, { noLocation: true });
  const supergraph = Supergraph.build(document, { validateSupergraph: true, supportedFeatures: SUPPORTED_FEATURES });
  const apiSchema = supergraph.apiSchema();
  const api = apiSchema.toGraphQLJSSchema();
  const guarded = { rules: readRules(document), schema: api };
  return {
    document,
    supergraph,
    apiSchema,
    api,
    schema: supergraph.schema.toGraphQLJSSchema(),
    planner: new OperationPlanner(supergraph, apiSchema, plannedNames(document), guarded),
  };
}
