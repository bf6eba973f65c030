import type { Knex } from 'knex';
import { change, query } from '../db/query.ts';

/** What is compared: a domain, or a cohort of one, its system of record and the one that is asked beside it. */
export interface DriftPair {
  readonly domain: string;
  /** Name of the cohort; empty: the rest of the domain. */
  readonly part: string;
  readonly system: string;
  readonly shadow: string;
}

/** What a promotion asks for. */
export interface DriftLimits {
  /** Clean samples that are wanted before a promotion. */
  readonly cleanWanted: number;
  /** Share of samples that may differ, in per cent. */
  readonly budgetPercent: number;
}

/** One subject, such as a SKU, compared once. */
export interface DriftSample {
  readonly subject: string;
  /** By field; empty: clean. */
  readonly differences: Readonly<Record<string, DriftWords>>;
}

/** What the two systems say of a field, for people. */
export interface DriftWords {
  readonly here: string;
  readonly there: string;
}

/** The newest samples of a pair, as many rounds as hold the wanted number of clean ones. */
export interface DriftFigures extends DriftPair, DriftLimits {
  readonly samples: number;
  readonly clean: number;
  readonly fields: readonly { readonly field: string; readonly differences: number }[];
  readonly examples: readonly { readonly subject: string; readonly field: string; readonly here: string; readonly there: string }[]; // biome-ignore format: one thought
  /** Whether every subject was compared at least once among these. */
  readonly isWhole: boolean;
  readonly comparedAt: Date;
}

const MAX_KEPT_EXAMPLES = 1_000;
const MAX_SHOWN_EXAMPLES = 10;
/** Rounds that are kept of a pair. */
const MAX_ROUNDS = 1_000;

/** Counts samples of a round, and keeps what differs of their subjects in place of what differed before. */
export async function countSamples(
  trx: Knex.Transaction,
  pair: DriftPair,
  round: number,
  limits: DriftLimits,
  samples: readonly DriftSample[],
): Promise<void> {
  const { domain, part, system, shadow } = pair;
  const differing = samples.filter(({ differences }) => Object.keys(differences).length > 0);
  const fields: Record<string, number> = {};
  for (const { differences } of differing)
    for (const field of Object.keys(differences)) fields[field] = (fields[field] ?? 0) + 1;
  await change(
    trx,
    `insert into integration.drift_round as known (domain, part, system, shadow, round, samples, clean, fields, clean_wanted, budget_percent)
     values (?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?)
     on conflict (domain, part, system, shadow, round) do update
     set samples = known.samples + excluded.samples, clean = known.clean + excluded.clean, compared_at = clock_timestamp(),
       clean_wanted = excluded.clean_wanted, budget_percent = excluded.budget_percent,
       fields = (select coalesce(jsonb_object_agg(field, sum), '{}') from (
         select field, sum(number::int) from (
           select * from jsonb_each_text(known.fields) one (field, number)
           union all select * from jsonb_each_text(excluded.fields) other (field, number)
         ) both_rounds group by field) summed)`,
    [domain, part, system, shadow, round, samples.length, samples.length - differing.length, JSON.stringify(fields), limits.cleanWanted, limits.budgetPercent], // biome-ignore format: one thought
  );
  await change(trx, 'delete from integration.drift_example where domain = ? and subject = any (?::text[])', [
    domain,
    samples.map(({ subject }) => subject),
  ]);
  await change(
    trx,
    `insert into integration.drift_example (domain, part, system, shadow, subject, fields)
     select ?, ?, ?, ?, subject, fields from unnest(?::text[], ?::jsonb[]) one (subject, fields)
     limit greatest(0, ? - (select count(*) from integration.drift_example where domain = ?)::int)`,
    [domain, part, system, shadow, differing.map(({ subject }) => subject), differing.map(({ differences }) => JSON.stringify(differences)), MAX_KEPT_EXAMPLES, domain], // biome-ignore format: one thought
  );
}

