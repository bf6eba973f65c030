import type { Rate } from './pace.ts';

/** How often each operation may be called, as Amazon publishes it. */
export const AMAZON_RATES = {
  searchOrders: { perSecond: 0.0056, burst: 20 },
  getOrder: { perSecond: 0.5, burst: 30 },
  confirmShipment: { perSecond: 2, burst: 10 },
} as const satisfies Record<string, Rate>;

export type AmazonOperation = keyof typeof AMAZON_RATES;
