import { z } from 'zod';

/** Money and quantities of type Numeric: a JSON number would be rounded on the way. */
export const decimal = (value: string | number) => ({ __class__: 'Decimal', decimal: String(value) });

/** A day, as `YYYY-MM-DD`. */
export function date(day: string) {
  const [year, month, of] = day.split('-').map(Number);
  return { __class__: 'date', year, month, day: of };
}

/** A moment. Tryton's clock is UTC and counts microseconds; ours milliseconds. */
export const datetime = (at: Date) => ({
  __class__: 'datetime',
  year: at.getUTCFullYear(),
  month: at.getUTCMonth() + 1,
  day: at.getUTCDate(),
  hour: at.getUTCHours(),
  minute: at.getUTCMinutes(),
  second: at.getUTCSeconds(),
  microsecond: at.getUTCMilliseconds() * 1_000,
});

/** Digits as Tryton wrote them, of whatever scale: `120.00000000000`. */
export const decimalText = z
  .object({ __class__: z.literal('Decimal'), decimal: z.string().regex(/^-?\d+(\.\d+)?$/) })
  .transform((value) => value.decimal);

const dateParts = { year: z.int(), month: z.int(), day: z.int() };

export const day = z
  .object({ __class__: z.literal('date'), ...dateParts })
  .transform(({ year, month, day: of }) => [year, month, of].map((part) => String(part).padStart(2, '0')).join('-'));

export const moment = z
  .object({
    __class__: z.literal('datetime'),
    ...dateParts,
    hour: z.int(),
    minute: z.int(),
    second: z.int(),
    microsecond: z.int(),
  })
  .transform(
    (at) => new Date(Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second, at.microsecond / 1_000)),
  );

/** 1 and 0 on SQLite, true and false on PostgreSQL; null where nothing was ever said. */
export const flag = z.union([z.boolean(), z.literal(0), z.literal(1), z.null()]).transform(Boolean);

export const id = z.int().positive();
export const ids = z.array(id);

/** What `write_date` hides: it is null until the first change after the creation. */
export const changeDates = { create_date: moment.nullable(), write_date: moment.nullable() };

/** Of a refusal Tryton tells the class, and of a warning its name; texts stay out, they quote records. */
export function refusalIn(answer: unknown): Readonly<Record<string, string>> | null {
  const parsed = envelopeWithError.safeParse(answer);
  if (!parsed.success) return null;
  const [kind, content] = parsed.data.error;
  switch (kind) {
    case 'UserError':
      return { systemCode: 'USER_ERROR' };
    case 'UserWarning': {
      const name = Array.isArray(content) ? content[0] : null;
      return { systemCode: 'USER_WARNING', ...(isWarningName(name) ? { warning: name } : {}) };
    }
    case 'ConcurrencyException':
      return { systemCode: 'CONCURRENCY' };
    default:
      // Any other exception of its program: the first element is its text.
      return { systemCode: 'UNEXPECTED' };
  }
}

const envelopeWithError = z.object({ error: z.tuple([z.string()], z.unknown()) });
const isWarningName = (name: unknown): name is string => typeof name === 'string' && /^[\w.,-]{1,200}$/.test(name);
