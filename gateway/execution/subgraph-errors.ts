import { ERRORS, errorCodeDef } from '@apollo/federation-internals';
import { GraphQLError } from 'graphql';
import type { SubgraphError } from '../data-sources/subgraph-answer.ts';

/** An error of a subgraph as one of the answer, the way @apollo/gateway makes it. */
export function answerError(
  error: SubgraphError,
  subgraph: string,
  path: readonly (string | number)[] | undefined,
): GraphQLError {
  const message = error.message || `Error while fetching subquery from service "${subgraph}"`;
  const options = {
    originalError: error as unknown as Error,
    path,
    extensions: { ...error.extensions, serviceName: subgraph },
  };
  const registered = errorCodeDef({ message, extensions: error.extensions });
  if (!registered && error.extensions?.code) return new GraphQLError(message, options);
  return (registered ?? ERRORS.DOWNSTREAM_SERVICE_ERROR).err(message, options as never);
}
