import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';
import { projectFile } from '../../../platform/paths.ts';
import { readYaml } from '../../../platform/read-yaml.ts';

const OUR_REASONS = ['CUSTOMER_REQUEST', 'OUT_OF_STOCK', 'FRAUD', 'PRICING_ERROR', 'ADDRESS_NOT_SERVICEABLE', 'OTHER'] as const; // biome-ignore format: one line

const word = z.string().trim().min(1).max(200);
const ours = z.string().regex(/^[A-Z][A-Z0-9_]{0,39}$/, 'expected capitals such as NEXT_DAY');
const schema = z.strictObject({
  version: z.literal(1),
  statuses: z.record(word, z.enum(['WAITING', 'OPEN', 'CANCELLED'])),
  fulfilledBy: z.record(word, z.enum(['WAITING', 'OPEN'])),
  programs: z.record(word, z.enum(['SHIP', 'ASK'])),
  methods: z.record(word, ours),
  cancelledBy: z.record(word, z.enum(OUR_REASONS)),
  carriers: z.record(ours, word),
});

/** Amazon's words and ours, as `config/amazon.yaml` has them. */
export type AmazonWords = z.output<typeof schema>;

/**
 * Reads Amazon's words.
 * @param file absolute path; `config/amazon.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadAmazonWords(file: string = projectFile('config', 'amazon.yaml')): AmazonWords {
  const parsed = schema.safeParse(readYaml(file));
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
}
