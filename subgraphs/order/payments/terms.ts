import type { Knex } from 'knex';
import { z } from 'zod';
import { query } from '../../../platform/db/query.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { projectFile } from '../../../platform/paths.ts';
import { readYaml } from '../../../platform/read-yaml.ts';

/** What becomes of an order that was placed without a payment. */
export interface PaymentRule {
  /** Hours from placing the order after which it is cancelled; null: it is never for want of a payment. */
  readonly withinHours: number | null;
  /** Whether it is kept from its nodes until it is paid. */
  readonly holdUntilPaid: boolean;
}

/** The rules of channels by their code, and that of all others. */
export interface PaymentTerms {
  readonly ofChannel: ReadonlyMap<string, PaymentRule>;
  readonly otherwise: PaymentRule;
}

const rule = z.union([
  z.literal('exempt'),
  z.strictObject({ within: z.number().positive().max(8_760), holdUntilPaid: z.boolean().default(false) }),
]);

const schema = z.strictObject({
  default: rule,
  channels: z.record(z.string().regex(/^[A-Z0-9_-]{1,32}$/, 'expected the code of a channel'), rule).default({}),
});

/**
 * Reads by when orders have to be paid.
 * @param file absolute path; `config/payments.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadPaymentTerms(file: string = projectFile('config', 'payments.yaml')): PaymentTerms {
  const parsed = schema.safeParse(readYaml(file));
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
    throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
  }
  return {
    ofChannel: new Map(Object.entries(parsed.data.channels).map(([code, given]) => [code, toRule(given)])),
    otherwise: toRule(parsed.data.default),
  };
}

/**
 * Holds the rules against the channels that exist: one that never applies would be believed in.
 * @param file what the rules were read from
 * @throws CommerceError CONFIGURATION_INVALID, naming every rule for a channel that pays us itself
 */
export async function verifyPaymentTerms(
  knex: Knex,
  { ofChannel }: PaymentTerms,
  file = 'config/payments.yaml',
): Promise<void> {
  const idle = await query<{ code: string }>(
    knex,
    "select code from integration.channel where kind = 'MARKETPLACE' and code = any (?::text[]) order by code",
    [[...ofChannel.keys()]],
  );
  if (idle.length === 0) return;
  const places = idle.map(
    ({ code }) => `channels.${code}: ${code} is a marketplace and pays us itself, so this never applies`,
  );
  throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}. Take it out.`);
}

/** The rule for orders of a channel; null for one that pays us itself, whatever its buyers do. */
export function paymentRule(
  terms: PaymentTerms,
  channel: { readonly code: string; readonly kind: string },
): PaymentRule | null {
  if (channel.kind === 'MARKETPLACE') return null;
  return terms.ofChannel.get(channel.code) ?? terms.otherwise;
}

function toRule(given: z.output<typeof rule>): PaymentRule {
  if (given === 'exempt') return { withinHours: null, holdUntilPaid: false };
  return { withinHours: given.within, holdUntilPaid: given.holdUntilPaid };
}
