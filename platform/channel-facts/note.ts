import type { Knex } from 'knex';
import { change, query } from '../db/query.ts';
import type { FactValue } from './channel.ts';

/** What a channel and topic are called together, e.g. WALMART and STOCK. */
export interface Topic {
  readonly channelCode: string;
  readonly topic: string;
}

/** An item as the channel and as we call it. */
export interface NamedItem {
  readonly item: string;
  readonly sku: string;
}

/** What an item should be known as. Null as value: nothing is to be told; `held` says why, where something is wrong. */
export interface Wanted {
  readonly value: FactValue | null;
  readonly held?: string | null;
}

/** What is known of an item before a new value is noted. */
export interface Known extends NamedItem {
  readonly value: FactValue | null;
  readonly told: FactValue | null;
  readonly memo: Readonly<Record<string, unknown>>;
  readonly held: string | null;
  readonly refused: string | null;
  /** Milliseconds since it was noted last or told. */
  readonly now: Date;
}

/** How soon a value is told, among all that wait: lower goes first. Urgent: worth the last of a scarce rate. */
export interface Weight {
  readonly rank: number;
  readonly urgent: boolean;
  readonly memo: Readonly<Record<string, unknown>>;
}

/**
 * Notes what a channel should know of some items. What it was never told is its first fill, until it changes: changes do not wait for that. What it was told already is not told again; of several values one after the
 * other the newest is told.
 *
 * @param items names of which each is there once, in any order
 * @param since when they changed: from then on the channel's lag counts
 * @param read says what holds; asked after the rows are locked, so that whoever is later has the later values
 * @returns items whose `held` began or ended, with what it is now
 */
export async function noteFacts(
  trx: Knex.Transaction,
  { channelCode, topic }: Topic,
  items: readonly NamedItem[],
  since: Date,
  read: (trx: Knex.Transaction) => Promise<ReadonlyMap<string, Wanted>>,
  weigh: (known: Known, value: FactValue) => Weight,
): Promise<{ readonly item: string; readonly sku: string; readonly held: string | null }[]> {
  if (items.length === 0) return [];
  const names = items.map(({ item }) => item);
  await change(
    trx,
    `insert into integration.channel_fact (channel_code, topic, item, sku)
     select ?, ?, item, sku from unnest(?::text[], ?::text[]) as named (item, sku) order by item
     on conflict (channel_code, topic, item) do update set sku = excluded.sku where channel_fact.sku <> excluded.sku`,
    [channelCode, topic, names, items.map(({ sku }) => sku)],
  );
  const known = await query<Known>(
    trx,
    `select item, sku, value, told_value as told, memo, held, refused, clock_timestamp() as now
     from integration.channel_fact where channel_code = ? and topic = ? and item = any (?::text[]) order by item for update`,
    [channelCode, topic, names],
  );
  const wanted = await read(trx);
  const rows = known.flatMap((one) => {
    const now = wanted.get(one.item);
    if (!now) return [];
    const { value, held = null } = now;
    const weight = value === null ? { rank: 0, urgent: false, memo: one.memo } : weigh(one, value);
    return [{ item: one.item, value, held, ...weight }];
  });
  await change(
    trx,
    `update integration.channel_fact fact
     set value = said.value, held = said.held, rank = said.rank, urgent = said.urgent, memo = said.memo,
         attempts = case when said.value is distinct from fact.value then 0 else attempts end,
         due_at = case when said.value is distinct from fact.value then '-infinity' else due_at end,
         refused = case when said.value is distinct from fact.value then null else refused end,
         changed_at = case
           when said.value is null or said.value = fact.told_value then null
           when said.value = fact.value and fact.refused is not null then null
           when fact.filling and said.value is distinct from fact.value then :since
           else coalesce(fact.changed_at, :since) end,
         filling = case
           when fact.value is not null and said.value is distinct from fact.value then false
           when fact.told_at is null then true
           else fact.filling end
     from jsonb_to_recordset(:rows::jsonb) as said (item text, value jsonb, held text, rank float8, urgent boolean, memo jsonb)
     where fact.channel_code = :channelCode and fact.topic = :topic and fact.item = said.item`,
    { since, rows: JSON.stringify(rows), channelCode, topic },
  );
  const heldBefore = new Map(known.map(({ item, held }) => [item, held]));
  const skuOf = new Map(known.map(({ item, sku }) => [item, sku]));
  return rows
    .filter(({ item, held }) => heldBefore.get(item) !== held)
    .map(({ item, held }) => ({ item, sku: skuOf.get(item) ?? '', held }));
}
