import type { Rate } from '../client-kit/pace.ts';

/** How often each operation may be called, as Amazon publishes it. */
export const AMAZON_RATES = {
  searchOrders: { perSecond: 0.0056, burst: 20 },
  getOrder: { perSecond: 0.5, burst: 30 },
  confirmShipment: { perSecond: 2, burst: 10 },
  searchListingsItems: { perSecond: 5, burst: 5 },
  getListingsItem: { perSecond: 5, burst: 10 },
  patchListingsItem: { perSecond: 5, burst: 5 },
  createFeedDocument: { perSecond: 0.5, burst: 15 },
  createFeed: { perSecond: 0.0083, burst: 15 },
  getFeed: { perSecond: 2, burst: 15 },
  getFeedDocument: { perSecond: 0.0222, burst: 10 },
} as const satisfies Record<string, Rate>;

export type AmazonOperation = keyof typeof AMAZON_RATES;

/**
 * How stock is told, and likewise prices: each has half of what Amazon allows for both. Before a feed goes out its items are looked up, twenty
 * in a call: of more, that would take longer than one call may.
 */
export const AMAZON_WAYS = {
  single: { most: 1, burst: 3, perSecond: AMAZON_RATES.patchListingsItem.perSecond / 2 },
  feed: { most: 400, burst: 7, perSecond: AMAZON_RATES.createFeed.perSecond / 2 },
} as const;
