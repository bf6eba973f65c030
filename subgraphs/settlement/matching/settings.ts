import { hash } from 'node:crypto';
import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';
import { isCurrencyCode, timesRate } from '../../../platform/money.ts';
import { projectFile } from '../../../platform/paths.ts';
import { readYaml } from '../../../platform/read-yaml.ts';
import { LINE_CLASSES, type LineClass, type SettlementLine } from '../reports/model.ts';

/** Explains rows of a class by their words. */
export interface FeeRule {
  readonly class: LineClass;
  readonly words: readonly string[];
  /** Hundredths of a per cent of the sale; null when the amount is not checked. */
  readonly rateBasisPoints: number | null;
}

export interface ChannelSettings {
  readonly settlementDelayDays: number;
  /** Days after the day of payment that a payout may take to the bank. */
  readonly payoutDelayDays: number;
  readonly periodGraceDays: number;
  /** Whether a person decides about lines that are right but booked outside of their period. */
  readonly decidesShifts: boolean;
  readonly remitsTax: boolean;
  /** Whether what a channel settles for delivery is income as it is. Our orders have no charge for it. */
  readonly acceptsDelivery: boolean;
  readonly orderIdPattern: RegExp | null;
  readonly fees: readonly FeeRule[];
}

export interface SettlementSettings {
  /** Equal for the same settings, whatever their comments. */
  readonly fingerprint: string;
  /** Minor units. */
  tolerance(currencyCode: string): bigint;
  /** Minor units above which a write-off needs a second person. */
  secondApproverAbove(currencyCode: string): bigint;
  /** Days that a credit at the bank may wait for a payout that explains it. */
  readonly unexplainedCreditDays: number;
  channel(code: string): ChannelSettings;
  /** Whether the channel has settings of its own. */
  isConfigured(code: string): boolean;
  readonly exchangeToleranceBasisPoints: number;
  /** Converts at the reference rate, half up on the minor unit; null when there is no rate. */
  convert(amountMinor: bigint, from: string, to: string): bigint | null;
}

const currency = z.string().refine(isCurrencyCode, 'expected an ISO 4217 code such as GBP');
const minor = z.record(currency, z.int().min(0));
const days = z.int().min(0).max(400);
const pattern = z.string().refine(isPattern, 'expected a regular expression').nullable();
const fee = z.strictObject({
  class: z.enum(LINE_CLASSES),
  words: z.array(z.string().trim().min(1)).min(1),
  rateBasisPoints: z.int().min(0).max(10_000).optional(),
});
const channel = {
  settlementDelayDays: days,
  payoutDelayDays: days,
  periodGraceDays: days,
  decidesShifts: z.boolean(),
  remitsTax: z.boolean(),
  acceptsDelivery: z.boolean(),
  orderIdPattern: pattern,
  fees: z.array(fee),
};
const schema = z.strictObject({
  tolerance: minor,
  secondApproverAbove: minor,
  // Files written before there was such a delay go on.
  unexplainedCreditDays: days.default(7),
  exchange: z.strictObject({
    toleranceBasisPoints: z.int().min(0).max(10_000),
    rates: z.array(z.strictObject({ from: currency, to: currency, rate: z.string().regex(/^\d{1,9}(\.\d{1,9})?$/) })),
  }),
  // As it was before there was a choice, where a file names none.
  default: z.strictObject({ ...channel, payoutDelayDays: days.default(7), decidesShifts: z.boolean().default(false), acceptsDelivery: z.boolean().default(true) }), // biome-ignore format: one thought
  channels: z.record(z.string().min(1), z.strictObject(channel).partial()),
});

/**
 * Reads how settlements are judged.
 * @param file absolute path; `config/settlement.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadSettlementSettings(file: string = projectFile('config', 'settlement.yaml')): SettlementSettings {
  const parsed = schema.safeParse(readYaml(file));
  if (parsed.success) return toSettings(parsed.data);
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
}

type Read = z.output<typeof schema>;

function toSettings(read: Read): SettlementSettings {
  const channels = new Map(
    Object.entries(read.channels).map(([code, own]) => [code, toChannel({ ...read.default, ...withoutAbsent(own) })]),
  );
  const fallback = toChannel(read.default);
  const rates = new Map(read.exchange.rates.map(({ from, to, rate }) => [`${from} ${to}`, rate]));
  return {
    fingerprint: hash('sha256', JSON.stringify(read)),
    tolerance: (code) => BigInt(read.tolerance[code] ?? 0),
    secondApproverAbove: (code) => BigInt(read.secondApproverAbove[code] ?? 0),
    unexplainedCreditDays: read.unexplainedCreditDays,
    channel: (code) => channels.get(code) ?? fallback,
    isConfigured: (code) => channels.has(code),
    exchangeToleranceBasisPoints: read.exchange.toleranceBasisPoints,
    convert(amountMinor, from, to) {
      const rate = from === to ? '1' : rates.get(`${from} ${to}`);
      return rate === undefined ? null : timesRate(amountMinor, rate, from, to);
    },
  };
}

function toChannel(read: Read['default']): ChannelSettings {
  return {
    ...read,
    orderIdPattern: read.orderIdPattern === null ? null : new RegExp(read.orderIdPattern),
    fees: read.fees.map((rule) => ({ ...rule, rateBasisPoints: rule.rateBasisPoints ?? null })),
  };
}

function withoutAbsent<T extends object>(own: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as never;
}

/** What a row says of itself, as differences show it: its type and its description, where it has both. */
export function wordsOf({ type, description }: Pick<SettlementLine['words'], 'type' | 'description'>): string {
  return [type.trim(), description.trim()].filter((words) => words !== '').join(BOTH);
}

/** Stands between type and description where a rule, or a difference, names both. */
const BOTH = ' / ';

/**
 * The rule that explains a row: its class, and words that fit what the row says. The most specific counts: words that name
 * type and description, then those of its description, then those of its type. Channels differ in where they say what a
 * fee is: Amazon in the description, Walmart in the type, with a description such as "Purchase" for all of them.
 */
export function feeRuleFor(
  settings: ChannelSettings,
  line: { readonly class: LineClass; readonly words: Pick<SettlementLine['words'], 'type' | 'description'> },
): FeeRule | null {
  const rules = settings.fees.filter((rule) => rule.class === line.class);
  const find = (matches: (words: string) => boolean) => rules.find((rule) => rule.words.some(matches));
  const [both, description, type] = [wordsOf(line.words), line.words.description.trim(), line.words.type.trim()];
  return (
    find((words) => words.includes(BOTH) && fits(words, both)) ??
    find((words) => description !== '' && fits(words, description)) ??
    find((words) => fits(words, type)) ??
    null
  );
}

/** `FBA*` fits FBAPerUnitFulfillmentFee; upper and lower case are the same. */
function fits(words: string, said: string): boolean {
  const parts = words.toLowerCase().split('*');
  const text = said.toLowerCase();
  if (parts.length === 1) return text === parts[0];
  const [first = '', ...rest] = parts;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > text.length - last.length) return false;
    from = at + part.length;
  }
  return true;
}

function isPattern(value: string | null): boolean {
  try {
    return value === null || new RegExp(value) !== null;
  } catch {
    return false;
  }
}
