import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

export const returnReceivedV1 = defineContract({
  meaning: 'Goods of a return arrived at a location and were inspected.',
  sender: 'order',
  readers: ['inventory', 'settlement', 'orchestrator'],
  subject: 'orderId',
  schema: z.strictObject({
    returnId: key,
    orderId: key,
    locationId: key,
    /** Whether every unit of the return has now arrived. */
    complete: z.boolean(),
    /** What arrived this time. SELLABLE goods go back on hand. */
    lines: z
      .array(
        z.strictObject({
          lineId: key,
          sku: key,
          quantity,
          /** Units of the order line that had come back before: the tax share of a credit memo depends on it. */
          returnedBefore: z.int().min(0),
          disposition: z.enum(['SELLABLE', 'DEFECTIVE', 'CUSTOMER_DAMAGED', 'CARRIER_DAMAGED', 'FULFILLER_DAMAGED']),
        }),
      )
      .min(1),
  }),
});
