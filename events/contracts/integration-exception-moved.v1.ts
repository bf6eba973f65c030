import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key } from './quantity.ts';

export const integrationExceptionMovedV1 = defineContract({
  meaning: 'An integration exception that concerns an order met a further attempt, a correction or its end.',
  sender: 'operations',
  readers: ['orchestrator'],
  subject: 'exceptionId',
  schema: z.strictObject({
    exceptionId: key,
    orderId: key,
    system: key,
    operation: key,
    change: z.enum(['FAILED_AGAIN', 'RETRY_REQUESTED', 'CORRECTED', 'RESOLVED', 'DISMISSED']),
    /** Failed attempts so far. */
    attempts: z.int().min(1),
    /** Of the newest attempt. */
    cause: key,
    /** Which client, or which attempt or system. */
    by: key.nullable(),
    /** What the newest attempt met, shortened; of a correction or dismissal its reason. No personal data. */
    message: z.string().nullable(),
  }),
});
