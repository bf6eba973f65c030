import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key } from './quantity.ts';

export const returnLabelRequestedV1 = defineContract({
  meaning: 'A carrier is to issue a label for a permitted return.',
  sender: 'order',
  readers: ['orchestrator'],
  subject: 'orderId',
  schema: z.strictObject({
    returnId: key,
    orderId: key,
    /** Printed on the label. */
    number: key,
    /** Where the buyer hands it in, ISO 3166-1 alpha-2; null when the order was not sent anywhere. */
    originCountry: key.nullable(),
  }),
});
