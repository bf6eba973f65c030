import type { Knex } from 'knex';
import type { Caller } from '../../../platform/caller.ts';
import { changeOrder, type OrderChange } from '../change.ts';
import { cancelOrder, type OrderCancelInput } from './cancel.ts';
import type { LineUnits } from './cancellation-request.ts';

/**
 * Cancels units that no node has: those of the lines that wait for stock, or with `everything` the whole order, as far as
 * nodes still give it back. What the order is told of it happens once per key.
 */
export async function cancelUnavailable(
  trx: Knex.Transaction,
  orderId: string,
  lines: readonly LineUnits[],
  everything: boolean,
  effect: Pick<OrderChange, 'timeline' | 'traceId'> & { readonly key: string },
): Promise<void> {
  const { applied, lines: known } = await changeOrder(trx, orderId, effect);
  if (!applied) return;
  const waiting = new Map(known.map((line) => [line.id, line.quantities.backordered]));
  const wanted = lines.flatMap(({ lineId, quantity }) => {
    const units = Math.min(quantity, waiting.get(lineId) ?? 0);
    return units > 0 ? [{ orderLineId: lineId, quantity: units }] : [];
  });
  if (!everything && wanted.length === 0) return;
  const why = { key: effect.key, reason: 'OUT_OF_STOCK', traceId: effect.traceId };
  await cancelByRule(trx, orderId, everything ? why : { ...why, lines: wanted });
}

/** Cancels an order, or units of it, because a rule of ours says so; nodes are asked to give back what they have. */
export async function cancelByRule(
  trx: Knex.Transaction,
  orderId: string,
  { key, traceId, ...what }: Pick<OrderCancelInput, 'reason' | 'lines'> & Readonly<Record<'key' | 'traceId', string>>,
): Promise<void> {
  await cancelOrder(trx, ourselves(traceId), orderId, { ...what, idempotencyKey: key, askNodes: true });
}

/** Nobody asked for it: the rules decided. */
const ourselves = (traceId: string): Caller => ({
  contract: 'operations',
  clientId: 'commerce',
  channel: null,
  customerId: null,
  scopes: [],
  traceId,
});
