import {
  type DocumentNode,
  type ExecutionResult,
  execute as executeGraphQL,
  GraphQLError,
  type GraphQLSchema,
  parse,
  validate,
} from 'graphql';
import type { Caller } from '../caller.ts';
import { ERROR_CODES, isCommerceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { RequestContext, Subgraph } from './subgraph.ts';

export interface SubgraphRequest {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly operationName?: string | null | undefined;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

export interface SubgraphAnswer {
  data?: Record<string, unknown> | null;
  errors?: readonly { message: string; path?: readonly (string | number)[]; extensions: Record<string, unknown> }[];
  extensions?: { idempotentReplay?: true; goodUntil?: number };
}

type Prepared = { document: DocumentNode } | { errors: readonly GraphQLError[] };

/** SQLSTATE character_not_in_repertoire. */
const INVALID_CHARACTER = '22021';

const MAX_PREPARED = 1_000;
const prepared = new WeakMap<GraphQLSchema, Map<string, Prepared>>();

/**
 * Runs one operation on a subgraph. Parsing and validation happen once per distinct query text.
 * Never throws: failures are GraphQL errors with a registered code; the text of an unknown failure stays in the log.
 */
export async function execute(subgraph: Subgraph, request: SubgraphRequest, logger?: Logger): Promise<SubgraphAnswer> {
  const ready = prepare(subgraph.schema, request.query);
  if ('errors' in ready) return { errors: ready.errors.map((error) => toWire(error, request.caller, logger)) };
  const context = subgraph.context(request.caller, request.signal);
  const result = (await executeGraphQL({
    schema: subgraph.schema,
    document: ready.document,
    variableValues: request.variables ?? {},
    operationName: request.operationName ?? null,
    contextValue: context,
  })) as ExecutionResult;
  return {
    ...(result.data === undefined ? {} : { data: result.data as Record<string, unknown> | null }),
    ...(result.errors ? { errors: result.errors.map((error) => toWire(error, request.caller, logger)) } : {}),
    ...extensionsOf(context),
  };
}

function extensionsOf({ replayed, goodUntil }: RequestContext): Pick<SubgraphAnswer, 'extensions'> {
  if (!replayed && goodUntil === undefined) return {};
  return {
    extensions: {
      ...(replayed ? { idempotentReplay: true } : {}),
      ...(goodUntil === undefined ? {} : { goodUntil }),
    },
  };
}

function prepare(schema: GraphQLSchema, query: string): Prepared {
  const cache = prepared.get(schema) ?? new Map<string, Prepared>();
  prepared.set(schema, cache);
  const known = cache.get(query);
  if (known) return known;
  let ready: Prepared;
  try {
    const document = parse(query);
    const errors = validate(schema, document);
    ready = errors.length > 0 ? { errors } : { document };
  } catch (error) {
    ready = { errors: [error as GraphQLError] };
  }
  if (cache.size >= MAX_PREPARED) cache.delete(cache.keys().next().value as string);
  cache.set(query, ready);
  return ready;
}

function toWire(
  error: GraphQLError,
  caller: Caller,
  logger: Logger | undefined,
): NonNullable<SubgraphAnswer['errors']>[number] {
  const path = error.path ? { path: error.path } : {};
  const cause = error.originalError ?? error;
  if (isCommerceError(cause)) {
    return {
      message: cause.message,
      ...path,
      extensions: { code: cause.code, retryable: ERROR_CODES[cause.code].retryable, ...cause.details },
    };
  }
  // PostgreSQL's text cannot hold the null character; whoever sent it can send something else.
  if ('code' in cause && cause.code === INVALID_CHARACTER) {
    return { message: 'Text must not contain the null character.', ...path, extensions: { code: 'BAD_USER_INPUT' } };
  }
  if (cause instanceof GraphQLError) {
    return { message: cause.message, ...path, extensions: { code: cause.extensions.code ?? 'BAD_USER_INPUT' } };
  }
  logger?.error(
    { traceId: caller.traceId, err: { type: cause.name, stack: cause.stack }, path: error.path },
    'resolver failed',
  );
  return {
    message: 'Internal error. Quote the trace id when you report it.',
    ...path,
    extensions: { code: 'INTERNAL_SERVER_ERROR', traceId: caller.traceId },
  };
}
