import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key } from './quantity.ts';

export const integrationExceptionRaisedV1 = defineContract({
  meaning: 'A message between systems could not be processed and waits in the exception queue.',
  sender: 'operations',
  readers: ['gateway', 'orchestrator'],
  subject: 'exceptionId',
  schema: z.strictObject({
    exceptionId: key,
    /** The order it belongs to, where that is known. */
    orderId: key.nullable().optional(),
    system: key.optional(),
    operation: key.optional(),
    cause: key.optional(),
    /** What was met, shortened. No personal data. */
    message: z.string().optional(),
  }),
});
