import type { z } from 'zod';

/**
 * An answer that has to be about what was asked: a system that confuses two of its records must not bring one of somebody
 * else into the caller's. Any other record is SYSTEM_BAD_RESPONSE, and nothing of it is passed on.
 */
export function about<Answer extends { readonly [Name in Field]: unknown }, Field extends string>(
  schema: z.ZodType<Answer>,
  field: Field,
  asked: Answer[Field],
): z.ZodType<Answer> {
  return schema.refine((answer) => answer[field] === asked, { path: [field], message: 'another record' });
}