/** Notes that a round of a domain came to its end; very old rounds are forgotten. */
export async function endRound(trx: Knex.Transaction, domain: string, round: number): Promise<void> {
  await change(trx, 'update integration.drift_round set is_whole = true where domain = ? and round = ?', [
    domain,
    round,
  ]);
  await change(trx, 'delete from integration.drift_round where domain = ? and round <= ?', [
    domain,
    round - MAX_ROUNDS,
  ]);
}

/** Forgets what was compared of a part of a domain: it has, or had, another system. */
export async function forgetDrift(trx: Knex.Transaction, domain: string, part: string): Promise<void> {
  await change(trx, 'delete from integration.drift_round where domain = ? and part = ?', [domain, part]);
  await change(trx, 'delete from integration.drift_example where domain = ? and part = ?', [domain, part]);
}

/** Figures of every pair that is compared, the parts of a domain by name. */
export async function readDrift(knex: Knex): Promise<DriftFigures[]> {
  const rows = await query<Omit<DriftFigures, 'fields' | 'examples'> & { fields: Record<string, number>[] }>(
    knex,
    `select domain, part, system, shadow, sum(samples)::int as samples, sum(clean)::int as clean,
       jsonb_agg(fields) as fields, bool_or(is_whole) as "isWhole", max(compared_at) as "comparedAt",
       (array_agg(clean_wanted order by round desc))[1] as "cleanWanted",
       (array_agg(budget_percent order by round desc))[1] as "budgetPercent"
     from (
       select *, sum(clean) over newest - clean as newer_clean,
         coalesce(bool_or(is_whole) over (partition by domain, part, system, shadow order by round desc rows between unbounded preceding and 1 preceding), false) as whole_newer
       from integration.drift_round
       window newest as (partition by domain, part, system, shadow order by round desc)
     ) counted
     -- As many of the newest rounds as hold the clean samples that are wanted, and a whole one.
     where newer_clean < clean_wanted or not whole_newer
     group by domain, part, system, shadow order by domain, part, system, shadow`,
  );
  const examples = await query<DriftPair & { subject: string; fields: Record<string, DriftWords> }>(
    knex,
    `select domain, part, system, shadow, subject, fields from (
       select *, row_number() over (partition by domain, part, system, shadow order by subject) as place
       from integration.drift_example) counted
     where place <= ? order by subject`,
    [MAX_SHOWN_EXAMPLES],
  );
  return rows.map((row) => ({
    ...row,
    fields: sumFields(row.fields),
    examples: examples
      .filter((one) => isSamePair(one, row))
      .flatMap(({ subject, fields }) =>
        Object.entries(fields).map(([field, { here, there }]) => ({ subject, field, here, there })),
      )
      .slice(0, MAX_SHOWN_EXAMPLES),
  }));
}

/** Why a pair cannot be promoted yet, for a person, with the figures. Null when it can. */
export function whyNotClean(figures: DriftFigures): string | null {
  const { samples, clean, cleanWanted, budgetPercent, isWhole } = figures;
  if (!isWhole) return 'not everything was compared once yet';
  if (clean < cleanWanted) return `${clean} of ${cleanWanted} clean samples`;
  const percent = samples === 0 ? 0 : (100 * (samples - clean)) / samples;
  return percent <= budgetPercent ? null : `${samples - clean} of ${samples} samples differ (${percent.toFixed(2)} %), ${budgetPercent} % may`; // biome-ignore format: one thought
}

function isSamePair(a: DriftPair, b: DriftPair): boolean {
  return a.domain === b.domain && a.part === b.part && a.system === b.system && a.shadow === b.shadow;
}

function sumFields(rounds: readonly Readonly<Record<string, number>>[]): DriftFigures['fields'] {
  const sums = new Map<string, number>();
  for (const round of rounds)
    for (const [field, number] of Object.entries(round)) sums.set(field, (sums.get(field) ?? 0) + number);
  return [...sums].map(([field, differences]) => ({ field, differences })).sort((a, b) => b.differences - a.differences || (a.field < b.field ? -1 : 1)); // biome-ignore format: one thought
}
