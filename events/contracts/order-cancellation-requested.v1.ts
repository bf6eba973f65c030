import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

export const orderCancellationRequestedV1 = defineContract({
  meaning:
    'Units of an order that nodes have are to be cancelled: the nodes are asked to give them back, and may refuse.',
  sender: 'order',
  readers: ['orchestrator'],
  subject: 'orderId',
  schema: z.strictObject({
    orderId: key,
    /** Class of the reason, as the contract's CancelReason names it. */
    reason: key,
    lines: z.array(z.strictObject({ lineId: key, quantity })).min(1),
  }),
});
