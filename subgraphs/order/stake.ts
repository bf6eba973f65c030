import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { type Money, money } from '../../platform/money.ts';
import type { LineUnits } from './book.ts';

/**
 * What an order is worth that is not cancelled, tax included: what is lost when it comes to nothing.
 * @param units of its lines, when it is about these alone: shipping and what was taken off the whole order are left out then
 * @returns null when there is no such order
 */
export async function amountAtStake(
  trx: Knex | Knex.Transaction,
  orderId: string,
  units?: readonly LineUnits[],
): Promise<Money | null> {
  if (units) return amountOf(trx, orderId, units);
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

/** Price and tax of some units of an order's lines, each line's share rounded half up. */
async function amountOf(trx: Knex, orderId: string, units: readonly LineUnits[]): Promise<Money | null> {
  const [row] = await query<{ minor: string; currencyCode: string }>(
    trx,
    `select o.currency_code as "currencyCode", sum(
       div((l.total_minor + case when o.tax_included then 0 else l.tax_minor end)::numeric * n.quantity * 2 + l.ordered, l.ordered * 2))::bigint as minor
     from unnest(?::text[], ?::int[]) as n(line_id, quantity) join orders.order_line l on l.id = n.line_id
     join orders.customer_order o on o.id = l.order_id where o.id = ? group by o.id`,
    [units.map(({ lineId }) => lineId), units.map(({ quantity }) => quantity), orderId],
  );
  return row ? money(row.minor, row.currencyCode) : null;
}
