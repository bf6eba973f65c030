import { z } from 'zod';
import { formatAmount, isCurrencyCode, parseMoney } from '../../platform/money.ts';

/**
 * What the order desk sends and takes, in its own words. Read by its client and by its reference implementation, so
 * that the two cannot drift.
 */

const text = (most: number) => z.string().min(1).max(most);
const qty = z.int().min(1).max(1_000_000);
const instant = z.iso.datetime();
const currency = z.string().refine(isCurrencyCode, 'must be an ISO 4217 code');
const unitPrice = z.string().regex(/^\d{1,13}(\.\d{1,3})?$/, 'must be a decimal such as 3.39');

/** The desk needs no more than the destination; what a marketplace tells it keeps for the import. */
const deliverTo = z.strictObject({
  addressee: text(200).nullable(),
  street: text(200).nullable(),
  street2: text(200).nullable(),
  town: text(100).nullable(),
  county: text(100).nullable(),
  postcode: text(20).nullable(),
  country: z.string().regex(/^[A-Z]{2}$/),
});

const orderedPosition = {
  /** The sender's name of the line; unique within the order. */
  posRef: text(100),
  itemCode: text(40),
  qty,
  /** For one piece, in the order's currency. */
  unitPrice,
};

const orderBody = {
  currency,
  /** Null when the customer collects. */
  deliverTo: deliverTo.nullable(),
  positions: z.array(z.strictObject(orderedPosition)).min(1).max(2000),
};

interface PricedPositions {
  readonly currency: string;
  readonly positions: readonly { readonly posRef: string; readonly unitPrice: string }[];
}

const distinctPositions = ({ positions }: PricedPositions) =>
  new Set(positions.map((one) => one.posRef)).size === positions.length;
const exactPrices = (order: PricedPositions) =>
  order.positions.every(({ unitPrice: price }) => {
    try {
      return formatAmount(parseMoney(price, order.currency)) === price;
    } catch {
      return false;
    }
  });
const DISTINCT = { path: ['positions'], message: 'posRef must be unique' };
const EXACT = { path: ['positions'], message: 'unitPrice must have exactly the digits of the currency' };

/** An order the client took and registers at the desk. */
export const deskOrderRequest = z
  .strictObject({
    /** The client's reference; a second order with it is refused or is the first one again. */
    clientRef: text(100),
    /** Channel the order came from, e.g. WEB or AMAZON. */
    channelRef: text(40),
    /** The channel's own number. The desk knows one order per channel and number. */
    channelOrderNo: text(100).nullable(),
    ...orderBody,
  })
  .refine(distinctPositions, DISTINCT)
  .refine(exactPrices, EXACT);

/** An order a marketplace leaves at the desk, to be imported by the client. */
export const marketplaceOrderRequest = z
  .strictObject({ marketplace: text(40), marketplaceOrderNo: text(100), ...orderBody })
  .refine(distinctPositions, DISTINCT)
  .refine(exactPrices, EXACT);

/**
 * RECEIVED → ACKNOWLEDGED → PART_DISPATCHED → DISPATCHED → COMPLETED; CANCELLED when nothing is left to dispatch and
 * nothing was dispatched.
 */
export const deskState = z.enum([
  'RECEIVED',
  'ACKNOWLEDGED',
  'PART_DISPATCHED',
  'DISPATCHED',
  'COMPLETED',
  'CANCELLED',
]);

const counted = z.int().min(0);

export const deskOrder = z.object({
  deskNo: text(20),
  /** CLIENT: registered by the client. MARKETPLACE: left by a marketplace. */
  origin: z.enum(['CLIENT', 'MARKETPLACE']),
  /** Null until the client has imported a marketplace's order. */
  clientRef: text(100).nullable(),
  channelRef: text(40),
  channelOrderNo: text(100).nullable(),
  currency,
  deliverTo: deliverTo.nullable(),
  state: deskState,
  /** qty = open + dispatched + cancelled; returned is a part of dispatched. */
  positions: z.array(z.object({ ...orderedPosition, dispatched: counted, cancelled: counted, returned: counted })),
  receivedAt: instant,
  acknowledgedAt: instant.nullable(),
  changeNo: z.int().min(1),
});

/** `head`: number of the newest entry, so that a reader knows how far behind it is. */
export const deskOrderFeed = z.object({ deskOrders: z.array(deskOrder), head: counted });

const noticePositions = z
  .array(z.strictObject({ posRef: text(100), qty }))
  .min(1)
  .max(2000)
  .refine(
    (positions) => new Set(positions.map((one) => one.posRef)).size === positions.length,
    'posRef must be unique',
  );
/** The sender's reference; a second notice of the same kind with it is refused or is the first one again. */
const noticeRef = text(200);

export const dispatchNotice = z.strictObject({
  noticeRef,
  positions: noticePositions,
  parcels: z.array(z.strictObject({ carrier: text(60), trackingNo: text(100) })).max(500),
});
export const cancellationNotice = z.strictObject({
  noticeRef,
  /** Null: all that is still open. */
  positions: noticePositions.nullable(),
  /** In the sender's words. */
  reason: text(200).nullable(),
});
export const returnNotice = z.strictObject({ noticeRef, positions: noticePositions });

export type DeskState = z.output<typeof deskState>;
export type DeskOrder = z.output<typeof deskOrder>;
export type DeskOrderFeed = z.output<typeof deskOrderFeed>;
export type DeskOrderRequest = z.output<typeof deskOrderRequest>;
export type MarketplaceOrderRequest = z.output<typeof marketplaceOrderRequest>;
export type DispatchNotice = z.output<typeof dispatchNotice>;
export type CancellationNotice = z.output<typeof cancellationNotice>;
export type ReturnNotice = z.output<typeof returnNotice>;
