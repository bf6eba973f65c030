/** Bounds that keep one client, or one slow reader, from costing the others. */
export interface SubscriptionLimits {
  /** Messages that wait for a reader. One more and the reader is disconnected with SLOW_SUBSCRIBER. */
  readonly queueMessages: number;
  /** How long, in milliseconds, a reader that is catching up may take nothing before it is disconnected. */
  readonly patienceMillis: number;
  /** Subscriptions at the same time on one WebSocket. */
  readonly perConnection: number;
  /** Subscriptions at the same time of one credential. A shop's key serves all of its visitors, so this is large. */
  readonly perClient: number;
  /** Milliseconds that the subgraphs have for one message. */
  readonly executionMillis: number;
}

export const DEFAULT_LIMITS: SubscriptionLimits = {
  queueMessages: 1_000,
  patienceMillis: 30_000,
  perConnection: 100,
  perClient: 20_000,
  executionMillis: 10_000,
};
