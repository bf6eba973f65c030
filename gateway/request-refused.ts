import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { sealError } from './client-errors.ts';

/** A request that is answered with errors before anything is executed: it does not parse, validate, or fit its variables. */
export class RequestRefused extends Error {
  readonly errors: readonly GraphQLFormattedError[];

  constructor(errors: readonly GraphQLFormattedError[]) {
    super(errors[0]?.message ?? 'refused');
    this.name = 'RequestRefused';
    this.errors = errors;
  }
}

/** Checks the name, not the class, as everywhere. */
export function isRequestRefused(error: unknown): error is RequestRefused {
  return error instanceof Error && error.name === 'RequestRefused';
}

/** Codes that Apollo Server uses for the same refusals, so that a client need not know which door it came through. */
export type RefusalCode =
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'OPERATION_RESOLUTION_FAILURE'
  | 'BAD_REQUEST'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'BAD_USER_INPUT';

/** Refuses with GraphQL's own errors, without what they tell about fields that the contract hides. */
export function refused(code: RefusalCode, errors: readonly GraphQLError[]): RequestRefused {
  return new RequestRefused(errors.map((error) => sealError({ ...error.toJSON(), extensions: { code } })));
}

export function refusal(code: RefusalCode, message: string): RequestRefused {
  return refused(code, [new GraphQLError(message)]);
}
