import {
  type DocumentNode,
  type GraphQLError,
  getOperationAST,
  type OperationTypeNode,
  parse,
  separateOperations,
} from 'graphql';
import type { GraphQLParameters } from '../graphql-parameters.ts';
import { LruCache } from '../planning/lru-cache.ts';
import { refusal, refused } from '../request-refused.ts';

/** A GraphQL request whose parameters are of the right kind and whose document parses. Not validated yet. */
export interface RequestDocument {
  /** As the client sent it. */
  readonly text: string;
  /** Only the operation asked for, and its fragments. */
  readonly document: DocumentNode;
  readonly operation: OperationTypeNode;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Of a request, what depends on its text and its operation's name alone. */
type ReadDocument = Omit<RequestDocument, 'variables'>;

/** Ten thousand subscribers who come back at once send the same few documents: to parse each again would be half of the work. */
const read = new LruCache<ReadDocument>(500, 2_000_000);

/**
 * @param body within the limits of its contract: the guards were asked before
 * @throws RequestRefused
 */
export function readRequest(body: GraphQLParameters): RequestDocument {
  const { query, operationName = null, variables = null } = body;
  if (typeof query !== 'string' || query === '')
    throw refusal('BAD_REQUEST', 'The request must have a `query` that is a non-empty string.');
  if (operationName !== null && typeof operationName !== 'string')
    throw refusal('BAD_REQUEST', '`operationName` must be a string.');
  if (variables !== null && (typeof variables !== 'object' || Array.isArray(variables))) {
    throw refusal('BAD_REQUEST', '`variables` must be an object.');
  }
  return { ...readDocument(query, operationName), variables: (variables ?? {}) as Readonly<Record<string, unknown>> };
}

function readDocument(query: string, operationName: string | null): ReadDocument {
  // No document that parses has this character.
  const key = operationName === null ? query : `${operationName}\u0000${query}`;
  const known = read.get(key);
  if (known) return known;
  const document = parseDocument(query);
  const operation = getOperationAST(document, operationName);
  if (!operation)
    throw refusal(
      'OPERATION_RESOLUTION_FAILURE',
      'The document must hold one operation, or the one that `operationName` names.',
    );
  const fresh = {
    text: query,
    document: separateOperations(document)[operation.name?.value ?? ''] ?? document,
    operation: operation.operation,
    operationName: operation.name?.value ?? null,
  };
  read.set(key, fresh);
  return fresh;
}

function parseDocument(query: string): DocumentNode {
  try {
    return parse(query);
  } catch (error) {
    throw refused('GRAPHQL_PARSE_FAILED', [error as GraphQLError]);
  }
}
