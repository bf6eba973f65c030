import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

const status = z.enum([
  'OPEN',
  'SCHEDULED',
  'ON_HOLD',
  'IN_PROGRESS',
  'READY_FOR_PICKUP',
  'INCOMPLETE',
  'CLOSED',
  'CANCELLED',
]);

const requestStatus = z.enum([
  'UNSUBMITTED',
  'SUBMITTED',
  'ACCEPTED',
  'REJECTED',
  'CANCELLATION_REQUESTED',
  'CANCELLATION_ACCEPTED',
  'CANCELLATION_REJECTED',
  'CLOSED',
]);

export const fulfillmentOrderChangedV1 = defineContract({
  meaning: 'The work of one node for one order was created, or its status or its answer changed.',
  sender: 'fulfillment',
  readers: ['orchestrator', 'gateway'],
  subject: 'fulfillmentOrderId',
  schema: z.strictObject({
    fulfillmentOrderId: key,
    orderId: key,
    locationId: key,
    /** Null when the fulfillment order is new. */
    previousStatus: status.nullable(),
    status,
    /** Null when the fulfillment order is new. */
    previousRequestStatus: requestStatus.nullable(),
    requestStatus,
    /** What is still to be done. Empty when nothing is. */
    lines: z.array(z.strictObject({ lineId: key, quantity })),
    /** What the node gave back with this change: refused, or not found on the shelf. It needs another node. */
    handedBack: z.array(
      z.strictObject({
        lineId: key,
        sku: key,
        quantity,
        /** Of bundles: units of their components that left the node all the same, without the rest. */
        loose: z.array(z.strictObject({ sku: key, quantity })).optional(),
      }),
    ),
    /** The work of the same node that took all its units, when it ended because of that. */
    mergedInto: key.optional(),
    /** Why the node gave units back, as a code of its system. */
    reason: z.string().max(255).optional(),
    /** When it happened at the node; the event's own time is when it was heard of. Left out when it happened here. */
    happenedAt: z.iso.datetime().optional(),
  }),
});
