import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';
import { projectFile } from '../../../platform/paths.ts';
import { readYaml } from '../../../platform/read-yaml.ts';

const PHASES = ['ASKED', 'PERMITTED', 'WITHDRAWN', 'EXPIRED', 'ENDED'] as const;
const MOVES = ['NONE', 'IN_TRANSIT', 'OUT_FOR_DELIVERY', 'DELIVERED', 'LOST'] as const;
const REASONS = ['DEFECTIVE', 'NOT_AS_DESCRIBED', 'SIZE_TOO_LARGE', 'SIZE_TOO_SMALL', 'STYLE', 'UNWANTED', 'WRONG_ITEM', 'OTHER'] as const; // biome-ignore format: one line

const word = z.string().trim().min(1).max(200);
const account = z.strictObject({
  connector: z.literal('loop'),
  webhookSecret: z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'expected the name of an environment variable, such as LOOP_WEBHOOK_SECRET'), // biome-ignore format: one thought
  channels: z.array(z.string().regex(/^[A-Z0-9_-]{1,32}$/, 'expected the code of a channel')).min(1),
});
const loop = z.strictObject({
  states: z.record(word, z.enum(PHASES)),
  labels: z.record(word, z.enum(MOVES)),
  outcomes: z.record(word, z.enum(['MONEY', 'CREDIT', 'GOODS'])),
  reasons: z.record(word, z.enum(REASONS)),
});
const schema = z.strictObject({
  accounts: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected a name in small letters'), account),
  words: z.strictObject({ loop }),
});

export type LoopWords = z.output<typeof loop>;
export type ReturnPlatformAccount = z.output<typeof account>;

/**
 * Reads on which platforms buyers ask for returns, and what their words mean.
 * @param file absolute path; `config/return-platforms.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadReturnPlatforms(file: string = projectFile('config', 'return-platforms.yaml')): {
  readonly accounts: ReadonlyMap<string, ReturnPlatformAccount>;
  readonly words: z.output<typeof schema>['words'];
} {
  const parsed = schema.safeParse(readYaml(file));
  if (parsed.success) return { accounts: new Map(Object.entries(parsed.data.accounts)), words: parsed.data.words };
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
}
