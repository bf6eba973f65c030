import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key } from './quantity.ts';
import { shipmentStatus } from './shipment-status-changed.v1.ts';

export const returnParcelMovedV1 = defineContract({
  meaning: 'A carrier moved a parcel with goods that come back.',
  sender: 'fulfillment',
  readers: ['orchestrator'],
  /** `<returnId>:<trackingNumber>` is the subject: versions count the moves of one parcel. */
  subject: 'parcelId',
  schema: z.strictObject({
    parcelId: key,
    returnId: key,
    orderId: key,
    trackingNumber: key,
    status: shipmentStatus,
    /** When it happened, as the carrier says; the event's own time is when it was heard of. */
    happenedAt: z.iso.datetime().optional(),
  }),
});
