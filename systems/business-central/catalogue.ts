import { z } from 'zod';
import type { CallOptions } from '../client-kit/call-options.ts';
import type { ODataClient } from '../odata/client.ts';

const guid = z.string().regex(/^[0-9a-fA-F-]{36}$/);
const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
/** Decimals are JSON numbers in V4: up to 15 digits they are what was written. */
const decimal = z.number().transform((value, context) => {
  const text = String(value);
  if (/^-?\d+(\.\d+)?$/.test(text)) return text;
  context.addIssue({ code: 'custom', message: 'not a decimal' });
  return z.NEVER;
});

const category = z.object({ id: guid, code: z.string(), displayName: z.string() });
const variant = z.object({ id: guid, code: z.string(), description: z.string() });
const item = z.object({
  id: guid,
  number: z.string(),
  displayName: z.string(),
  type: z.string(),
  itemCategoryId: guid,
  blocked: z.boolean(),
  gtin: z.string(),
  unitPrice: decimal,
  priceIncludesTax: z.boolean(),
  lastModifiedDateTime: moment,
  itemVariants: z.array(variant),
});
const NO_ID = '00000000-0000-0000-0000-000000000000';

export type BusinessCentralCategory = z.output<typeof category>;
export type BusinessCentralItem = Omit<z.output<typeof item>, 'itemCategoryId'> & {
  /** Null when it has none: the service writes a GUID of zeros then. */
  readonly itemCategoryId: string | null;
};

export function readCategories(odata: ODataClient, call: CallOptions): Promise<BusinessCentralCategory[]> {
  return gather(odata.all('/itemCategories', { select: 'id,code,displayName' }, category, call));
}

/** Items that can be sold, with their variants. */
export async function readItems(odata: ODataClient, call: CallOptions): Promise<BusinessCentralItem[]> {
  const query = {
    select: 'id,number,displayName,type,itemCategoryId,blocked,gtin,unitPrice,priceIncludesTax,lastModifiedDateTime',
    expand: 'itemVariants($select=id,code,description)',
  };
  const all = await gather(odata.all('/items', query, item, call));
  return all
    .filter(({ type, blocked }) => !blocked && type !== 'Service')
    .map((one) => ({ ...one, itemCategoryId: one.itemCategoryId === NO_ID ? null : one.itemCategoryId }));
}

/** The same text as before when nothing was added, changed or removed, as far as the sets tell. */
export async function readMark(odata: ODataClient, sets: readonly string[], call: CallOptions): Promise<string> {
  const newest = { select: 'id,lastModifiedDateTime', orderby: 'lastModifiedDateTime desc', top: 1 };
  const marks = await Promise.all(sets.map((set) => odata.count(`/${set}`, newest, call)));
  return JSON.stringify(marks.map(({ count, rows }) => [count, rows]));
}

async function gather<Row>(pages: AsyncGenerator<Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of pages) rows.push(...page);
  return rows;
}
