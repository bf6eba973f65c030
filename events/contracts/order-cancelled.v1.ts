import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

export const orderCancelledV1 = defineContract({
  meaning: 'Units of an order were cancelled: all of it, or what had not left yet.',
  sender: 'order',
  readers: ['orchestrator', 'settlement', 'order'],
  subject: 'orderId',
  schema: z.strictObject({
    orderId: key,
    /** Class of the reason, as the contract's CancelReason names it. */
    reason: key,
    /** The channel's request that it is an answer to. Left out when it was our own decision. */
    requestId: key.optional(),
    /** What was cancelled by this change, not in total. */
    lines: z.array(z.strictObject({ lineId: key, quantity })).min(1),
  }),
});
