import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

export const fulfillmentOrderCommandedV1 = defineContract({
  meaning: 'A person asked for something to be done with the work of a node. What came of it is told by other events.',
  sender: 'fulfillment',
  readers: ['orchestrator'],
  /** One command is one subject: it is given once. */
  subject: 'commandId',
  schema: z.strictObject({
    commandId: key,
    fulfillmentOrderId: key,
    orderId: key,
    /** The node that has the work. */
    locationId: key,
    command: z.enum([
      'ACCEPT',
      'REJECT',
      'SHIP',
      'MARK_READY_FOR_PICKUP',
      'COMPLETE_PICKUP',
      'HOLD',
      'RELEASE_HOLD',
      'SCHEDULE',
      'MARK_AS_OPEN',
      'MOVE',
      'SPLIT',
      'MERGE',
    ]),
    /** The client that asked, as the audit names it. */
    by: key,
    /** In their words, or a code; left out where the command asks for none. */
    reason: z.string().max(255).optional(),
    askedAt: z.iso.datetime(),
    /** Units that it is about. */
    units: quantity.optional(),
    /** MOVE: the node that is to have the work. */
    targetLocationId: key.optional(),
    /** SCHEDULE: when the work is to be opened. */
    fulfilAt: z.iso.datetime().optional(),
    /** MERGE: pieces of work that end in this one. */
    merged: quantity.optional(),
  }),
});
