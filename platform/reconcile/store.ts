import type { Knex } from 'knex';
import { change, query } from '../db/query.ts';
import { inTransaction } from '../db/transaction.ts';
import type { ComparedPage, Comparison, Difference, Reconciliation } from './comparison.ts';

/** A process that said nothing about its run for so long is gone. A page takes less. */
const CLAIM_SECONDS = 120;

/** A run that this process works on. */
export interface Run {
  readonly id: number;
  phase: 'THEIRS' | 'OURS' | 'SECOND_LOOK';
  cursor: string | null;
}

interface Suspect extends Difference {
  readonly isMissing: boolean;
  readonly cursor: string | null;
  readonly seenAt: Date;
  readonly outcome: 'CORRECTED' | 'EXCEPTED' | null;
}

/** Begins a run, or takes up one that nobody works on any more. @returns null when somebody is at it */
export function claimRun(knex: Knex, { system, subject }: Comparison, dryRun: boolean): Promise<Run | null> {
  return inTransaction(knex, async (trx) => {
    await query(trx, "select pg_advisory_xact_lock(hashtextextended('reconciliation:' || ? || ':' || ?, 0))", [
      system,
      subject,
    ]);
    // A run of the other kind that was left would do what this one must not, or leave what this one should do.
    await change(
      trx,
      `delete from integration.reconciliation
       where system = ? and subject = ? and phase <> 'DONE' and dry_run <> ? and claimed_until <= clock_timestamp()`,
      [system, subject, dryRun],
    );
    const [open] = await query<{ id: string; phase: Run['phase']; cursor: string | null; free: boolean }>(
      trx,
      `select id, phase, cursor, claimed_until <= clock_timestamp() as free from integration.reconciliation
       where system = ? and subject = ? and phase <> 'DONE'`,
      [system, subject],
    );
    if (open && !open.free) return null;
    if (open) {
      const run = { id: Number(open.id), phase: open.phase, cursor: open.cursor };
      await keepClaim(trx, run);
      return run;
    }
    const [begun] = await query<{ id: string }>(
      trx,
      `insert into integration.reconciliation (system, subject, dry_run, claimed_until)
       values (?, ?, ?, clock_timestamp() + make_interval(secs => ?)) returning id`,
      [system, subject, dryRun, CLAIM_SECONDS],
    );
    return { id: Number(begun?.id), phase: 'THEIRS', cursor: null };
  });
}

export async function keepClaim(knex: Knex, run: Run): Promise<void> {
  await change(
    knex,
    'update integration.reconciliation set claimed_until = clock_timestamp() + make_interval(secs => ?) where id = ?',
    [CLAIM_SECONDS, run.id],
  );
}

/** Lets the next one go on with it at once. */
export async function releaseRun(knex: Knex, run: Run): Promise<void> {
  await change(knex, 'update integration.reconciliation set claimed_until = clock_timestamp() where id = ?', [run.id]);
}

/** Stores a page of the system's records, and moves the run on, both or neither. */
export async function recordTheirs(knex: Knex, run: Run, page: ComparedPage): Promise<void> {
  await inTransaction(knex, async (trx) => {
    const fresh = await change(
      trx,
      'insert into integration.reconciliation_seen select ?, * from unnest(?::text[]) on conflict do nothing',
      [run.id, page.keys],
    );
    await noteSuspects(trx, run, page.differences, false);
    await moveOn(trx, run, fresh, page.next === null ? 'OURS' : 'THEIRS', page.next);
  });
}

/** Of our records those that the system did not show. */
export async function unseen(knex: Knex, run: Run, keys: readonly string[]): Promise<string[]> {
  const rows = await query<{ key: string }>(
    knex,
    `select key from unnest(?::text[]) as mine (key)
     where not exists (select from integration.reconciliation_seen seen where reconciliation_id = ? and seen.key = mine.key)`,
    [keys, run.id],
  );
  return rows.map((row) => row.key);
}

export async function recordOurs(
  knex: Knex,
  run: Run,
  page: { readonly compared: number; readonly missing: readonly Difference[]; readonly next: string | null },
): Promise<void> {
  await inTransaction(knex, async (trx) => {
    await noteSuspects(trx, run, page.missing, true);
    await moveOn(trx, run, page.compared, page.next === null ? 'SECOND_LOOK' : 'OURS', page.next);
  });
}

