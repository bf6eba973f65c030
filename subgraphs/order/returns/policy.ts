import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';
import { projectFile } from '../../../platform/paths.ts';
import { readYaml } from '../../../platform/read-yaml.ts';
import type { RefundMoment } from './model.ts';

export interface ReturnRule {
  readonly name: string;
  /** Codes; null for all. */
  readonly channels: readonly string[] | null;
  /** Names of categories; null for all. */
  readonly categories: readonly string[] | null;
  readonly windowDays: number;
  readonly refund: RefundMoment;
}

/** What may come back, for how long, and when its money is given back. */
export interface ReturnPolicy {
  /** The last one is for everything. */
  readonly rules: readonly [...ReturnRule[], ReturnRule];
  readonly finalSale: ReadonlySet<string>;
  readonly expireAfterDays: number;
  readonly closePartialAfterDays: number;
}

/** What the policy says about units of an article. */
export type Verdict =
  | { readonly kind: 'returnable'; readonly refund: RefundMoment }
  | { readonly kind: 'finalSale' }
  | { readonly kind: 'periodEnded'; readonly windowDays: number };

const DAY_MILLIS = 86_400_000;
const days = z.int().min(1).max(3_650);
const names = z.array(z.string().min(1).max(200)).min(1).nullable().default(null);

const schema = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        channels: z
          .array(z.string().regex(/^[A-Z0-9_-]{1,32}$/, 'expected the code of a channel'))
          .min(1)
          .nullable()
          .default(null),
        categories: names,
        windowDays: z.int().min(0).max(3_650),
        refund: z.enum(['AUTHORIZATION', 'FIRST_SCAN', 'RECEIPT']),
      }),
    )
    .min(1)
    .max(200)
    .refine((rules) => isForAll(rules.at(-1)), 'the last rule must be for all channels and categories'),
  finalSale: z.array(z.string().min(1).max(64)).max(100_000).default([]),
  expireAfterDays: days,
  closePartialAfterDays: days,
});

/**
 * Reads what may come back.
 * @param file absolute path; `config/returns.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadReturnPolicy(file: string = projectFile('config', 'returns.yaml')): ReturnPolicy {
  const parsed = schema.safeParse(readYaml(file));
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
    throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
  }
  const { rules, finalSale, ...times } = parsed.data;
  return { ...times, rules: rules as [...ReturnRule[], ReturnRule], finalSale: new Set(finalSale) };
}

/**
 * Whether units of an article may come back now.
 * @param deliveredAt null while nothing of the order was delivered: no window has begun
 */
export function judge(
  policy: ReturnPolicy,
  article: { readonly sku: string; readonly categories: readonly string[] },
  order: { readonly channelCode: string; readonly deliveredAt: Date | null },
  now: Date,
): Verdict {
  if (policy.finalSale.has(article.sku)) return { kind: 'finalSale' };
  const last = policy.rules.at(-1) as ReturnRule;
  const rule =
    policy.rules.find(
      ({ channels, categories }) =>
        (channels === null || channels.includes(order.channelCode)) &&
        (categories === null || categories.some((name) => article.categories.includes(name))),
    ) ?? last;
  if (isOver(rule.windowDays, order.deliveredAt, now)) return { kind: 'periodEnded', windowDays: rule.windowDays };
  return { kind: 'returnable', refund: rule.refund };
}

/** Whether anything of an order may still come back: by the most generous rule that its articles could have. */
export function mayComeBack(
  policy: ReturnPolicy,
  order: { readonly channelCode: string; readonly deliveredAt: Date | null; readonly skus: readonly string[] },
  now: Date,
): boolean {
  const windows = policy.rules
    .filter(({ channels }) => channels === null || channels.includes(order.channelCode))
    .map(({ windowDays }) => windowDays);
  return order.skus.some((sku) => !policy.finalSale.has(sku)) && !isOver(Math.max(...windows), order.deliveredAt, now);
}

function isOver(windowDays: number, deliveredAt: Date | null, now: Date): boolean {
  return deliveredAt !== null && now.getTime() - deliveredAt.getTime() > windowDays * DAY_MILLIS;
}

function isForAll(rule: { channels: unknown; categories: unknown } | undefined): boolean {
  return rule?.channels === null && rule.categories === null;
}
