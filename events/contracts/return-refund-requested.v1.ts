import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

export const returnRefundRequestedV1 = defineContract({
  meaning: 'Units of a return are paid back whether or not their goods have arrived.',
  sender: 'order',
  readers: ['orchestrator'],
  subject: 'orderId',
  schema: z.strictObject({
    returnId: key,
    orderId: key,
    lines: z
      .array(
        z.strictObject({
          lineId: key,
          sku: key,
          quantity,
          /** Units of the order line that were credited before: the tax share of a credit memo depends on it. */
          creditedBefore: z.int().min(0),
        }),
      )
      .min(1),
  }),
});
