import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { ExceptionDesk } from '../desk.ts';

export interface DegradationWatchDeps {
  readonly knex: Knex;
  readonly desk: ExceptionDesk;
  /** Tells those who watch stock that what they may buy is another figure now, though no stock moved. */
  announce(trx: Knex.Transaction): Promise<void>;
}

/** A system for which rules begin or cease to be in force. */
export interface DegradationChange {
  readonly system: string;
  /** The rules in force, for people; null when there are none any more. */
  readonly rules: string | null;
}

interface InForce {
  system: string;
  rules: string;
}

/**
 * Looks which rules of config/degradation.yaml are in force, and tells operators and subscribers when that changed. The
 * rules do not wait for this: each order and answer looks by itself. Any number of processes may do so.
 *
 * @returns what changed since anybody looked
 */
export async function watchDegradation({ knex, desk, announce }: DegradationWatchDeps): Promise<DegradationChange[]> {
  const changes = await changesOf(knex);
  for (const { system, rules } of changes) {
    // Before the record of it goes: if this process dies in between, the next look does it again.
    if (rules === null) await desk.resolve(`degradation:${system}`, `${system} is heard again`);
  }
  if (changes.length === 0) return [];
  return inTransaction(knex, async (trx) => {
    await query(trx, 'lock table integration.degradation_state in share row exclusive mode');
    const still = await changesOf(trx);
    for (const { system, rules } of still) {
      if (rules === null) await change(trx, 'delete from integration.degradation_state where system = ?', [system]);
      else await begin(trx, desk, system, rules);
    }
    if (still.length > 0) await announce(trx);
    return still;
  });
}

async function changesOf(knex: Knex): Promise<DegradationChange[]> {
  const now = await query<InForce>(
    knex,
    `select system, string_agg(concat_ws(', ', coalesce(channel_code, 'every channel') || ' from ' || after_seconds || ' s',
         case cap when 0 then 'nothing is shown or sold' when 1 then 'at most 1 unit' else 'at most ' || cap || ' units' end, 'only while more than ' || threshold || case threshold when 1 then ' unit is left' else ' units are left' end,
         buffer_units || case buffer_units when 1 then ' unit less' else ' units less' end, buffer_percent || ' % less', 'orders: ' || lower(orders)), '; ' order by channel_code nulls first, after_seconds) as rules
     from integration.rules_in_force() group by system`,
  );
  const told = await query<InForce>(knex, 'select system, rules from integration.degradation_state');
  const rulesOf = (all: readonly InForce[], system: string) => all.find((one) => one.system === system)?.rules ?? null;
  const systems = [...new Set([...now, ...told].map(({ system }) => system))].sort();
  return systems
    .filter((system) => rulesOf(now, system) !== rulesOf(told, system))
    .map((system) => ({ system, rules: rulesOf(now, system) }));
}

async function begin(trx: Knex.Transaction, desk: ExceptionDesk, system: string, rules: string): Promise<void> {
  await change(
    trx,
    `insert into integration.degradation_state (system, rules, since) values (?, ?, now())
     on conflict (system) do update set rules = excluded.rules`,
    [system, rules],
  );
  await desk.raiseIn(trx, {
    key: `degradation:${system}`,
    cause: 'UNAVAILABLE',
    system,
    operation: 'degradation',
    message: `The system is not heard: look whether it works, and whether its feed is read (\`systems\`). Until then channels go by config/degradation.yaml: ${rules}. Held orders go on by themselves, and this closes by itself.`,
  });
}
