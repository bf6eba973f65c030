import type { Knex } from 'knex';
import { groupBy } from '../../../platform/batch.ts';
import { type NamedItem, noteFacts, type Wanted } from '../../../platform/channel-facts/note.ts';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { spread } from './spread.ts';
import { weighStock } from './weigh.ts';

export const STOCK = 'STOCK';

/** A channel as its stock is worked out. */
export interface StockedChannel {
  readonly code: string;
  /** Its name of each of our locations; null: it is told one number. */
  readonly nodes: ReadonlyMap<string, string> | null;
}

interface Listed extends NamedItem {
  readonly listed: boolean;
}

/** SKUs of one transaction: more would hold the rows of many items for long. */
export const MOST_TOGETHER = 500;

/**
 * Notes what a channel may sell of some SKUs, under all its names of them: with its safety stock, caps and what else
 * config/availability.yaml and config/degradation.yaml say of it. What is not, or no longer, listed there has 0 units, if it ever was.
 *
 * @param skus at most {@link MOST_TOGETHER}
 * @param since when the stock changed
 */
export function noteStock(knex: Knex, channel: StockedChannel, skus: readonly string[], since: Date): Promise<void> {
  return inTransaction(knex, async (trx) => {
    const items = await listedItems(trx, channel.code, skus);
    await noteFacts(trx, { channelCode: channel.code, topic: STOCK }, items, since, () => sellable(trx, channel, items), weighStock);
  });
} // biome-ignore format: one thought

/** What a channel lists of some SKUs, and what it listed once. A channel lists what it has a price for, and what it has names of its own for. */
async function listedItems(trx: Knex, channelCode: string, skus: readonly string[]): Promise<Listed[]> {
  return query<Listed>(
    trx,
    `with channel as (select price_list, currency_code from integration.channel where code = :channelCode),
     now_listed as (
       select named.sku, named.item from orders.channel_items(:channelCode, :skus::text[]) named
       left join lateral (
         select quote.unit_price_minor from channel,
           product.quote(channel.price_list, channel.currency_code, array[named.sku], array[1], now()) quote where not named.mapped
       ) priced on true
       where named.mapped or priced.unit_price_minor is not null
     ), once as (
       select item, sku from integration.channel_fact where channel_code = :channelCode and topic = '${STOCK}' and sku = any (:skus::text[]) and value is not null
     )
     select coalesce(now_listed.item, once.item) as item, coalesce(now_listed.sku, once.sku) as sku, now_listed.item is not null as listed
     from now_listed full join once using (item)`,
    { channelCode, skus },
  );
}

async function sellable(trx: Knex, { code, nodes }: StockedChannel, items: readonly Listed[]): Promise<Map<string, Wanted>> {
  const [channel] = await query<{ safetyStock: number }>(trx, 'select safety_stock as "safetyStock" from integration.channel where code = ?', [code]);
  if (!channel) throw new CommerceError('CONFIGURATION_INVALID', `There is no channel ${code}. Add it: npx commerce channel add ${code} --kind marketplace`);
  const skus = [...new Set(items.flatMap(({ sku, listed }) => (listed ? [sku] : [])))];
  const totals = await query<{ sku: string; sellable: number }>(
    trx,
    'select sku, sellable from inventory.availability(?, ?, ?::text[], null, clock_timestamp())',
    [code, channel.safetyStock, skus],
  );
  const units = new Map(totals.map((row) => [row.sku, row.sellable]));
  const free = nodes === null ? new Map<string, never[]>() : groupBy(await freeByNode(trx, code, skus), ({ sku }) => sku);
  return new Map(
    items.map(({ item, sku, listed }) => [
      item,
      { value: spread(listed ? Math.max(0, units.get(sku) ?? 0) : 0, free.get(sku) ?? [], nodes) },
    ]),
  );
} // biome-ignore format: one thought

function freeByNode(trx: Knex, channelCode: string, skus: readonly string[]) {
  return query<{ sku: string; locationId: string; free: number }>(
    trx,
    `select offer.sku, offer.location_id as "locationId", offer.free
     from inventory.offers(?, true, ?::text[], inventory.nodes_in_scope(null), null, clock_timestamp()) offer
     join inventory.location on location.id = offer.location_id order by offer.sku, location.priority, location.code`,
    [channelCode, skus],
  );
}

/** The next SKUs, in their order, of which a channel may list some. */
export async function nextSkus(knex: Knex, channelCode: string, after: string): Promise<string[]> {
  const rows = await query<{ sku: string }>(
    knex,
    `select distinct sku from (
       (select distinct sku from inventory.position where sku > :after order by sku limit :most)
       union all (select distinct bundle_sku collate "C" from inventory.bundle_component where bundle_sku collate "C" > :after order by 1 limit :most)
       union all (select sku collate "C" from orders.mapped_skus(:channelCode) sku where sku collate "C" > :after order by 1 limit :most)
       union all (select distinct sku from integration.channel_fact where channel_code = :channelCode and topic = '${STOCK}' and sku > :after order by sku limit :most)
     ) known (sku) order by sku limit :most`,
    { channelCode, after, most: MOST_TOGETHER },
  );
  return rows.map(({ sku }) => sku);
}
