import type { Knex } from 'knex';
import type { FactValue } from '../../../platform/channel-facts/channel.ts';
import {
  type Known,
  type NamedItem,
  noteFacts,
  type Wanted,
  type Weight,
} from '../../../platform/channel-facts/note.ts';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { formatAmount, type Money, money, parseMoney } from '../../../platform/money.ts';
import { checkPriceRules, type PriceRules, whyHeld } from './judge.ts';

export const PRICE = 'PRICE';

export interface PricedChannel {
  readonly code: string;
  readonly rules: PriceRules;
}

/** An item whose price begins or ceases to be held back. */
export interface HeldChange extends NamedItem {
  /** What is wrong with it; null: nothing any more. */
  readonly held: string | null;
}

interface Quoted extends NamedItem {
  readonly title: string | null;
  readonly gtin: string | null;
  readonly minor: string | null;
  readonly currencyCode: string;
}

/** SKUs of one transaction. */
export const MOST_TOGETHER = 500;

/**
 * Notes what a channel may ask for one unit of some SKUs, under all its names of them. What is wrong is held back; the channel keeps the price
 * that it knows. What has no price, or is not on sale, is not told: its stock is 0 there.
 *
 * @param changed hears of what begins or ceases to be held back, in the same transaction
 */
export function notePrices(
  knex: Knex,
  { code, rules }: PricedChannel,
  skus: readonly string[],
  since: Date,
  changed: (trx: Knex.Transaction, items: readonly HeldChange[]) => Promise<void>,
): Promise<void> {
  return inTransaction(knex, async (trx) => {
    const items = await quoted(trx, code, skus);
    const currencyCode = items[0]?.currencyCode;
    if (currencyCode === undefined) return;
    checkPriceRules(rules, currencyCode, code);
    // Read again once the rows are locked: whoever is later has the later prices.
    const read = async () => judged(await quoted(trx, code, skus), rules, await lastTold(trx, code, items));
    await changed(trx, await noteFacts(trx, { channelCode: code, topic: PRICE }, items, since, read, weighPrice));
  });
}

async function quoted(trx: Knex, channelCode: string, skus: readonly string[]): Promise<Quoted[]> {
  const [channel] = await query<{ code: string }>(trx, 'select code from integration.channel where code = ?', [channelCode]); // biome-ignore format: one statement
  if (!channel) throw new CommerceError('CONFIGURATION_INVALID', `There is no channel ${channelCode}. Add it: npx commerce channel add ${channelCode} --kind marketplace`); // biome-ignore format: one thought
  return query<Quoted>(
    trx,
    `select named.item, named.sku, quote.title, variant.gtin, quote.unit_price_minor::text as minor, channel.currency_code as "currencyCode"
     from integration.channel channel
     cross join lateral orders.channel_items(channel.code, :skus::text[]) named
     cross join lateral product.quote(channel.price_list, channel.currency_code, array[named.sku], array[1], clock_timestamp()) quote
     left join lateral (select gtin from product.variant where variant.sku = named.sku and not hidden limit 1) variant on true
     where channel.code = :channelCode and (quote.unit_price_minor is not null or exists (
       select from integration.channel_fact fact where fact.channel_code = channel.code and fact.topic = '${PRICE}' and fact.item = named.item))`,
    { channelCode, skus },
  );
}

async function lastTold(trx: Knex, channelCode: string, items: readonly NamedItem[]): Promise<Map<string, Money>> {
  const rows = await query<{ item: string; amount: string; currencyCode: string }>(
    trx,
    `select item, coalesce(told_value, confirmed_value) ->> 'amount' as amount, coalesce(told_value, confirmed_value) ->> 'currencyCode' as "currencyCode"
     from integration.channel_fact where channel_code = ? and topic = '${PRICE}' and item = any (?::text[]) and coalesce(told_value, confirmed_value) is not null`,
    [channelCode, items.map(({ item }) => item)],
  );
  return new Map(rows.map(({ item, amount, currencyCode }) => [item, parseMoney(amount, currencyCode)]));
}

function judged(items: readonly Quoted[], rules: PriceRules, told: ReadonlyMap<string, Money>): Map<string, Wanted> {
  return new Map(
    items.map(({ item, sku, title, gtin, minor, currencyCode }): [string, Wanted] => {
      if (minor === null) return [item, { value: null }];
      const price = money(minor, currencyCode);
      const held = whyHeld({ sku, title: title ?? '', gtin, price }, rules, told.get(item) ?? null);
      return [item, { value: held === null ? { amount: formatAmount(price), currencyCode } : null, held }];
    }),
  );
}

/** Pure: the largest changes first, by their share of what the channel asks now. */
export function weighPrice({ told, memo }: Pick<Known, 'told' | 'memo'>, value: FactValue): Weight {
  const [now, before] = [Number(value.amount), Number(told?.amount)];
  return { rank: before > 0 ? -Math.abs(now - before) / before : 0, urgent: false, memo };
}

/** SKUs, in their order, that a channel may have prices for. */
export async function nextPriced(knex: Knex, channelCode: string, after: string): Promise<string[]> {
  const rows = await query<{ sku: string }>(
    knex,
    `select distinct sku from (
       (select distinct variant.sku collate "C" from product.variant where variant.sku collate "C" > :after order by 1 limit :most)
       union all (select distinct sku from integration.channel_fact where channel_code = :channelCode and topic = '${PRICE}' and sku > :after order by sku limit :most)
     ) known (sku) order by sku limit :most`,
    { channelCode, after, most: MOST_TOGETHER },
  );
  return rows.map(({ sku }) => sku);
}

/** SKUs with a price that began or ended between two moments. */
export async function turnedPrices(knex: Knex, from: Date, until: Date): Promise<string[]> {
  const rows = await query<{ sku: string }>(
    knex,
    `select distinct variant.sku from product.price join product.variant on variant.id = price.variant_id
     where (price.valid_from > :from and price.valid_from <= :until) or (price.valid_to > :from and price.valid_to <= :until)`,
    { from, until },
  );
  return rows.map(({ sku }) => sku);
}
