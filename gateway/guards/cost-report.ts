import type { ApolloServerPlugin } from '@apollo/server';
import type { GatewayContext } from '../context.ts';
import { measuredOnce } from '../execution/written-data.ts';

/** Tells each answer over HTTP what it did cost, and settles it with the client's bucket. */
export const costReport: ApolloServerPlugin<GatewayContext> = {
  requestDidStart: async () => ({
    async willSendResponse({ contextValue, response: { body } }) {
      if (body.kind !== 'single' || !contextValue.admission) return;
      const result = body.singleResult;
      const cost = contextValue.admission.settle(result.data, (measure) => measuredOnce(result.data, measure));
      result.extensions = { ...result.extensions, cost };
    },
  }),
};
