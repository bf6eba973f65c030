import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';
import { projectFile } from '../../../platform/paths.ts';
import { readYaml } from '../../../platform/read-yaml.ts';

/** Where units of a Walmart order line are, in our words. */
const PLACES = ['NEW', 'OPEN', 'GONE', 'CANCELLED'] as const;
const OUR_REASONS = ['CUSTOMER_REQUEST', 'OUT_OF_STOCK', 'FRAUD', 'PRICING_ERROR', 'ADDRESS_NOT_SERVICEABLE', 'OTHER'] as const; // biome-ignore format: one line

const word = z.string().trim().min(1).max(200);
const ours = z.string().regex(/^[A-Z][A-Z0-9_]{0,39}$/, 'expected capitals such as NEXT_DAY');
const schema = z.strictObject({
  version: z.literal(1),
  statuses: z.record(word, z.enum(PLACES)),
  pieces: z.array(word).min(1),
  countries: z.record(word, z.string().regex(/^[A-Z]{2}$/, 'expected two capitals such as US')),
  currencies: z.array(z.string().regex(/^[A-Z]{3}$/, 'expected three capitals such as USD')).min(1),
  methods: z.record(word, ours),
  cancelReasons: z.record(z.enum(OUR_REASONS), word),
  carriers: z.record(ours, word),
  trackingPage: z.string().regex(/^https:\/\/.*\{trackingNumber\}/, 'expected an https address with {trackingNumber}'),
  itemPriceOf: z.enum(['undecided', 'unit', 'line']),
  refundReason: word,
});

/** Walmart's words and ours, as `config/walmart.yaml` has them. */
export type WalmartWords = z.output<typeof schema>;

/**
 * Reads Walmart's words.
 * @param file absolute path; `config/walmart.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadWalmartWords(file: string = projectFile('config', 'walmart.yaml')): WalmartWords {
  const parsed = schema.safeParse(readYaml(file));
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
}

/** Our word for one of Walmart's reasons of cancelling; Walmart gives none, or one of its own making, for its own cancellations. */
export function ourReason({ cancelReasons }: WalmartWords, theirs: string | null | undefined): string {
  const found = Object.entries(cancelReasons).find(([, word]) => word === theirs);
  return found?.[0] ?? 'CUSTOMER_REQUEST';
}
