import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key } from './quantity.ts';

/** Where a parcel is. */
export const shipmentStatus = z.enum([
  'LABEL_CREATED',
  'CARRIER_ACCEPTED',
  'IN_TRANSIT',
  'OUT_FOR_DELIVERY',
  'DELIVERY_ATTEMPTED',
  'AVAILABLE_FOR_PICKUP',
  'DELIVERED',
  'EXCEPTION',
  'RETURN_TO_SENDER',
  'LOST',
  'CANCELLED',
  'UNKNOWN',
]);

export const shipmentStatusChangedV1 = defineContract({
  meaning: 'A shipment got its first status or another one.',
  sender: 'fulfillment',
  readers: ['orchestrator', 'gateway'],
  subject: 'shipmentId',
  schema: z.strictObject({
    shipmentId: key,
    orderId: key,
    /** The buyer, where fulfillment knows them. */
    customerId: key.nullable().optional(),
    /** Null for the first status. */
    previousStatus: shipmentStatus.nullable(),
    status: shipmentStatus,
    /** When it happened, as the carrier says; the event's own time is when it was heard of. */
    happenedAt: z.iso.datetime().optional(),
  }),
});
