import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key } from './quantity.ts';

export const invoicePostedV1 = defineContract({
  meaning: 'The ERP posted an invoice.',
  sender: 'settlement',
  readers: ['order', 'orchestrator'],
  subject: 'invoiceId',
  schema: z.strictObject({ invoiceId: key, orderId: key }),
});
