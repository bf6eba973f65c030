import { z } from 'zod';
import { feedPage } from '../client-kit/feed-page.ts';

/** What the carrier tells of one parcel. Statuses are EasyPost's words; more may come, so they are not an enum here. */
export const scan = z
  .object({
    scanNo: z.int().positive(),
    trackingNo: z.string(),
    carrierCode: z.string(),
    /** e.g. pre_transit, in_transit, out_for_delivery, delivered, failure, return_to_sender. */
    status: z.string(),
    /** Refines the status, e.g. `accepted` with in_transit. */
    statusDetail: z.string().nullable(),
    message: z.string(),
    city: z.string().nullable(),
    scannedAt: z.iso.datetime(),
  })
  .transform((row) => ({ ...row, scannedAt: new Date(row.scannedAt) }));

/** One page of the scan feed, in the order of the numbers. `lastScanNo` is the newest there is: the distance is the lag. */
export const scanPage = feedPage('scans', scan, 'scanNo', { lastScanNo: z.int().min(0) });

export const consignment = z
  .object({
    trackingNo: z.string(),
    carrierCode: z.string(),
    reference: z.string(),
    service: z.string(),
    destinationCountry: z.string(),
    /** Of the last scan; null before the first. */
    status: z.string().nullable(),
    registeredAt: z.iso.datetime(),
  })
  .transform((row) => ({ ...row, registeredAt: new Date(row.registeredAt) }));

/** All scans of one parcel. */
export const consignmentScans = z.object({ scans: z.array(scan) });

export const returnLabel = z.object({ trackingNo: z.string(), carrierCode: z.string(), reference: z.string() });

export type CarrierReturnLabel = z.output<typeof returnLabel>;
export type CarrierScanPage = z.output<typeof scanPage>;
export type CarrierConsignment = z.output<typeof consignment>;
export type CarrierScan = z.output<typeof scan>;
