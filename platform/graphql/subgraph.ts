import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, parse } from 'graphql';
import type { Caller } from '../caller.ts';
import { projectFile } from '../paths.ts';
import { checkTexts } from '../storable-text.ts';
import { scalars } from './scalars.ts';

/** What every resolver of every subgraph can rely on; each subgraph adds its loaders. */
export interface RequestContext {
  readonly caller: Caller;
  /** Aborts when the client goes away or the deadline passes. */
  readonly signal: AbortSignal;
  /** Set by {@link markReplayed}; becomes `extensions.idempotentReplay` of the answer. */
  replayed?: boolean;
  /** Set by {@link goodUntil}; becomes `extensions.goodUntil` of the answer. */
  goodUntil?: number;
}

/** One domain's part of the graph, ready to be executed in this process or behind HTTP. */
export interface Subgraph<Context extends RequestContext = RequestContext> {
  readonly name: string;
  readonly schema: GraphQLSchema;
  /** A fresh context, with fresh loaders, for one request. */
  context(caller: Caller, signal: AbortSignal): Context;
}

/** Resolver functions by type and field; checked against the schema by `buildSubgraphSchema` at start. */
// biome-ignore lint/suspicious/noExplicitAny: each subgraph types its own resolvers; this is where they meet graphql-js
export type Resolvers = Record<string, Record<string, any>>;

/** Says that a mutation's answer is the stored one of an earlier, equal request. */
export function markReplayed(context: RequestContext): void {
  context.replayed = true;
}

/** Says that something in the answer is no longer right from a moment on: nobody keeps it for longer. */
export function goodUntil(context: RequestContext, moment: Date): void {
  context.goodUntil = Math.min(context.goodUntil ?? Number.POSITIVE_INFINITY, moment.getTime());
}

/**
 * Builds a subgraph from `subgraphs/<name>/schema.graphql` and its resolvers. Its mutations get no text that cannot be stored.
 * @throws when the schema is not a valid subgraph schema or a resolver has no field
 */
export function buildSubgraph<Context extends RequestContext>(options: {
  name: string;
  resolvers: Resolvers;
  context(caller: Caller, signal: AbortSignal): Context;
}): Subgraph<Context> {
  const typeDefs = parse(readFileSync(projectFile('subgraphs', options.name, 'schema.graphql'), 'utf8'));
  const declared = new Set(
    typeDefs.definitions.flatMap((definition) =>
      'name' in definition && definition.name ? [definition.name.value] : [],
    ),
  );
  const usedScalars = Object.fromEntries(Object.entries(scalars).filter(([name]) => declared.has(name)));
  const schema = buildSubgraphSchema([{ typeDefs, resolvers: { ...usedScalars, ...options.resolvers } as never }]);
  refuseUnstorable(schema);
  return { name: options.name, schema, context: options.context };
}

/** In one place for all mutations: one that is written later cannot forget it. */
function refuseUnstorable(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve } = field;
    field.resolve = (source, args, context, info) => {
      checkTexts(args);
      return resolve?.(source, args, context, info);
    };
  }
}
