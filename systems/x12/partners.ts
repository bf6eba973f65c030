import { z } from 'zod';
import { CommerceError } from '../../platform/errors.ts';
import { projectFile } from '../../platform/paths.ts';
import { readYaml } from '../../platform/read-yaml.ts';
import type { InventoryCodes } from './inventory-advice.ts';
import type { AdviceCodes } from './shipping-advice.ts';
import type { OrderCodes } from './shipping-order.ts';

const code = (longest: number) => z.string('expected a text; write numbers in quotes').regex(new RegExp(`^[A-Z0-9]{1,${longest}}$`), `expected a code of at most ${longest} capitals and digits`); // biome-ignore format: one thought
const party = z.strictObject({ qualifier: code(2), id: z.string().regex(/^[A-Z0-9 _-]{1,15}$/, 'expected at most 15 characters') }); // biome-ignore format: one thought
const word = z.string('expected a text; write numbers in quotes').trim().min(1).max(35);
const ours = z.string().regex(/^[A-Z][A-Z0-9_]{0,39}$/, 'expected capitals such as NEXT_DAY');

const partner = z.strictObject({
  folder: z.string().regex(/^[A-Z][A-Z0-9_]{1,63}$/, 'expected the name of an environment variable, such as NORTHSTAR_FOLDER; never its value'), // biome-ignore format: one thought
  site: z.strictObject({ code: z.string().regex(/^[A-Z0-9_-]{1,20}$/, 'expected a code of a site'), name: word }),
  parties: z.strictObject({ ours: party, theirs: party, usage: z.enum(['P', 'T']) }),
  timeZone: z.string().refine((zone) => zone === 'UTC' || Intl.supportedValuesOf('timeZone').includes(zone), 'expected a time zone, such as America/Chicago'), // biome-ignore format: one thought
  order: z.strictObject({ newOrder: code(1), unit: code(2), skuQualifier: code(2), lineQualifier: code(3) }),
  advice: z.strictObject({
    ssccMark: code(2),
    trackingMark: code(2),
    shippedDate: code(2),
    lineStatuses: z.record(code(2), z.enum(['COMPLETE', 'PARTIAL'])),
  }),
  inventory: z.strictObject({ onHandQuantity: code(2) }),
  services: z.record(ours, word),
  carriers: z.record(word, ours),
  skus: z.record(z.string().min(1).max(48), z.string('expected a text; write numbers in quotes').min(1).max(48)).refine((table) => new Set(Object.values(table)).size === Object.keys(table).length, 'two of our articles have the same number there'), // biome-ignore format: one thought
});
const schema = z.strictObject({
  version: z.literal(1),
  partners: z.record(z.string().regex(/^[A-Z][A-Z0-9]{0,19}$/, 'expected capitals such as NORTHSTAR'), partner),
}).superRefine(({ partners }, context) => {
  const sites = Object.values(partners).map(({ site }) => site.code);
  if (new Set(sites).size < sites.length) context.addIssue({ code: 'custom', path: ['partners'], message: 'two partners have the same site' });
}); // biome-ignore format: one thought

/** A 3PL and what was agreed with it, as config/x12.yaml has it. */
export interface X12Partner extends z.output<typeof partner> {
  readonly name: string;
}

/**
 * Reads what was agreed with 3PLs.
 * @param file absolute path; `config/x12.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadX12Partners(file: string = projectFile('config', 'x12.yaml')): X12Partner[] {
  const parsed = schema.safeParse(readYaml(file));
  if (parsed.success) return Object.entries(parsed.data.partners).map(([name, agreed]) => ({ name, ...agreed }));
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
}

/** The codes of the partner's files. */
export function codesOf({ order, advice, inventory, timeZone }: X12Partner): OrderCodes & AdviceCodes & InventoryCodes {
  return { ...order, ...advice, ...inventory, timeZone, units: [order.unit] };
}

/** The article's number there. */
export const theirSku = ({ skus }: X12Partner, sku: string): string => skus[sku] ?? sku;

/** Our number of an article of theirs; null for a number that stands for another one of ours. */
export function ourSku({ skus }: X12Partner, sku: string): string | null {
  const found = Object.entries(skus).find(([, theirs]) => theirs === sku);
  if (found) return found[0];
  return sku in skus ? null : sku;
}
