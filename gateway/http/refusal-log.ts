import type { ApolloServerPlugin } from '@apollo/server';
import type { Logger } from '../../platform/logger.ts';
import type { GatewayContext } from '../context.ts';

/** One line for each request that Apollo Server refuses as a whole. The text of an error may quote the request: only its code. */
export function refusalLog(logger: Logger): ApolloServerPlugin<GatewayContext> {
  return {
    invalidRequestWasReceived: async ({ error }) => {
      const code = 'extensions' in error ? (error.extensions as { code?: unknown }).code : undefined;
      logger.info({ code: code ?? 'BAD_REQUEST' }, 'request refused');
    },
    requestDidStart: async () => ({
      async willSendResponse({ contextValue: { caller }, response: { body } }) {
        if (body.kind !== 'single' || body.singleResult.data !== undefined) return;
        const code = body.singleResult.errors?.[0]?.extensions?.code;
        const { traceId, contract, clientId } = caller;
        logger.info({ traceId, contract, clientId, code }, 'request refused');
      },
    }),
  };
}
