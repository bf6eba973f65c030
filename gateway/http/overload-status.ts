import type { ApolloServerPlugin } from '@apollo/server';
import type { GatewayContext } from '../context.ts';
import { readData } from '../execution/written-data.ts';

/** Nothing was done for want of room: whoever stands between (proxy, SDK, crawler) may act on it as well. */
const STATUS: ReadonlyMap<unknown, number> = new Map([
  ['OVERLOADED', 503],
  ['DATABASE_UNAVAILABLE', 503],
  ['RATE_LIMITED', 429],
]);

/**
 * An answer that holds nothing but such errors says so by its status and `Retry-After` too: load balancers count it, and
 * clients wait before they repeat. As soon as a part was answered the status is that of an answer, with the errors in it.
 */
export const overloadStatus: ApolloServerPlugin<GatewayContext> = {
  requestDidStart: async () => ({
    async willSendResponse({ response: { body, http } }) {
      if (body.kind !== 'single') return;
      const { data, errors = [] } = body.singleResult;
      const statuses = errors.map(({ extensions }) => STATUS.get(extensions?.code));
      if (errors.length === 0 || statuses.includes(undefined) || !isEmpty(readData(data))) return;
      http.status = Math.max(...statuses.map(Number));
      const waits = errors.map(({ extensions }) => Number(extensions?.retryAfterSeconds ?? 1));
      http.headers.set('retry-after', String(Math.max(...waits)));
    },
  }),
};

function isEmpty(data: Record<string, unknown> | null | undefined): boolean {
  return data == null || Object.values(data).every((value) => value === null);
}
