import {
  type DocumentNode,
  type GraphQLError,
  getOperationAST,
  type OperationTypeNode,
  parse,
  separateOperations,
} from 'graphql';
import type { GraphQLParameters } from '../graphql-parameters.ts';
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
  const document = parseDocument(query);
  const operation = getOperationAST(document, operationName);
  if (!operation)
    throw refusal(
      'OPERATION_RESOLUTION_FAILURE',
      'The document must hold one operation, or the one that `operationName` names.',
    );
  return {
    text: query,
    document: separateOperations(document)[operation.name?.value ?? ''] ?? document,
    operation: operation.operation,
    operationName: operation.name?.value ?? null,
    variables: (variables ?? {}) as Readonly<Record<string, unknown>>,
  };
}

function parseDocument(query: string): DocumentNode {
  try {
    return parse(query);
  } catch (error) {
    throw refused('GRAPHQL_PARSE_FAILED', [error as GraphQLError]);
  }
}
