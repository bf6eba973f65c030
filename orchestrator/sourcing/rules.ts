import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { CommerceError } from '../../platform/errors.ts';
import { FILL_POLICIES, PREFERENCES, type SourcingRule, type SourcingRules } from './model.ts';
import { DAYS } from './places.ts';

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

const schema = z
  .strictObject({
    zones: z.record(code, zone).default({}),
    nodes: z.record(code, node).default({}),
    rules: z.array(rule).max(1_000).default([]),
  })
  .superRefine(({ zones, nodes, rules }, context) => {
    const complain = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    for (const [name, { cost }] of Object.entries(nodes)) {
      for (const target of Object.keys(cost.to))
        if (!(target in zones)) complain(['nodes', name, 'cost', 'to', target], 'there is no such zone');
    }
    const names = new Set<string>();
    rules.forEach(({ name, only, without, prefer, otherwise, fill, nodes: preferred }, index) => {
      if (names.has(name)) complain(['rules', index, 'name'], `a second rule "${name}"`);
      names.add(name);
      if (only?.every((one) => without.includes(one))) complain(['rules', index, 'only'], 'no node is left');
      if (otherwise === 'wait' && fill !== 'FillAll')
        complain(
          ['rules', index, 'fill'],
          'an order that waits until one node has all of it is not cancelled: use FillAll',
        );
      if (prefer.includes('preferred-nodes') && preferred.length === 0)
        complain(['rules', index, 'nodes'], 'preferred-nodes needs the nodes in their order');
    });
    const last = rules.at(-1);
    if (last && (last.channels ?? last.serviceLevels ?? last.countries) !== undefined)
      complain(
        ['rules', rules.length - 1],
        'the last rule is for all orders: leave channels, serviceLevels, countries out',
      );
  });

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads how orders are spread over nodes.
 * @param file absolute path
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadSourcingRules(file: string): SourcingRules {
  const parsed = schema.safeParse(read(file));
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
}

function read(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CommerceError('CONFIGURATION_INVALID', `${file} cannot be read as YAML`, {}, { cause: error });
  }
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
