import { z } from 'zod';
import { defineContract } from './contract.ts';
import { key } from './quantity.ts';

export const productChangedV1 = defineContract({
  meaning: 'Master data, variants or prices of a product differ from before.',
  sender: 'product',
  readers: ['inventory', 'gateway'],
  subject: 'productId',
  schema: z.strictObject({
    productId: key,
    /** The variants concerned; all of the product when its own data changed. */
    skus: z.array(key),
  }),
});
