import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key } from './quantity.ts';
import { shipmentStatus } from './shipment-status-changed.v1.ts';

export const shipmentParcelEndedV1 = defineContract({
  meaning: 'One parcel of a shipment ended, or goes back, while the shipment as a whole stays where it is.',
  sender: 'fulfillment',
  readers: ['orchestrator'],
  /** Versions count all events of the shipment. */
  subject: 'shipmentId',
  schema: z.strictObject({
    shipmentId: key,
    orderId: key,
    packageId: key,
    /** Of the parcel. */
    status: shipmentStatus,
    /** When it happened, as the carrier says; the event's own time is when it was heard of. */
    happenedAt: z.iso.datetime().optional(),
  }),
});