async function noteSuspects(
  trx: Knex.Transaction,
  run: Run,
  differences: readonly Difference[],
  isMissing: boolean,
): Promise<void> {
  await change(
    trx,
    `insert into integration.reconciliation_difference (reconciliation_id, key, what, remedy, order_id, correctable, is_missing, cursor)
     select ?, key, what, remedy, "orderId", correctable, ?, ?
     from jsonb_to_recordset(?::jsonb) as one (key text, what text, remedy text, "orderId" text, correctable boolean)
     on conflict (reconciliation_id, key) do update
       set what = excluded.what, remedy = excluded.remedy, correctable = excluded.correctable, cursor = excluded.cursor, seen_at = excluded.seen_at`,
    [run.id, isMissing, isMissing ? null : run.cursor, JSON.stringify(differences)],
  );
}

async function moveOn(
  trx: Knex.Transaction,
  run: Run,
  compared: number,
  phase: Run['phase'],
  cursor: string | null,
): Promise<void> {
  await change(
    trx,
    `update integration.reconciliation set phase = ?, cursor = ?, compared = compared + ?,
       claimed_until = clock_timestamp() + make_interval(secs => ?) where id = ?`,
    [phase, cursor, compared, CLAIM_SECONDS, run.id],
  );
  run.phase = phase;
  run.cursor = cursor;
}

/** What the first look found and the second has not decided yet. */
export async function suspects(knex: Knex, run: Run): Promise<Suspect[]> {
  return (await persisting(knex, run)).filter(({ outcome }) => outcome === null);
}

export async function persisting(knex: Knex, run: Run): Promise<Suspect[]> {
  const rows = await query<Omit<Suspect, 'orderId'> & { orderId: string | null }>(
    knex,
    `select key, what, remedy, order_id as "orderId", correctable, is_missing as "isMissing", cursor, seen_at as "seenAt", outcome
     from integration.reconciliation_difference where reconciliation_id = ? order by key`,
    [run.id],
  );
  return rows.map(({ orderId, ...row }) => (orderId === null ? row : { ...row, orderId }));
}

export async function decide(
  knex: Knex,
  run: Run,
  keys: {
    readonly gone: readonly string[];
    readonly corrected: readonly string[];
    readonly excepted: readonly string[];
  },
): Promise<void> {
  await change(
    knex,
    `with gone as (
       delete from integration.reconciliation_difference where reconciliation_id = ? and key = any (?::text[])
     ), told as (
       update integration.reconciliation
       set different = different + ?, corrected = corrected + ?, excepted = excepted + ?, claimed_until = clock_timestamp() + make_interval(secs => ?)
       where id = ?
     )
     update integration.reconciliation_difference
     set outcome = case when key = any (?::text[]) then 'CORRECTED' else 'EXCEPTED' end
     where reconciliation_id = ? and (key = any (?::text[]) or key = any (?::text[]))`,
    [
      run.id,
      keys.gone,
      keys.corrected.length + keys.excepted.length,
      keys.corrected.length,
      keys.excepted.length,
      CLAIM_SECONDS,
      run.id,
      keys.corrected,
      run.id,
      keys.corrected,
      keys.excepted,
    ],
  );
}

/** Ends a run, forgets what was only needed on its way, and reads its result. */
export async function finishRun(knex: Knex, run: Run): Promise<Reconciliation> {
  return inTransaction(knex, async (trx) => {
    await change(trx, 'delete from integration.reconciliation_seen where reconciliation_id = ?', [run.id]);
    const [result] = await query<Omit<Reconciliation, 'differences'>>(
      trx,
      `update integration.reconciliation set phase = 'DONE', cursor = null, finished_at = clock_timestamp() where id = ?
       returning system, subject, compared, different, corrected, excepted, extract(epoch from finished_at - started_at)::float8 as seconds`,
      [run.id],
    );
    if (!result) throw new Error('a run has vanished');
    const differences = (await persisting(trx, run)).flatMap(({ isMissing, cursor, seenAt, outcome, ...difference }) =>
      outcome === null ? [] : [{ ...difference, outcome }],
    );
    return { ...result, differences };
  });
}
