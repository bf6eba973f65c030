import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

export const orderPlacedV1 = defineContract({
  meaning: 'An order was captured: it is stored, priced, and its stock is committed or backordered.',
  sender: 'order',
  readers: ['orchestrator', 'settlement', 'gateway'],
  subject: 'orderId',
  schema: z.strictObject({
    orderId: key,
    /** What people call the order. */
    number: key,
    /** Channel it was placed on, such as WEB. */
    channelCode: key,
    /** Which kind of channel it is, and its own id of the order, where it has one. */
    channelKind: z.enum(['STOREFRONT', 'POINT_OF_SALE', 'MARKETPLACE', 'BUSINESS_TO_BUSINESS', 'SOCIAL']).optional(),
    channelOrderId: key.nullable().optional(),
    lines: z
      .array(
        z.strictObject({
          lineId: key,
          sku: key,
          quantity,
          /** What the buyer pays for the line, tax included, in minor units. */
          grossMinor: z
            .string()
            .regex(/^\d{1,18}$/)
            .optional(),
        }),
      )
      .min(1),
    /** Committed stock. What a line has more than this is backordered. A line may be split over locations. */
    allocations: z.array(z.strictObject({ lineId: key, sku: key, locationId: key, quantity })),
    /** Grand total in minor units of the currency, as decimal digits: it may exceed what a JSON number holds. */
    totalMinor: z.string().regex(/^\d{1,18}$/),
    /** ISO 4217. */
    currencyCode: z.string().regex(/^[A-Z]{3}$/),
    deliveryMethod: z.enum(['SHIPPING', 'PICK_UP', 'LOCAL_DELIVERY', 'IN_STORE']),
  }),
});
