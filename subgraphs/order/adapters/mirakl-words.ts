import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';
import { projectFile } from '../../../platform/paths.ts';
import { readYaml } from '../../../platform/read-yaml.ts';

/** Where a line of a Mirakl order is, in our words. */
const PLACES = ['WAITING', 'NEW', 'PAYING', 'OPEN', 'GONE', 'CANCELLED'] as const;
const OUR_REASONS = ['CUSTOMER_REQUEST', 'OUT_OF_STOCK', 'FRAUD', 'PRICING_ERROR', 'ADDRESS_NOT_SERVICEABLE', 'OTHER'] as const; // biome-ignore format: one line

const word = z.string().trim().min(1).max(200);
const ours = z.string().regex(/^[A-Z][A-Z0-9_]{0,39}$/, 'expected capitals such as NEXT_DAY');
const schema = z.strictObject({
  version: z.literal(1),
  states: z.record(word, z.enum(PLACES)),
  takeOn: z.enum(['acceptance', 'debit']),
  parcels: z.enum(['shipments', 'order']),
  quantityIs: z.enum(['undecided', 'bought', 'left']),
  countries: z.record(word, z.string().regex(/^[A-Z]{2}$/, 'expected two capitals such as FR')),
  currencies: z.array(z.string().regex(/^[A-Z]{3}$/, 'expected three capitals such as EUR')).min(1),
  methods: z.record(word, ours),
  cancelReasons: z.record(z.enum(OUR_REASONS), word),
  refundReason: word,
  carriers: z.record(ours, word),
});

/** Mirakl's words and ours, as `config/mirakl.yaml` has them. */
export type MiraklWords = z.output<typeof schema>;

/**
 * Reads Mirakl's words.
 * @param file absolute path; `config/mirakl.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadMiraklWords(file: string = projectFile('config', 'mirakl.yaml')): MiraklWords {
  const parsed = schema.safeParse(readYaml(file));
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
}

/** Our word for one of an operator's reasons of cancelling. */
export function ourReason({ cancelReasons }: MiraklWords, theirs: string | null | undefined): string {
  const found = Object.entries(cancelReasons).find(([, word]) => word === theirs);
  return found?.[0] ?? 'OTHER';
}
