import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

export const backorderAllocatedV1 = defineContract({
  meaning: 'Units of an order that waited for stock have a node: its stock is committed to them.',
  sender: 'inventory',
  readers: ['orchestrator'],
  subject: 'decisionId',
  schema: z.strictObject({
    /** Names the decision; it is made once. */
    decisionId: key,
    orderId: key,
    lines: z.array(z.strictObject({ lineId: key, sku: key, locationId: key, quantity })).min(1),
    /** Why these nodes, for people. */
    explanation: z.string().max(2_000),
  }),
});
