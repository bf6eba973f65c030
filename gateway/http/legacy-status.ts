import type { ApolloServerPlugin } from '@apollo/server';
import type { GatewayContext } from '../context.ts';

/** Refusals of a well-formed request: there was a document, but not one that can be executed as asked. */
const REFUSALS: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_USER_INPUT',
]);

/**
 * GraphQL over HTTP keeps a rule for older clients: one that asks for `application/json`, and not for
 * `application/graphql-response+json`, takes any status but 200 for the word of a proxy and does not read the answer.
 * Who names neither is told the truth.
 */
export const legacyStatus: ApolloServerPlugin<GatewayContext> = {
  requestDidStart: async () => ({
    async willSendResponse({ request, response }) {
      const accept = request.http?.headers.get('accept') ?? '';
      const isLegacy = accept.includes('application/json') && !accept.includes('application/graphql-response+json');
      if (!isLegacy || response.http.status !== 400 || response.body.kind !== 'single') return;
      const { errors = [] } = response.body.singleResult;
      if (errors.every((error) => REFUSALS.has(error.extensions?.code))) response.http.status = 200;
    },
  }),
};
