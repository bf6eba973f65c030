import type { Tail } from '../../events/tail.ts';
import { SubscriptionHub } from '../../gateway/subscriptions/hub.ts';
import { DEFAULT_LIMITS, type SubscriptionLimits } from '../../gateway/subscriptions/limits.ts';
import type { LiveMessage } from '../../gateway/subscriptions/live-message.ts';
import type { MessageQueue } from '../../gateway/subscriptions/message-queue.ts';
import { readRequest } from '../../gateway/subscriptions/request-document.ts';
import type { Caller } from '../../platform/caller.ts';
import { systemClock } from '../../platform/clock.ts';
import { createLogger } from '../../platform/logger.ts';
import { createLiveGraph, type LiveGraph } from './live-graph.ts';
import { callerOf, webChannel } from './subgraph.ts';

/** The subscriptions that the channels use, on the tiny graph. */
export const ORDER =
  'subscription Watch($id: ID!, $after: String) { orderStatusChanged(orderId: $id, after: $after) { sequence snapshot previousStatus status order { number status } } }';
export const SHIPMENT =
  'subscription ($id: ID!, $after: String) { shipmentStatusChanged(orderId: $id, after: $after) { sequence snapshot previousStatus status shipment { id status } } }';
export const STOCK =
  'subscription ($skus: [String!]!, $after: String) { inventoryChanged(skus: $skus, after: $after) { sequence snapshot sku variant { sku title } } }';
export const ORDERS =
  'subscription ($after: String) { ordersChanged(after: $after) { sequence snapshot previousStatus status order { id number } } }';
export const EXCEPTIONS =
  'subscription ($after: String) { integrationExceptionRaised(after: $after) { sequence snapshot exception { id cause } } }';

export const operations = callerOf({ contract: 'operations', channel: null });
export const marketplace = callerOf({
  contract: 'marketplace',
  channel: { ...webChannel, code: 'AMAZON', kind: 'MARKETPLACE' },
});

const silent = createLogger({ level: 'silent', component: 'test' });

export interface Watching {
  readonly graph: LiveGraph;
  readonly hub: SubscriptionHub;
  /** Another hub on the same graph and log, as in another process. */
  hubOf(limits?: Partial<SubscriptionLimits>, tail?: Tail): SubscriptionHub;
  /** Subscribes and gives the queue of messages. */
  watch(
    query: string,
    variables?: Record<string, unknown>,
    options?: { caller?: Caller; lastEventId?: string; hub?: SubscriptionHub },
  ): Promise<MessageQueue>;
}

/** A hub on the tiny graph. Close the graph afterwards. */
export async function createWatching(): Promise<Watching> {
  const graph = await createLiveGraph();
  const { runtime, log } = graph;
  const hubOf = (limits: Partial<SubscriptionLimits> = {}, tail = graph.tail) =>
    new SubscriptionHub({
      runtime,
      log,
      tail,
      clock: systemClock,
      logger: silent,
      limits: { ...DEFAULT_LIMITS, ...limits },
    });
  const own = hubOf();
  return {
    graph,
    hub: own,
    hubOf,
    async watch(query, variables = {}, options = {}) {
      const { caller = callerOf(), hub = own, lastEventId = null } = options;
      const contract = runtime.snapshotFor(caller.contract);
      if (!contract) throw new Error(`no contract ${caller.contract}`);
      const request = readRequest({ query, variables });
      return (await hub.subscribe({ contract, caller, request, lastEventId })).queue;
    },
  };
}

/** The payloads of the next messages. */
export async function take(queue: MessageQueue, count: number): Promise<Record<string, unknown>[]> {
  const results: Record<string, unknown>[] = [];
  while (results.length < count) {
    const next = await queue.next();
    if (next.done) throw new Error(`the stream ended after ${results.length} messages`);
    results.push(payloadOf(next.value));
  }
  return results;
}

/** The value of the one subscription field; the errors instead, if any. */
function payloadOf({ result }: LiveMessage): Record<string, unknown> {
  if (result.errors) return { errors: result.errors };
  return Object.values(result.data ?? {})[0] as Record<string, unknown>;
}

/** Lets everything run that can run now, so that what must not come has had its chance. */
export const settle = () => new Promise<void>((resolve) => setTimeout(resolve, 60));
