import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key, quantity } from './quantity.ts';

const minor = z.string().regex(/^\d{1,18}$/);

export const creditMemoPostedV1 = defineContract({
  meaning: 'The ERP posted a credit memo: the buyer gets money back.',
  sender: 'settlement',
  readers: ['order'],
  subject: 'creditMemoId',
  schema: z.strictObject({
    creditMemoId: key,
    orderId: key,
    /** ISO 4217. */
    currencyCode: z.string().regex(/^[A-Z]{3}$/),
    /** Tax included, in minor units of the currency. */
    totalMinor: minor,
    lines: z.array(z.strictObject({ lineId: key, sku: key, quantity, grossMinor: minor })).min(1),
  }),
});
