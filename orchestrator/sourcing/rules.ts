import { z } from 'zod';
import { CommerceError } from '../../platform/errors.ts';
import { readYaml } from '../../platform/read-yaml.ts';
import { adviceOnCodes, type KnownCodes, unknownCodes } from './known-codes.ts';
import { FILL_POLICIES, PREFERENCES, type SourcingRule, type SourcingRules } from './model.ts';
import { DAYS } from './places.ts';
import { contradictions, writtenRules } from './written-rules.ts';

const code = z.string('expected a text; write numbers in quotes').trim().min(1).max(200);
const country = z.string().regex(/^[A-Z]{2}$/, 'expected two capital letters, such as GB');
const minor = z.int('expected whole minor units').min(0).max(1_000_000_000);
const place = z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)], {
  error: 'expected [latitude, longitude] in degrees',
});
const list = <Item extends z.ZodType>(item: Item) => z.array(item).min(1).max(1_000);

const zone = z.strictObject({
  country,
  postalCodes: z
    .array(code.transform((text) => text.replaceAll(' ', '').toUpperCase()))
    .max(10_000)
    .default([]),
  at: place.optional(),
});

const node = z.strictObject({
  planned: z.boolean().optional(),
  ships: z.boolean().optional(),
  priority: z.int().min(0).max(1_000).optional(),
  at: place.optional(),
  cutOff: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day in quotes, such as "16:00"')
    .optional(),
  timeZone: z.string().refine(isTimeZone, 'expected an IANA time zone, such as Europe/London').default('UTC'),
  closed: z
    .array(z.enum(DAYS))
    .refine((days) => new Set(days).size < DAYS.length, 'the node is closed on every day')
    .default([]),
  capacityPerDay: z.int().min(0).max(1_000_000).optional(),
  delivers: list(country).optional(),
  cost: z
    .strictObject({
      shipment: minor.default(0),
      unit: minor.default(0),
      to: z.record(code, minor).default({}),
    })
    .default({ shipment: 0, unit: 0, to: {} }),
});

const rule = z.strictObject({
  name: code,
  channels: list(code).optional(),
  serviceLevels: list(code).optional(),
  countries: list(country).optional(),
  prefer: list(z.enum(PREFERENCES)),
  nodes: z.array(code).max(1_000).default([]),
  without: z.array(code).max(1_000).default([]),
  only: list(code).optional(),
  shipments: z.int().min(1).max(100).optional(),
  otherwise: z.enum(['split', 'wait']).default('split'),
  fill: z.enum(FILL_POLICIES).default('FillAll'),
  keep: z.int().min(0).max(1_000_000).default(0),
});

const schema = z.strictObject({
  zones: z.record(code, zone).default({}),
  nodes: z.record(code, node).default({}),
  plannedChannels: z.array(code).max(1_000).default([]),
  rules: z.array(rule).max(1_000).default([]),
});

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const NONE_KNOWN: KnownCodes = { nodes: [], channels: [] };

/**
 * Reads how orders are spread over nodes.
 * @param file absolute path
 * @param known codes of the nodes and channels that exist, as far as they are known: where the rules are refused, those that
 *   they name wrongly are told as well. Rules with no other mistake are given back: a code that is not known may be a new node.
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadSourcingRules(file: string, known: KnownCodes = NONE_KNOWN): SourcingRules {
  const content = readYaml(file);
  const parsed = schema.safeParse(content);
  const written = writtenRules(content);
  const problems = [
    ...(parsed.error?.issues ?? []).map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`),
    ...contradictions(written),
  ];
  if (parsed.success && problems.length === 0) return parsed.data;
  const unknown = unknownCodes(written, known);
  const advice = unknown.length === 0 ? '' : `. ${adviceOnCodes(unknown, known)}`;
  throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${[...problems, ...unknown].join('; ')}${advice}`);
}

/** The first rule that fits, or null when the file has none. */
export function ruleFor(
  rules: readonly SourcingRule[],
  order: {
    readonly channelCode: string;
    readonly serviceLevel: string | null;
    readonly destination: { readonly countryCode: string } | null;
  },
): SourcingRule | null {
  const admits = (wanted: readonly string[] | undefined, actual: string | null | undefined) =>
    wanted === undefined || (actual != null && wanted.includes(actual));
  return (
    rules.find(
      (one) =>
        admits(one.channels, order.channelCode) &&
        admits(one.serviceLevels, order.serviceLevel) &&
        admits(one.countries, order.destination?.countryCode),
    ) ?? null
  );
}
