import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

export const orderCancellationAnsweredV1 = defineContract({
  meaning: 'Everything that a channel wanted cancelled of an order is cancelled or refused.',
  sender: 'order',
  readers: ['order'],
  subject: 'orderId',
  schema: z.strictObject({
    orderId: key,
    requestId: key,
    /** The channel's own name of its request. */
    channelRequestId: key,
    answer: z.enum(['GRANTED', 'PARTLY_GRANTED', 'REFUSED']),
    /** What was cancelled. */
    lines: z.array(z.strictObject({ lineId: key, quantity })),
  }),
});
