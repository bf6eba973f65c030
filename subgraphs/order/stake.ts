import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { type Money, money } from '../../platform/money.ts';

/**
 * What an order is worth that is not cancelled, tax included: what is lost when it comes to nothing.
 * @returns null when there is no such order
 */
export async function amountAtStake(trx: Knex | Knex.Transaction, orderId: string): Promise<Money | null> {
  const [row] = await query<{ minor: string; currencyCode: string }>(
    trx,
    `select o.currency_code as "currencyCode", o.shipping_minor - o.discount_minor + coalesce(sum(
       div((l.total_minor + case when o.tax_included then 0 else l.tax_minor end)::numeric * (l.ordered - l.cancelled) * 2 + l.ordered,
           l.ordered * 2)), 0)::bigint as minor
     from orders.customer_order o left join orders.order_line l on l.order_id = o.id where o.id = ? group by o.id`,
    [orderId],
  );
  return row ? money(row.minor, row.currencyCode) : null;
}
