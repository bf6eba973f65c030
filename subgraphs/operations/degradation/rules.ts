import type { Knex } from 'knex';
import { z } from 'zod';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { projectFile } from '../../../platform/paths.ts';
import { readYaml } from '../../../platform/read-yaml.ts';

const MAX_UNITS = 100_000_000;
/** Less than this a system that is well and quiet would be taken for one that is down, again and again. */
const LEAST_SECONDS = 30;
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

const unitsError = `expected whole units, 0 to ${MAX_UNITS}`;
const units = z.int(unitsError).min(0, unitsError).max(MAX_UNITS, unitsError);

const percent = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,2})?%$/)
  .transform((text) => ({ percent: Number(text.slice(0, -1)) }))
  .refine(({ percent: share }) => share <= 100, `${unitsError}, or a share of at most 100%`);

const fallback = z.union(
  [
    z.literal('hide').transform(() => ({ cap: 0 })),
    z.strictObject({ cap: units }),
    z.strictObject({ threshold: units }),
    z.strictObject({ buffer: z.union([units, percent], `${unitsError}, or a share such as 10%`) }),
  ],
  { error: `expected hide, { cap: n }, { threshold: n }, { buffer: n } or { buffer: n% }; ${unitsError}` },
);

const age = z
  .string('expected a time with its unit, such as 90s, 15m, 2h or 1d')
  .regex(/^[1-9]\d{0,5}[smhd]$/, 'expected a time with its unit, such as 90s, 15m, 2h or 1d')
  .transform((text) => Number(text.slice(0, -1)) * SECONDS[text.at(-1) as keyof typeof SECONDS])
  .refine(
    (seconds) => seconds >= LEAST_SECONDS,
    `expected ${LEAST_SECONDS}s or more: a feed that waits for news is heard every 20 seconds only`,
  );

const rule = z
  .strictObject({
    system: z.enum(['wms', 'erp'], 'expected wms or erp: no availability or price depends on another system'),
    channel: z.string('expected a text; write numbers in quotes').trim().min(1).max(200).optional(),
    after: age,
    availability: fallback.optional(),
    orders: z.enum(['accept', 'hold', 'refuse'], 'expected accept, hold or refuse').optional(),
  })
  .refine(
    ({ availability, orders }) => availability !== undefined || orders !== undefined,
    'says nothing; give at least one of availability, orders',
  );

const schema = z.strictObject({ rules: z.array(rule).max(1_000) }).superRefine(({ rules }, context) => {
  const seen = new Map<string, number>();
  rules.forEach(({ system, channel, after }, index) => {
    const scope = JSON.stringify([system, channel, after]);
    const first = seen.get(scope);
    if (first !== undefined) {
      const message = `is about the same system, channel and age as rules.${first}; make them one`;
      context.addIssue({ code: 'custom', path: ['rules', index], message });
    } else seen.set(scope, index);
  });
});

/** What a channel does from a given age of a system's data, in seconds. Absent channel: all. */
export type DegradationRule = z.infer<typeof rule>;

/**
 * Reads what channels do while a system of record is not heard.
 * @param file absolute path; `config/degradation.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadDegradationRules(
  file: string = projectFile('config', 'degradation.yaml'),
): readonly DegradationRule[] {
  const parsed = schema.safeParse(readYaml(file));
  if (parsed.success) return parsed.data.rules;
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
}

/** Makes these the rules that all processes follow. Every process does so when it starts: the last one decides. */
export async function saveDegradationRules(knex: Knex, rules: readonly DegradationRule[]): Promise<void> {
  const rows = rules.map(({ system, channel, after, availability, orders }) => {
    const buffer = availability && 'buffer' in availability ? availability.buffer : null;
    return {
      system,
      channel_code: channel ?? null,
      after_seconds: after,
      cap: availability && 'cap' in availability ? availability.cap : null,
      threshold: availability && 'threshold' in availability ? availability.threshold : null,
      buffer_units: typeof buffer === 'number' ? buffer : null,
      buffer_percent: typeof buffer === 'object' ? (buffer?.percent ?? null) : null,
      orders: orders?.toUpperCase() ?? null,
    };
  });
  await inTransaction(knex, async (trx) => {
    await query(trx, 'lock table integration.degradation_rule in share row exclusive mode');
    await change(trx, 'delete from integration.degradation_rule');
    await change(
      trx,
      'insert into integration.degradation_rule select * from jsonb_populate_recordset(null::integration.degradation_rule, ?::jsonb)',
      [JSON.stringify(rows)],
    );
  });
}
