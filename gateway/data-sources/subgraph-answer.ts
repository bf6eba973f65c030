import { CommerceError, ERROR_CODES, type ErrorCode } from '../../platform/errors.ts';
import { subgraphFailure } from './subgraph-failure.ts';

export interface SubgraphError {
  message: string;
  path?: (string | number)[];
  extensions: Record<string, unknown>;
}

/** What is taken over from a subgraph. Everything else that it sends is dropped. */
export interface SubgraphAnswer {
  data?: Record<string, unknown> | null;
  errors?: SubgraphError[];
  /** When it is no longer right by itself, such as a price that ends: milliseconds since 1970. */
  goodUntil?: number;
}

/** Response name of entities → how many were asked for, and must have their place in the answer. */
export type EntityCounts = Readonly<Record<string, number>>;

/**
 * Reads what a subgraph sent as a GraphQL response.
 * @param entities of an entity request; null for any other
 * @throws CommerceError the subgraph's own outage (database down, overloaded), or SUBGRAPH_BAD_RESPONSE when it refused
 *   the whole request: the gateway wrote that request, so the client cannot mend it and need not read about it
 */
export function readAnswer(body: unknown, subgraph: string, entities: EntityCounts | null): SubgraphAnswer {
  if (!isRecord(body)) throw subgraphFailure('SUBGRAPH_BAD_RESPONSE', { subgraph, reason: 'not an object' });
  const errors = Array.isArray(body.errors) ? body.errors.map(readError) : [];
  if (!('data' in body)) throw refusedRequest(errors[0], subgraph);
  if (body.data !== null && !isRecord(body.data)) {
    throw subgraphFailure('SUBGRAPH_BAD_RESPONSE', { subgraph, reason: 'data is not an object' });
  }
  if (entities && body.data && !hasEach(body.data, entities)) {
    throw subgraphFailure('SUBGRAPH_BAD_RESPONSE', { subgraph, reason: 'not the entities asked for' });
  }
  return { data: body.data, ...(errors.length > 0 ? { errors } : {}) };
}

function hasEach(data: Readonly<Record<string, unknown>>, entities: EntityCounts): boolean {
  return Object.entries(entities).every(([name, count]) => {
    const found = data[name];
    return Array.isArray(found) && found.length === count;
  });
}

/** Whether the subgraph says that its answer is the stored one of an earlier, equal request. */
export function isReplay(body: unknown): boolean {
  return isRecord(body) && isRecord(body.extensions) && body.extensions.idempotentReplay === true;
}

/** The same answer with what the subgraph says of its end. */
export function withGoodUntil(answer: SubgraphAnswer, body: unknown): SubgraphAnswer {
  const said = isRecord(body) && isRecord(body.extensions) ? body.extensions.goodUntil : undefined;
  return typeof said === 'number' ? { ...answer, goodUntil: said } : answer;
}

function refusedRequest(error: SubgraphError | undefined, subgraph: string): CommerceError {
  const code = error?.extensions.code;
  if (error && isErrorCode(code) && ERROR_CODES[code].retryable && code !== 'INTERNAL_SERVER_ERROR') {
    const { retryAfterSeconds } = error.extensions;
    const wait = typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {};
    return new CommerceError(code, error.message, { subgraph, ...wait });
  }
  return subgraphFailure('SUBGRAPH_BAD_RESPONSE', { subgraph, reason: 'request refused', refusedAs: String(code) });
}

function readError(error: unknown): SubgraphError {
  if (!isRecord(error)) return { message: '', extensions: {} };
  return {
    message: typeof error.message === 'string' ? error.message : '',
    ...(Array.isArray(error.path) ? { path: error.path.filter(isPathPart) } : {}),
    extensions: isRecord(error.extensions) ? error.extensions : {},
  };
}

function isPathPart(part: unknown): part is string | number {
  return typeof part === 'string' || typeof part === 'number';
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
