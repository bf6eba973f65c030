import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

export const returnReceivedV1 = defineContract({
  meaning: 'Goods of a return were inspected at a location and are kept.',
  sender: 'order',
  readers: ['inventory', 'settlement', 'orchestrator'],
  subject: 'orderId',
  schema: z.strictObject({
    returnId: key,
    orderId: key,
    locationId: key,
    /** Whether every unit of the return has now arrived. */
    complete: z.boolean(),
    /** What is kept. SELLABLE goods go back on hand, others are put aside. */
    lines: z
      .array(
        z.strictObject({
          lineId: key,
          sku: key,
          quantity,
          /** Units of the order line that were credited before: the tax share of a credit memo depends on it. */
          returnedBefore: z.int().min(0),
          /** Units that are to be paid back now: those that were not before they came. All of them when left out. */
          credited: z.int().min(0).optional(),
          disposition: z.enum(['SELLABLE', 'DEFECTIVE', 'CUSTOMER_DAMAGED', 'CARRIER_DAMAGED', 'FULFILLER_DAMAGED']),
        }),
      )
      .min(1),
  }),
});
