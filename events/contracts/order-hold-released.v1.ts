import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key } from './quantity.ts';

export const orderHoldReleasedV1 = defineContract({
  meaning: 'The last hold of an order was lifted: it goes on.',
  sender: 'order',
  readers: ['orchestrator'],
  subject: 'orderId',
  schema: z.strictObject({ orderId: key }),
});
