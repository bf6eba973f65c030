import { z } from 'zod';

/**
 * What a marketplace is told about its sales, and how it keeps them, in its own words. Read by its client and by its
 * reference implementation, so that the two cannot drift. A notice holds no personal data.
 */

const text = (most: number) => z.string().min(1).max(most);
const units = z.int().min(1).max(1_000_000);
const counted = z.int().min(0);
const instant = z.iso.datetime();
const currency = z.string().regex(/^[A-Z]{3}$/);
const amount = z.string().regex(/^\d{1,13}(\.\d{1,3})?$/, 'must be a decimal such as 3.39');

/** One article of a sale: how many were bought, and how many of them the notice is about. */
const noticeItem = { itemRef: text(100), sku: text(100), bought: units, units };
const items = z
  .array(z.strictObject(noticeItem))
  .min(1)
  .max(2000)
  .refine((all) => new Set(all.map((one) => one.itemRef)).size === all.length, 'itemRef must be unique');
const refundedItems = z.array(z.strictObject({ ...noticeItem, amount })).min(1).max(2000); // biome-ignore format: one thought

/** A second notice with this reference is the first one again, or refused. */
const head = { noticeRef: text(200), sellerRef: text(100) };

export const saleNotice = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('CONFIRMED'), ...head, items }),
  z.strictObject({ kind: z.literal('DECLINED'), ...head, items }),
  z.strictObject({
    kind: z.literal('DISPATCHED'),
    ...head,
    dispatchedAt: instant,
    items,
    /** Empty when the goods were handed over. */
    parcels: z.array(z.strictObject({ carrier: text(60), trackingNo: text(100) })).max(500),
  }),
  z.strictObject({ kind: z.literal('VOIDED'), ...head, reasonCode: text(60), items }),
  z.strictObject({
    kind: z.literal('VOID_ANSWER'),
    ...head,
    /** The marketplace's name of its request. */
    requestRef: text(200),
    decision: z.enum(['GRANTED', 'PARTLY', 'DENIED']),
    /** What was granted; left out when nothing was. */
    items: items.optional(),
  }),
  z.strictObject({ kind: z.literal('REFUNDED'), ...head, currency, amount, items: refundedItems }),
]);

/** NEW → CONFIRMED → PART_SHIPPED → SHIPPED; CANCELLED when nothing is left to ship and nothing was; or DECLINED. */
export const saleState = z.enum(['NEW', 'CONFIRMED', 'PART_SHIPPED', 'SHIPPED', 'CANCELLED', 'DECLINED']);

export const sale = z.object({
  marketplace: text(40),
  saleNo: text(100),
  sellerRef: text(100),
  state: saleState,
  /** bought >= shipped + cancelled. */
  items: z.array(
    z.object({ itemRef: text(100), sku: text(100), bought: units, shipped: counted, cancelled: counted, refunded: counted }),
  ), // biome-ignore format: one thought
  voidRequests: z.array(
    z.object({ requestRef: text(200), decision: z.enum(['GRANTED', 'PARTLY', 'DENIED']).nullable() }),
  ),
  confirmedAt: instant.nullable(),
});

/** The buyer wants the sale back; its seller is asked through whoever connects the two. */
export const voidRequest = z.strictObject({ requestRef: text(200) });

/** Units and prices of items that a seller lists: what is named is set, the rest stays. */
export const listingUpdate = z.strictObject({
  /** A second update with this reference is the first one again, or refused. */
  updateRef: text(100),
  items: z
    .array(
      z.strictObject({
        itemNo: text(100),
        units: z.int().min(0).max(1_000_000).optional(),
        price: z.strictObject({ amount, currency }).optional(),
      }),
    )
    .min(1)
    .max(500)
    .refine((all) => new Set(all.map((one) => one.itemNo)).size === all.length, 'itemNo must be unique'),
});

/** Taken is not applied: what became of an update is asked by its number. */
export const updateTaken = z.object({ updateNo: text(40) });

export const updateResult = z.object({
  updateNo: text(40),
  state: z.enum(['WAITING', 'DONE']),
  /** One per item once it is done. */
  results: z.array(z.object({ itemNo: text(100), applied: z.boolean(), reasonCode: text(60).nullable() })),
});

export const listing = z.object({
  itemNo: text(100),
  units: counted,
  price: z.object({ amount, currency }).nullable(),
});
export const listingsPage = z.object({ listings: z.array(listing), next: text(100).nullable() });

/** The marketplace lets an item be no longer changed, or again (null). */
export const blocking = z.strictObject({ reasonCode: text(60).nullable() });

export type ListingUpdate = z.output<typeof listingUpdate>;
export type UpdateResult = z.output<typeof updateResult>;
export type Listing = z.output<typeof listing>;
export type SaleNotice = z.output<typeof saleNotice>;
export type SaleState = z.output<typeof saleState>;
export type Sale = z.output<typeof sale>;
