import { z } from 'zod';

// The parts of Walmart's Marketplace API that are read. What Walmart calls enumerations is plain text here, a list may come
// as its only entry, counts as text, moments as a number or as its text: all of that was seen in its answers.

/** A list, also where it came as its only entry, or not at all. */
const listOf = <Entry extends z.ZodType>(entry: Entry) =>
  z.preprocess((raw) => (raw == null ? [] : Array.isArray(raw) ? raw : [raw]), z.array(entry));

/** Milliseconds since 1970, e.g. 1568466571000. */
const epoch = z.union([z.number(), z.string().regex(/^\d{1,16}$/)]).transform(Number).pipe(z.int().min(0)); // biome-ignore format: one thought
const text = z.string().min(1);
/** Whole units, e.g. "2". */
const count = z.union([z.number(), z.string().regex(/^\d{1,9}(\.0+)?$/)]).transform(Number).pipe(z.int().min(0)); // biome-ignore format: one thought
const quantity = z.object({ unitOfMeasurement: text, amount: count });

/**
 * Money came as a binary number: its shortest decimal is what was written, as long as it has no more than 15 digits.
 * What is no amount of cents is refused rather than rounded.
 */
const amount = z
  .number()
  .refine((value) => Math.abs(value) < 1e13, 'too large for money')
  .transform(String)
  .refine((value) => /^-?\d+(\.\d{1,2})?$/.test(value), 'has fractions of a cent');
const money = z.object({ currency: text, amount });

export const charge = z.object({ chargeType: text, chargeName: z.string().optional(), chargeAmount: money });

const refund = z.object({
  refundCharges: z.object({ refundCharge: listOf(z.object({ charge })) }).nullish(),
});

export const orderLine = z.object({
  lineNumber: z.union([text, z.number()]).transform(String),
  item: z.object({ sku: text }),
  charges: z.object({ charge: listOf(charge) }),
  orderLineQuantity: quantity,
  orderLineStatuses: z.object({
    orderLineStatus: listOf(
      z.object({ status: text, statusQuantity: quantity, cancellationReason: z.string().nullish() }),
    ),
  }),
  refund: refund.nullish(),
});

export const walmartOrder = z.object({
  purchaseOrderId: z.union([text, z.number()]).transform(String),
  customerEmailId: z.string().nullish(),
  orderDate: epoch,
  shippingInfo: z.object({
    phone: z.string().nullish(),
    estimatedShipDate: epoch.nullish(),
    methodCode: text,
    postalAddress: z.object({
      name: z.string().nullish(),
      address1: text,
      address2: z.string().nullish(),
      city: text,
      state: z.string().nullish(),
      postalCode: z.string().nullish(),
      country: text,
    }),
  }),
  orderLines: z.object({ orderLine: listOf(orderLine) }),
});

/** An order in whatever shape: only its name is needed to keep it. */
export const named = z.looseObject({ purchaseOrderId: z.union([text, z.number()]).transform(String) });

/** A page of orders. The orders are read one by one: one that nobody can read must not keep the others. */
export const ordersPage = z.object({
  list: z.object({
    meta: z.object({ nextCursor: z.string().nullish() }).nullish(),
    elements: z.object({ order: listOf(z.unknown()) }).nullish(),
  }),
});

/** Answer of whatever is told about one order: the order as it is then. */
export const orderAnswer = z.object({ order: walmartOrder });

export const tokenAnswer = z.object({ access_token: text, expires_in: z.number().positive() });

const inputQuantity = z.object({ unit: text, amount: z.int().min(0) });
const errors = listOf(z.object({ code: z.string() }));

/** Answer of setting the stock of an item at one node, or of reading it. */
export const itemInventory = z.object({ sku: text, quantity: inputQuantity });

/** Answer of setting the stock of an item by node. */
export const nodesAnswer = z.object({
  sku: text,
  nodes: listOf(z.object({ shipNode: text, status: text, errors: errors.nullish() })),
});

/** A page of the stock of all items by node. */
export const inventoriesPage = z.object({
  meta: z.object({ nextCursor: z.string().nullish() }).nullish(),
  elements: z
    .object({
      inventories: listOf(
        z.object({ sku: text, nodes: listOf(z.object({ shipNode: text, inputQty: inputQuantity.nullish() })) }),
      ),
    })
    .nullish(),
});

export const feedAccepted = z.object({ feedId: text });

/** How far a feed is. The status of a feed whose items failed is PROCESSED all the same. */
export const feedStatus = z.object({
  feedStatus: text,
  itemsReceived: z.int().min(0).nullish(),
  itemDetails: z
    .object({
      itemIngestionStatus: listOf(
        z.object({
          sku: z.string().nullish(),
          ingestionStatus: text,
          ingestionErrors: z.object({ ingestionError: listOf(z.object({ type: text, code: z.string() })) }).nullish(),
        }),
      ),
    })
    .nullish(),
});

export const priceAnswer = z.object({ ItemPriceResponse: z.object({ sku: text }) });

export type WalmartFeedItem = NonNullable<z.output<typeof feedStatus>['itemDetails']>['itemIngestionStatus'][number];
export type WalmartInventory = NonNullable<z.output<typeof inventoriesPage>['elements']>['inventories'][number];

/** What an item costs from then on. */
export interface ItemPricing {
  readonly sku: string;
  readonly pricing: readonly {
    readonly currentPriceType: 'BASE';
    readonly currentPrice: { readonly currency: string; readonly amount: number };
  }[];
}

/** Units of an item at a node. */
export interface NodeUnits {
  readonly shipNode: string;
  readonly units: number;
}

export type WalmartOrder = z.output<typeof walmartOrder>;
export type WalmartOrderLine = z.output<typeof orderLine>;

/** Units of a line, as every message about them says it. */
export interface LineQuantity {
  readonly unitOfMeasurement: 'EACH';
  readonly amount: string;
}

export interface ShipLine {
  readonly lineNumber: string;
  readonly sellerOrderId: string;
  readonly orderLineStatuses: {
    readonly orderLineStatus: readonly {
      readonly status: 'Shipped';
      readonly statusQuantity: LineQuantity;
      readonly trackingInfo: {
        /** Milliseconds since 1970. */
        readonly shipDateTime: number;
        /** With `otherCarrier`, `trackingURL` must be given. */
        readonly carrierName: { readonly carrier: string } | { readonly otherCarrier: string };
        readonly methodCode: string;
        readonly trackingNumber: string;
        readonly trackingURL?: string;
      };
    }[];
  };
}

export interface CancelLine {
  readonly lineNumber: string;
  readonly orderLineStatuses: {
    readonly orderLineStatus: readonly {
      readonly status: 'Cancelled';
      readonly cancellationReason: string;
      readonly statusQuantity: LineQuantity;
    }[];
  };
}

export interface RefundLine {
  readonly lineNumber: string;
  readonly isFullRefund: false;
  readonly refunds: {
    readonly refund: readonly {
      readonly refundComments: string;
      readonly refundCharges: {
        readonly refundCharge: readonly {
          readonly refundReason: string;
          readonly charge: {
            readonly chargeType: 'PRODUCT';
            readonly chargeName: 'Item Price';
            /** Below zero: money that goes back. */
            readonly chargeAmount: { readonly currency: string; readonly amount: number };
          };
        }[];
      };
    }[];
  };
}
