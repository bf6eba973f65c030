import type { Knex } from 'knex';
import { z } from 'zod';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError } from '../../platform/errors.ts';
import { projectFile } from '../../platform/paths.ts';
import { readYaml } from '../../platform/read-yaml.ts';
import { locationIdOf } from './locations.ts';
import { MAX_ON_HAND } from './model.ts';

const unitsError = `expected whole units, 0 to ${MAX_ON_HAND}`;
const units = z.int(unitsError).min(0, unitsError).max(MAX_ON_HAND, unitsError);
const name = z.string('expected a text; write numbers in quotes').trim().min(1).max(200);

const backorder = z.union([z.enum(['none', 'incoming', 'unlimited']), z.strictObject({ upTo: units })], {
  error: `expected none, incoming, unlimited or { upTo: units }, units whole and 0 to ${MAX_ON_HAND}`,
});

const releaseAt = z.iso
  .datetime({ offset: true, error: 'expected a time with a zone, such as 2026-12-01T00:00:00Z' })
  .transform((text) => new Date(text));

const rule = z
  .strictObject({
    channel: name.optional(),
    sku: name.optional(),
    location: name.optional(),
    withhold: units.optional(),
    cap: units.optional(),
    backorder: backorder.optional(),
    preorder: z.strictObject({ releaseAt, upTo: units.optional() }).optional(),
  })
  .superRefine((said, context) => {
    const complain = (message: string) => context.addIssue({ code: 'custom', message });
    const { withhold, cap, backorder: behind, preorder } = said;
    if ([withhold, cap, behind, preorder].every((word) => word === undefined)) {
      complain('says nothing; give at least one of withhold, cap, backorder, preorder');
    }
    if (said.location !== undefined && (behind !== undefined || preorder !== undefined)) {
      complain('backorder and preorder are not about a location; leave location out');
    }
  });

/** Units of a SKU that orders may wait for where nothing else is said. */
const DEFAULT_BACKORDER_UNITS = 1_000;

const schema = z
  .strictObject({
    defaultBackorder: z.strictObject({ upTo: units }).default({ upTo: DEFAULT_BACKORDER_UNITS }),
    rules: z.array(rule).max(10_000),
  })
  .superRefine(({ rules }, context) => {
    const seen = new Map<string, number>();
    rules.forEach(({ channel, sku, location }, index) => {
      const scope = JSON.stringify([channel, sku, location]);
      const first = seen.get(scope);
      if (first !== undefined) {
        const message = `is about the same channel, SKU and location as rules.${first}; make them one`;
        context.addIssue({ code: 'custom', path: ['rules', index], message });
      } else seen.set(scope, index);
    });
  });

/** One rule about what a channel may sell. Absent channel, SKU or location: all of them. */
export type AvailabilityRule = z.infer<typeof rule>;

/** What channels may sell beyond or below what is there. */
export interface AvailabilityRules {
  readonly rules: readonly AvailabilityRule[];
  /** Units of a SKU that orders of all channels may wait for together, where no rule says `backorder`. */
  readonly defaultBackorder: { readonly upTo: number };
}

/**
 * Reads what each channel may sell beyond or below what is there.
 * @param file absolute path; `config/availability.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadAvailabilityRules(file: string = projectFile('config', 'availability.yaml')): AvailabilityRules {
  const parsed = schema.safeParse(readYaml(file));
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
}

/**
 * Makes these the rules that orders, holds and availability follow, all at once. Every process does so when it starts:
 * the last one to start decides.
 */
export async function saveAvailabilityRules(knex: Knex, { rules, defaultBackorder }: AvailabilityRules): Promise<void> {
  const rows = rules.map((row) => ({
    channel_code: row.channel ?? null,
    sku: row.sku ?? null,
    location_id: row.location === undefined ? null : locationIdOf(row.location),
    withheld: row.withhold ?? null,
    cap: row.cap ?? null,
    backorder: typeof row.backorder === 'object' ? 'UNITS' : (row.backorder?.toUpperCase() ?? null),
    backorder_units: typeof row.backorder === 'object' ? row.backorder.upTo : null,
    release_at: row.preorder?.releaseAt ?? null,
    preorder_units: row.preorder?.upTo ?? null,
  }));
  await inTransaction(knex, async (trx) => {
    // Orders that are being placed finish under the old rules; the next ones see the new.
    await query(trx, 'lock table inventory.channel_rule in share row exclusive mode');
    await change(
      trx,
      `insert into inventory.default_backorder (units) values (?)
       on conflict (only_row) do update set units = excluded.units where default_backorder.units <> excluded.units`,
      [defaultBackorder.upTo],
    );
    await change(trx, 'delete from inventory.channel_rule');
    await change(
      trx,
      `insert into inventory.channel_rule (channel_code, sku, location_id, withheld, cap, backorder, backorder_units, release_at, preorder_units)
       select channel_code, sku, location_id, withheld, cap, backorder, backorder_units, release_at, preorder_units
       from jsonb_populate_recordset(null::inventory.channel_rule, ?::jsonb)`,
      [JSON.stringify(rows)],
    );
    // What was kept from who waits may be his now.
    await query(trx, 'select inventory.announce_waited_for()');
  });
}
