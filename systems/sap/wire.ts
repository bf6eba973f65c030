import { z } from 'zod';

// JSON of OData V2: decimals are texts, moments are `/Date(milliseconds)/`, nothing is a number.

const DATE = /^\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\/$/;

/** `/Date(1492041600000)/` or `/Date(1492041600000+0000)/`: milliseconds of UTC in both, the offset only says how to show it. */
export const moment = z
  .string()
  .regex(DATE)
  .transform((text) => new Date(Number(DATE.exec(text)?.[1])));

/** A day, as the text `2017-04-13`: it is that day everywhere. */
export const day = moment.transform((at) => at.toISOString().slice(0, 10));

/** Decimal text such as `3.390000000`; trailing zeros of the scale are left out. */
export const decimal = z
  .string()
  .regex(/^-?\d{1,24}(\.\d{1,24})?$/)
  .transform((text) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text));

/** Entities that came along. */
export const several = <Row extends z.ZodType>(row: Row) =>
  z.object({ results: z.array(row) }).transform(({ results }) => results);

/** A text within a filter. */
export const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
