import type { Knex } from 'knex';
import { change, query } from '../db/query.ts';
import type { FactValue, ToldItem } from './channel.ts';
import type { Topic } from './note.ts';

/** For so long a comparison is one worker's after each page. */
const LEASE_SECONDS = 300;
const MAX_PAUSE_SECONDS = 3_600;

/** Takes the comparison of a channel, if one is due and no other worker has it. @returns when it began, by the store's clock */
export async function claimComparison(knex: Knex, { channelCode, topic }: Topic): Promise<Date | null> {
  await change(knex, 'insert into integration.channel_comparison (channel_code, topic) values (?, ?) on conflict do nothing', [channelCode, topic]); // biome-ignore format: one statement
  const [row] = await query<{ begunAt: Date }>(
    knex,
    `update integration.channel_comparison set due_at = clock_timestamp() + make_interval(secs => ?)
     where channel_code = ? and topic = ? and due_at <= clock_timestamp() returning clock_timestamp() as "begunAt"`,
    [LEASE_SECONDS, channelCode, topic],
  );
  return row?.begunAt ?? null;
}

/** Has all that a channel should know worked out, told and compared anew soon, such as after it was said what it calls an article. */
export async function compareSoon(trx: Knex, channelCode: string): Promise<void> {
  await change(trx, "update integration.channel_comparison set due_at = '-infinity' where channel_code = ?", [
    channelCode,
  ]);
}

export async function holdComparison(knex: Knex, { channelCode, topic }: Topic): Promise<void> {
  await change(knex, 'update integration.channel_comparison set due_at = clock_timestamp() + make_interval(secs => ?) where channel_code = ? and topic = ?', [LEASE_SECONDS, channelCode, topic]); // biome-ignore format: one statement
}

/**
 * Compares a page of what the channel knows with what it was told. What is on its way is left out: nobody can say what is right then. What
 * differs is told again.
 * @param begunAt items that were told later are left out
 */
export async function comparePage(
  trx: Knex.Transaction,
  { channelCode, topic }: Topic,
  page: readonly ToldItem<FactValue>[],
  begunAt: Date,
): Promise<{ readonly compared: number; readonly different: number; readonly unknown: readonly string[] }> {
  const theirs = JSON.stringify(page);
  const rows = await query<{ item: string; same: boolean }>(
    trx,
    `with theirs as (select * from jsonb_to_recordset(:theirs::jsonb) as one (item text, value jsonb)),
     locked as (
       select fact.item, fact.value = theirs.value as same from integration.channel_fact fact join theirs using (item)
       where channel_code = :channelCode and topic = :topic and ${SETTLED} order by fact.item for update of fact
     ), again as (
       update integration.channel_fact fact set told_value = null, filling = false, changed_at = coalesce(changed_at, clock_timestamp())
       from locked where fact.channel_code = :channelCode and fact.topic = :topic and fact.item = locked.item and not locked.same
     )
     select item, same from locked`,
    { channelCode, topic, theirs, begunAt },
  );
  const unknown = await query<{ item: string }>(
    trx,
    `select item from unnest(:items::text[]) as theirs (item) where not exists (
       select from integration.channel_fact fact where channel_code = :channelCode and topic = :topic and fact.item = theirs.item)`,
    { channelCode, topic, items: page.map(({ item }) => item) },
  );
  return {
    compared: rows.length,
    different: rows.filter(({ same }) => !same).length,
    unknown: unknown.map(({ item }) => item),
  };
}

/** The channel said what it applied, and was told nothing since. */
const SETTLED = `fact.value is not null and fact.changed_at is null and fact.refused is null and fact.told_at < :begunAt
  and fact.value = fact.confirmed_value and not exists (
    select from integration.channel_submission_item sent join integration.channel_submission submission on submission.id = sent.submission_id
    where sent.item = fact.item and sent.outcome is null and submission.channel_code = fact.channel_code and submission.topic = fact.topic)`;

/** Has told again what the channel should know and did not name. @param named what it named @returns how many */
export async function tellMissing(trx: Knex.Transaction, { channelCode, topic }: Topic, named: readonly string[], begunAt: Date): Promise<number> {
  return change(
    trx,
    `update integration.channel_fact fact set told_value = null, filling = true, changed_at = clock_timestamp()
     where channel_code = :channelCode and topic = :topic and ${SETTLED} and not item = any (:named::text[])`,
    { channelCode, topic, named, begunAt },
  );
} // biome-ignore format: one statement

/** Has everything told again, for a channel that cannot be asked: what was told before `begunAt` and is not on its way. */
export async function tellAll(trx: Knex.Transaction, { channelCode, topic }: Topic, begunAt: Date): Promise<void> {
  await change(
    trx,
    `update integration.channel_fact fact set told_value = null, filling = true, changed_at = clock_timestamp() where channel_code = :channelCode and topic = :topic and ${SETTLED}`,
    { channelCode, topic, begunAt },
  );
}

/** @param found null for a channel that cannot be asked */
export async function endComparison(trx: Knex.Transaction, { channelCode, topic }: Topic, everyHours: number, found: { readonly compared: number; readonly different: number } | null): Promise<boolean> {
  const [row] = await query<{ failed: boolean }>(
    trx,
    `with former as (select failures from integration.channel_comparison where channel_code = :channelCode and topic = :topic)
     update integration.channel_comparison set compared_at = clock_timestamp(), compared = :compared, different = :different, failures = 0,
       due_at = clock_timestamp() + make_interval(hours => :everyHours)
     where channel_code = :channelCode and topic = :topic returning (select failures from former) > 0 as failed`,
    { channelCode, topic, everyHours, compared: found?.compared ?? null, different: found?.different ?? null },
  );
  return row?.failed ?? false;
} // biome-ignore format: one statement

/** It failed: it comes again, later each time. @returns failures one after the other */
export async function failComparison(knex: Knex, { channelCode, topic }: Topic): Promise<number> {
  const [row] = await query<{ failures: number }>(
    knex,
    `update integration.channel_comparison set failures = failures + 1, due_at = clock_timestamp() + make_interval(secs => least(?, 30 * 2 ^ least(failures, 10)))
     where channel_code = ? and topic = ? returning failures`,
    [MAX_PAUSE_SECONDS, channelCode, topic],
  );
  return row?.failures ?? 0;
}
