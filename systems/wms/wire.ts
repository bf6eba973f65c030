import { z } from 'zod';
import { feedPage } from '../client-kit/feed-page.ts';

const moment = z.iso.datetime().transform((text) => new Date(text));
/** Numbers that only grow: of ledger rows and of events. */
const feedNumber = z.int().min(0);

export const site = z.object({
  code: z.string(),
  /** DC: distribution centre. ST: store. TP: third party's warehouse. */
  siteType: z.enum(['DC', 'ST', 'TP']),
  name: z.string(),
  address: z.object({ street: z.string(), city: z.string(), postcode: z.string(), country: z.string() }),
  floorMode: z.enum(['AUTOMATIC', 'MANUAL']),
  collectMode: z.enum(['AUTOMATIC', 'MANUAL']),
  cancelMode: z.enum(['AUTOMATIC', 'MANUAL']),
});
export const siteList = z.object({ sites: z.array(site) }).transform((list) => list.sites);

export const ledgerEntry = z.object({
  ledgerNo: feedNumber,
  site: z.string(),
  articleNo: z.string(),
  /** GR goods receipt, GI goods issue, AD adjustment, IC inventory count, RT customer return. */
  movementCode: z.enum(['GR', 'GI', 'AD', 'IC', 'RT']),
  quantityDelta: z.int(),
  balanceAfter: z.int().min(0),
  /** For GI the external reference of the delivery, else the reference of the document. */
  documentRef: z.string(),
  lineRef: z.string().nullable(),
  bookedAt: moment,
});
export const ledgerPage = z.object({ entries: z.array(ledgerEntry), lastLedgerNo: feedNumber });

export const stockPage = z.object({
  positions: z.array(
    z.object({
      site: z.string(),
      articleNo: z.string(),
      quantity: z.int().min(0),
      /** The ledger row that made this quantity; 0 when nothing was booked yet. */
      lastLedgerNo: feedNumber,
    }),
  ),
  /** The page contains every ledger row up to this number and none after. */
  ledgerNo: feedNumber,
  nextPage: z.string().nullable(),
});

export const inboundAdvices = z.object({
  expected: z.array(
    z.object({
      adviceNo: z.string(),
      site: z.string(),
      articleNo: z.string(),
      /** Announced, less what was received under the advice's number. Whatever another system says: it is checked by the reader. */
      openQuantity: z.number(),
      dueAt: moment.nullable(),
    }),
  ),
  /** Receipts up to this ledger row are taken into account. */
  ledgerNo: feedNumber,
});

/** Goods that are there and not for sale: no part of the stock. */
export const blockedStock = z
  .object({
    blocked: z.array(
      z.object({ site: z.string(), articleNo: z.string(), reasonCode: z.string(), quantity: z.int().positive() }),
    ),
  })
  .transform((list) => list.blocked);

export const blockedReceiptAnswer = z.object({ reference: z.string() });

export const receiptAnswer = z.object({ reference: z.string(), entries: z.array(ledgerEntry) });

const content = z.object({ lineRef: z.string(), articleNo: z.string(), quantity: z.int().positive() });

const parcel = z.object({
  carrierCode: z.string(),
  trackingNo: z.string(),
  sscc: z.string(),
  contents: z.array(content),
});

const deliveryStatus = z.enum([
  'RECEIVED',
  'ACCEPTED',
  'PICKING',
  'PACKED',
  'GOODS_ISSUED',
  'STAGED',
  'COLLECTED',
  'CANCELLED',
  'REFUSED',
]);

export const delivery = z.object({
  deliveryNo: z.string(),
  externalRef: z.string(),
  site: z.string(),
  service: z.string(),
  collect: z.boolean(),
  status: deliveryStatus,
  /** Staff are asked whether they give back what they have begun, or said no. Null: nobody asked. */
  cancellation: z.enum(['ASKED', 'DENIED']).nullable(),
  /** Why it was refused; NO_STOCK when nothing of it was there. */
  reasonCode: z.string().nullable(),
  lines: z.array(
    z.object({
      lineRef: z.string(),
      articleNo: z.string(),
      quantity: z.int().positive(),
      issued: z.int().min(0),
      /** Will not come: the site did not have it. */
      short: z.int().min(0),
    }),
  ),
  parcels: z.array(parcel),
  createdAt: moment,
  changedAt: moment,
});
export const deliveryPage = z.object({ deliveries: z.array(delivery), nextPage: z.string().nullable() });

export const deliveryEvent = z.object({
  eventNo: feedNumber,
  deliveryNo: z.string(),
  externalRef: z.string(),
  site: z.string(),
  /** A status; PART_ISSUED: a goods issue after which more will come; or staff did not agree to give the work back. */
  event: z.enum([...deliveryStatus.options, 'PART_ISSUED', 'CANCELLATION_DENIED']),
  at: moment,
  reasonCode: z.string().nullable(),
  /** Parcels that left with this event. */
  parcels: z.array(parcel),
  /** What this event took out of stock; for COLLECTED, what was handed over. */
  issued: z.array(content),
  /** What will not come. */
  shorts: z.array(content),
});
export const deliveryEventPage = feedPage('events', deliveryEvent, 'eventNo', { lastEventNo: feedNumber });

export type WmsSite = z.output<typeof site>;
export type WmsInboundAdvices = z.output<typeof inboundAdvices>;
export type WmsLedgerEntry = z.output<typeof ledgerEntry>;
export type WmsLedgerPage = z.output<typeof ledgerPage>;
export type WmsStockPage = z.output<typeof stockPage>;
export type WmsBlockedStock = z.output<typeof blockedStock>;
export type WmsReceipt = z.output<typeof receiptAnswer>;
export type WmsDelivery = z.output<typeof delivery>;
export type WmsDeliveryPage = z.output<typeof deliveryPage>;
export type WmsDeliveryEvent = z.output<typeof deliveryEvent>;
export type WmsDeliveryEventPage = z.output<typeof deliveryEventPage>;
