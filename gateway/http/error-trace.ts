import type { ApolloServerPlugin } from '@apollo/server';
import { sealError } from '../client-errors.ts';
import type { GatewayContext } from '../context.ts';

/** Gives the errors of requests that are not executed, such as invalid ones, the trace id that executed ones have. */
export const errorTrace: ApolloServerPlugin<GatewayContext> = {
  requestDidStart: async () => ({
    async willSendResponse({ contextValue, response: { body } }) {
      if (body.kind !== 'single' || !body.singleResult.errors) return;
      const { errors } = body.singleResult;
      body.singleResult.errors = errors.map((error) => sealError(error, contextValue.caller.traceId));
    },
  }),
};
