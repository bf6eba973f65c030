import { z } from 'zod';

const CODE = /^[A-Z0-9_]{1,64}$/;

const failed = z.object({
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }).optional() })).min(1),
});
const answered = z.object({ data: z.record(z.string(), z.unknown()) });
const refused = z.object({ errorCode: z.string() });

/**
 * Vendure refuses under a status of success: by `errors` (rights, and exceptions of its program), or by a member of the
 * answer's union that has an `errorCode`. Only the code is told: texts quote records.
 */
export function refusalIn(answer: unknown): Readonly<Record<string, string>> | null {
  const errors = failed.safeParse(answer);
  if (errors.success) return { systemCode: codeOf(errors.data.errors[0]?.extensions?.code) };
  const read = answered.safeParse(answer);
  for (const member of Object.values(read.data?.data ?? {})) {
    const refusal = refused.safeParse(member);
    if (refusal.success) return { systemCode: codeOf(refusal.data.errorCode) };
  }
  return null;
}

/** The same under a status of its own: a document that names what its schema does not have, for want of the extension. */
export function errorIn(answer: unknown): object {
  const errors = failed.safeParse(answer);
  return errors.success ? { error: { code: codeOf(errors.data.errors[0]?.extensions?.code) } } : {};
}

const codeOf = (code: string | undefined) => (code !== undefined && CODE.test(code) ? code : 'INTERNAL_SERVER_ERROR');

/** A moment as Vendure writes it. */
export const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
/** Minor units of the order's currency. */
export const minorUnits = z.int();
export const id = z.string().min(1);
