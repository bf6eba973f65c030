import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

export const shipmentDispatchedV1 = defineContract({
  meaning: 'Goods left a node, or were handed to the customer there.',
  sender: 'fulfillment',
  readers: ['orchestrator', 'settlement', 'order', 'gateway'],
  subject: 'shipmentId',
  schema: z.strictObject({
    shipmentId: key,
    orderId: key,
    fulfillmentOrderId: key,
    lines: z.array(z.strictObject({ lineId: key, sku: key, quantity })).min(1),
    /** Empty when the goods were handed over in a store. */
    packages: z.array(
      z.strictObject({
        carrier: key,
        trackingNumber: key,
        /** What is in it, where the node said so; components where it packed those of a bundle. */
        contents: z.array(z.strictObject({ sku: key, quantity })).optional(),
      }),
    ),
  }),
});
