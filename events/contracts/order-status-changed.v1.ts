import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key } from './quantity.ts';

const orderStatus = z.enum([
  'CAPTURED',
  'VALIDATED',
  'REJECTED',
  'ACCEPTED',
  'BACKORDERED',
  'ALLOCATED',
  'IN_FULFILLMENT',
  'PARTIALLY_SHIPPED',
  'SHIPPED',
  'PARTIALLY_DELIVERED',
  'DELIVERED',
  'CLOSED',
  'CANCELLED',
]);

export const orderStatusChangedV1 = defineContract({
  meaning: 'An order went from one status to another. A change over several statuses is one event for each.',
  sender: 'order',
  readers: ['gateway', 'settlement', 'order'],
  subject: 'orderId',
  schema: z.strictObject({
    orderId: key,
    /** The buyer, as the channel names them. Null for a guest. */
    customerId: key.nullable(),
    /** Null for the first status of an order. */
    previousStatus: orderStatus.nullable(),
    status: orderStatus,
  }),
});
