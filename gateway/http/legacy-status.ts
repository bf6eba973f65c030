import type { ApolloServerPlugin } from '@apollo/server';
import type { GatewayContext } from '../context.ts';

/** Refusals of a well-formed request: there was a document, but not one that can be executed as asked. */
const REFUSALS: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_USER_INPUT',
  'LIMIT_EXCEEDED',
  'PERSISTED_QUERY_REQUIRED',
]);

/** Media type of an answer whose status means what it says. */
export const GRAPHQL_RESPONSE = 'application/graphql-response+json; charset=utf-8';

export function acceptsGraphQLResponse(accept = ''): boolean {
  return accept.includes('application/graphql-response+json');
}

/**
 * GraphQL over HTTP keeps a rule for older clients: one that asks for `application/json`, and not for
 * `application/graphql-response+json`, takes any status but 200 for the word of a proxy and does not read the answer.
 * Who names neither is told the truth. 429 stays what it is: proxies and clients know to wait by it.
 *
 * @param codes of all errors of the answer
 * @returns the status to answer with
 */
export function statusFor(status: number, codes: readonly unknown[], accept = ''): number {
  const isLegacy = accept.includes('application/json') && !acceptsGraphQLResponse(accept);
  return isLegacy && status === 400 && codes.every((code) => REFUSALS.has(code)) ? 200 : status;
}

/** The same for what Apollo Server answers. */
export const legacyStatus: ApolloServerPlugin<GatewayContext> = {
  requestDidStart: async () => ({
    async willSendResponse({ request, response }) {
      if (response.body.kind !== 'single' || response.http.status === undefined) return;
      const codes = (response.body.singleResult.errors ?? []).map((error) => error.extensions?.code);
      response.http.status = statusFor(response.http.status, codes, request.http?.headers.get('accept') ?? '');
    },
  }),
};
