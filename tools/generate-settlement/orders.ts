import type { Knex } from '../../platform/db/database.ts';
import { query } from '../../platform/db/query.ts';
import type { SoldOrder } from './plan.ts';

/**
 * Orders of a channel as our invoices have them, oldest first: one line per SKU. At most `limit`, of one currency: that of most
 * of the channel's orders unless told.
 */
export async function readSoldOrders(
  knex: Knex,
  channelCode: string,
  limit: number,
  currencyCode: string | null,
): Promise<{ currencyCode: string; orders: SoldOrder[] }> {
  const rows = await query<{ channelOrderId: string; currencyCode: string; sku: string; quantity: number; netMinor: string; taxMinor: string }>(
    knex,
    `select o.channel_order_id as "channelOrderId", o.currency_code as "currencyCode", l.sku, sum(l.quantity)::int as quantity,
       sum(l.net_minor)::text as "netMinor", sum(l.tax_minor)::text as "taxMinor"
     from (select * from settlement.channel_order where channel_code = ? and channel_order_id is not null
             and currency_code = coalesce(?, (select currency_code from settlement.channel_order where channel_code = ? group by 1 order by count(*) desc, 1 limit 1))
           order by placed_at, order_id limit ?) o
     join settlement.document d on d.order_id = o.order_id and d.kind = 'INVOICE' join settlement.document_line l on l.document_id = d.id
     group by o.placed_at, o.order_id, o.channel_order_id, o.currency_code, l.sku order by o.placed_at, o.order_id, l.sku`,
    [channelCode, currencyCode, channelCode, limit],
  ); // biome-ignore format: one thought
  const orders = new Map<string, SoldOrder & { lines: SoldOrder['lines'][number][] }>();
  for (const { channelOrderId, sku, quantity, netMinor, taxMinor } of rows) {
    const order = orders.get(channelOrderId) ?? { channelOrderId, lines: [] };
    order.lines.push({ sku, quantity, netMinor: BigInt(netMinor), taxMinor: BigInt(taxMinor) });
    orders.set(channelOrderId, order);
  }
  return { currencyCode: rows[0]?.currencyCode ?? currencyCode ?? 'GBP', orders: [...orders.values()] };
}
