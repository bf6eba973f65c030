/**
 * How often Walmart may be told, as far as it publishes that; its answers say what is left of an account, and are obeyed besides
 * (`pauseIn` of the client).
 */
export const WALMART_RATES = {
  /** One item by a request of its own: 100 a minute. */
  single: { most: 1, burst: 20, perSecond: 100 / 60 },
  /** A feed: ten an hour; Walmart advises against more than 1,000 items in one. */
  feed: { most: 1_000, burst: 10, perSecond: 10 / 3_600 },
} as const;
