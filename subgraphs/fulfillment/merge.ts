import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { newId } from '../../platform/ids.ts';
import type { FulfillmentRefusal } from './errors.ts';
import { changeWork } from './events.ts';
import { availableTransitions, type FulfillmentOrder } from './model.ts';
import { readLines } from './work.ts';

/** Pieces of work that one command may join to another. */
export const MAX_MERGED = 100;

/**
 * Pure: why pieces of work cannot become one with `target`; null when they can. They are the same order's, at the same node,
 * for the same delivery, in the same state, and no node has any of them.
 *
 * @param others those that exist and the caller may see, in the order of `asked`
 */
export function mergeProblem(
  target: FulfillmentOrder,
  asked: readonly string[],
  others: readonly FulfillmentOrder[],
): FulfillmentRefusal | null {
  if (asked.length === 0 || asked.length > MAX_MERGED || new Set([target.id, ...asked]).size !== asked.length + 1)
    return refusal('INVALID_INPUT', `Name 1 to ${MAX_MERGED} other pieces of work, each once.`);
  const byId = new Map(others.map((work) => [work.id, work]));
  for (const [index, id] of asked.entries()) {
    const work = byId.get(id);
    if (!work) return refusal('NOT_FOUND', 'There is no such work.', index);
    if (work.orderId !== target.orderId)
      return refusal('DIFFERENT_ORDER', 'The work is for another order: parcels hold goods of one order.', index);
    const allowed = availableTransitions(work);
    if (!allowed.includes('MERGE')) {
      const message = `The work is ${work.status}/${work.requestStatus}; it can be: ${allowed.join(', ') || 'nothing'}.`;
      return refusal('ILLEGAL_TRANSITION', message, index);
    }
    if (work.locationId !== target.locationId)
      return refusal('DIFFERENT_LOCATION', 'The work is at another location. Move it first.', index);
    if (work.deliveryMethod !== target.deliveryMethod || work.serviceLevel !== target.serviceLevel)
      return refusal('DIFFERENT_DELIVERY', 'The work is delivered in another way, or with another service level.', index); // biome-ignore format: one thought
    if (work.status !== target.status) {
      const message = `The work is ${work.status} and what takes its units is ${target.status}; it can be: ${allowed.join(', ')}. Bring both to one state first.`;
      return refusal('ILLEGAL_TRANSITION', message, index);
    }
  }
  return null;
}

/**
 * Gives all units of `others` to `target`; they end without any. No unit is given back: the order, the stock and the node
 * stay as they are. The caller holds the locks of all of them and has found no {@link mergeProblem}.
 */
export async function mergeWork(
  trx: Knex.Transaction,
  target: FulfillmentOrder,
  others: readonly FulfillmentOrder[],
): Promise<void> {
  for (const work of others) {
    const lines = await readLines(trx, work.id);
    await query(
      trx,
      `insert into fulfillment.fulfillment_order_line as mine (id, fulfillment_order_id, position, order_line_id, sku, quantity)
       select n.id, ?, (select coalesce(max(position), 0) from fulfillment.fulfillment_order_line where fulfillment_order_id = ?) + n.position,
         n.order_line_id, n.sku, n.quantity
       from unnest(?::text[], ?::text[], ?::text[], ?::int[]) with ordinality as n (id, order_line_id, sku, quantity, position)
       on conflict (fulfillment_order_id, order_line_id) do update set quantity = mine.quantity + excluded.quantity`,
      [
        target.id,
        target.id,
        lines.map(() => newId('fulfillmentOrderLine')),
        lines.map((line) => line.orderLineId),
        lines.map((line) => line.sku),
        lines.map((line) => line.quantity),
      ],
    );
    // What a bundle consists of was settled with its order line: both pieces have the same.
    await query(
      trx,
      `insert into fulfillment.work_component (fulfillment_order_id, line_ref, order_line_id, sku, per_unit)
       select ?, line_ref, order_line_id, sku, per_unit from fulfillment.work_component where fulfillment_order_id = ?
       on conflict do nothing`,
      [target.id, work.id],
    );
    await query(trx, 'update fulfillment.fulfillment_order_line set quantity = 0 where fulfillment_order_id = ?', [work.id]); // biome-ignore format: one thought
    await query(trx, 'insert into fulfillment.successor (work_id, successor_id) values (?, ?)', [work.id, target.id]);
    await changeWork(trx, work, { status: 'CANCELLED', requestStatus: 'CLOSED', mergedInto: target.id }, []);
  }
  const { status, requestStatus } = target;
  await changeWork(trx, target, { status, requestStatus }, await readLines(trx, target.id));
}

const refusal = (code: FulfillmentRefusal['code'], message: string, index?: number): FulfillmentRefusal => ({
  code,
  message,
  field: ['input', 'fulfillmentOrderIds', ...(index === undefined ? [] : [String(index)])],
});
