/**
 * How often Mirakl may be called, as its reference publishes it for each operation ("Maximum usage"). It documents no answer to
 * one that calls more often, so nothing but this keeps the rate.
 */
export const MIRAKL_RATES = {
  /** STO01 and PRI01: a file in a minute. How long one may be is not published. */
  import: { most: 5_000, burst: 1, perSecond: 1 / 60 },
  /** STO02. */
  stockStatus: { burst: 1, perSecond: 1 / 15 },
  /** PRI02. */
  pricingStatus: { burst: 1, perSecond: 1 / 60 },
  /** STO03 and PRI03, each. */
  report: { burst: 1, perSecond: 1 / 60 },
} as const;
