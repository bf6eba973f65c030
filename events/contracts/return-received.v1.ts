import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

export const returnReceivedV1 = defineContract({
  meaning: 'Goods of a return arrived at a location and were inspected.',
  sender: 'order',
  readers: ['inventory', 'settlement', 'orchestrator'],
  subject: 'returnId',
  schema: z.strictObject({
    returnId: key,
    orderId: key,
    locationId: key,
    /** What arrived this time. SELLABLE goods go back on hand. */
    lines: z
      .array(
        z.strictObject({
          lineId: key,
          sku: key,
          quantity,
          disposition: z.enum(['SELLABLE', 'DEFECTIVE', 'CUSTOMER_DAMAGED', 'CARRIER_DAMAGED', 'FULFILLER_DAMAGED']),
        }),
      )
      .min(1),
  }),
});
