import { z } from 'zod';

// The parts of the orders API (2026-01-01) that are read. What Amazon calls enumerations is plain text here: its lists are open.

const text = z.string().min(1);
const moment = z.iso.datetime({ offset: true });
const count = z.int().min(0);
/** Decimal text, such as "5.90". */
const money = z.object({ amount: z.string(), currencyCode: text });

const item = z.object({
  orderItemId: text,
  /** 0 where all are cancelled, as seen in the API before this one. */
  quantityOrdered: count,
  product: z.object({
    sellerSku: z.string().nullish(),
    price: z.object({ unitPrice: money.nullish() }).nullish(),
  }),
  cancellation: z
    .object({
      cancellationExecution: z.object({ cancelledBy: z.string().nullish() }).nullish(),
    })
    .nullish(),
  fulfillment: z.object({ quantityFulfilled: count, quantityUnfulfilled: count }).nullish(),
});

const address = z.object({
  name: z.string().nullish(),
  companyName: z.string().nullish(),
  addressLine1: z.string().nullish(),
  addressLine2: z.string().nullish(),
  addressLine3: z.string().nullish(),
  city: z.string().nullish(),
  districtOrCounty: z.string().nullish(),
  stateOrRegion: z.string().nullish(),
  municipality: z.string().nullish(),
  postalCode: z.string().nullish(),
  countryCode: z.string().nullish(),
  phone: z.string().nullish(),
});

export const amazonOrder = z.object({
  orderId: text,
  lastUpdatedTime: moment,
  programs: z.array(text).nullish(),
  salesChannel: z.object({ marketplaceId: z.string().nullish() }),
  buyer: z.object({ buyerName: z.string().nullish(), buyerEmail: z.string().nullish() }).nullish(),
  recipient: z.object({ deliveryAddress: address.nullish() }).nullish(),
  fulfillment: z.object({
    fulfillmentStatus: text,
    fulfilledBy: z.string().nullish(),
    fulfillmentServiceLevel: z.string().nullish(),
  }),
  orderItems: z.array(item),
  packages: z.array(z.object({ packageReferenceId: text })).nullish(),
});

/** An order in whatever shape: only its name and its age are needed to keep it. */
export const named = z.looseObject({ orderId: text });
export const dated = z.looseObject({ lastUpdatedTime: moment });

/** A page of orders. The orders are read one by one: one that nobody can read must not keep the others. */
export const ordersPage = z.object({
  orders: z.array(z.unknown()),
  pagination: z.object({ nextToken: z.string().nullish() }).nullish(),
});

export const orderAnswer = z.object({ order: amazonOrder });

/** Answer of a message about a shipment: none. */
export const nothing = z.null();

export type AmazonOrder = z.output<typeof amazonOrder>;
export type AmazonOrderItem = z.output<typeof item>;
export type AmazonAddress = z.output<typeof address>;

/** Orders v0, confirmShipment: one parcel. */
export interface ShipmentConfirmation {
  readonly marketplaceId: string;
  readonly packageDetail: {
    /** Positive number that names the parcel within its order. */
    readonly packageReferenceId: string;
    readonly carrierCode: string;
    /** Where the code is Other. */
    readonly carrierName?: string;
    readonly trackingNumber: string;
    /** RFC 3339. */
    readonly shipDate: string;
    readonly orderItems: readonly { readonly orderItemId: string; readonly quantity: number }[];
  };
}
