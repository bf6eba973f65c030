import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key } from './quantity.ts';

export const inventoryChangedV1 = defineContract({
  meaning: 'What can be sold of an item, or what is on hand, differs from before.',
  sender: 'inventory',
  readers: ['product', 'inventory', 'orchestrator', 'gateway'],
  subject: 'sku',
  schema: z.strictObject({
    sku: key,
    /** Where it changed. Null when it changed at several locations at once. */
    locationId: key.nullable(),
    /** Units that can be sold: the sum over all nodes that ship, before the safety stock of a channel is taken off. */
    available: z.int(),
    /** Units physically there, summed over the same nodes. */
    onHand: z.int(),
    /** Age of the newest fact of the warehouse system in these numbers. */
    asOf: z.iso.datetime({ offset: true }),
  }),
});
