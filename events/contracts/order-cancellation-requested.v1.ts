import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

export const orderCancellationRequestedV1 = defineContract({
  meaning:
    'Units of an order that nodes have are to be cancelled: the nodes are asked to give them back, and may refuse.',
  sender: 'order',
  readers: ['orchestrator', 'order'],
  subject: 'orderId',
  schema: z.strictObject({
    orderId: key,
    /** Class of the reason, as the contract's CancelReason names it. */
    reason: key,
    /** The channel's request that it belongs to. Left out when it was our own decision. */
    requestId: key.optional(),
    lines: z.array(z.strictObject({ lineId: key, quantity })).min(1),
  }),
});
