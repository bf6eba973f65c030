import type { Knex } from 'knex';
import type { Caller } from '../../../platform/caller.ts';
import { query } from '../../../platform/db/query.ts';
import { newId } from '../../../platform/ids.ts';
import { changeOrder, type OrderChange } from '../change.ts';
import type { Order } from '../model.ts';
import type { CancellationAnswer } from '../port.ts';

/** Units of order lines. */
export interface LineUnits {
  readonly lineId: string;
  readonly quantity: number;
}

/** What became of some of the units that a channel wanted cancelled. */
export interface Outcome {
  readonly cancelled: readonly LineUnits[];
  /** Units that stay in the order. */
  readonly refused: number;
}

/**
 * Whether a cancellation is a marketplace's own wish, which it hears an answer to. Shops see in the order what became of
 * theirs; what somebody else cancels is our decision.
 */
export function isChannelsWish({ channel }: Caller, order: Order): boolean {
  return channel?.kind === 'MARKETPLACE' && channel.code === order.channel.code;
}

/** Notes what a channel wants cancelled, before anything becomes of it. @returns the request's id */
export async function openRequest(
  trx: Knex.Transaction,
  order: Order,
  wish: { readonly channelRequestId: string; readonly reason: string; readonly wanted: number },
): Promise<string> {
  const id = newId('cancellationRequest');
  await query(
    trx,
    `insert into orders.cancellation_request (id, order_id, channel_code, channel_request_id, reason, wanted) values (?, ?, ?, ?, ?, ?)`,
    [id, order.id, order.channel.code, wish.channelRequestId, wish.reason, wish.wanted],
  );
  return id;
}

/** Units of the order that a channel wanted cancelled and of which it does not know yet. */
export async function openUnitsOf(trx: Knex.Transaction, orderId: string): Promise<number> {
  const open = await query<{ wanted: number; refused: number; cancelled: readonly LineUnits[] }>(
    trx,
    'select wanted, refused, cancelled from orders.cancellation_request where order_id = ? and answered_at is null',
    [orderId],
  );
  return open.reduce(
    (sum, { wanted, refused, cancelled }) =>
      cancelled.reduce((rest, { quantity }) => rest - quantity, sum + wanted - refused),
    0,
  );
}

/** Whether a channel waits for the answer to this. */
export async function isRequest(trx: Knex.Transaction, orderId: string, id: string): Promise<boolean> {
  const found = await query(trx, 'select from orders.cancellation_request where id = ? and order_id = ?', [
    id,
    orderId,
  ]);
  return found.length > 0;
}

/**
 * Adds to a request what became of some of its units. When it was the last of them the request is answered, which is told
 * by an event. Nothing happens when there is no such request: then nobody waits for an answer. The caller makes sure that
 * each outcome is added once.
 */
export async function addOutcome(
  trx: Knex.Transaction,
  orderId: string,
  requestId: string,
  { cancelled, refused }: Outcome,
  traceId: string,
): Promise<void> {
  const [request] = await query<{
    channelRequestId: string;
    wanted: number;
    refused: number;
    cancelled: readonly LineUnits[];
  }>(
    trx,
    `update orders.cancellation_request set cancelled = cancelled || ?::jsonb, refused = refused + ?
     where id = ? and order_id = ? and answered_at is null
     returning channel_request_id as "channelRequestId", wanted, refused, cancelled`,
    [JSON.stringify(cancelled), refused, requestId, orderId],
  );
  if (!request) return;
  const lines = summed(request.cancelled);
  const granted = lines.reduce((sum, line) => sum + line.quantity, 0);
  if (granted + request.refused < request.wanted) return;
  await query(trx, 'update orders.cancellation_request set answered_at = clock_timestamp() where id = ?', [requestId]);
  const answer: CancellationAnswer =
    granted === 0 ? 'REFUSED' : granted < request.wanted ? 'PARTLY_GRANTED' : 'GRANTED';
  const { channelRequestId } = request;
  await changeOrder(trx, orderId, {
    key: `answered:${requestId}`,
    events: [{ type: 'order-cancellation-answered.v1', data: { orderId, requestId, channelRequestId, answer, lines } }],
    traceId,
  });
}

/** Units that were to be cancelled stay in the order; whoever asked for it hears so. */
export async function keepUnits(
  trx: Knex.Transaction,
  orderId: string,
  { requestId, units }: { readonly requestId: string; readonly units: number },
  effect: Pick<OrderChange, 'timeline' | 'traceId'> & { readonly key: string },
): Promise<void> {
  const changed = await changeOrder(trx, orderId, effect);
  if (changed.applied) await addOutcome(trx, orderId, requestId, { cancelled: [], refused: units }, effect.traceId);
}

function summed(parts: readonly LineUnits[]): LineUnits[] {
  const units = new Map<string, number>();
  for (const { lineId, quantity } of parts) units.set(lineId, (units.get(lineId) ?? 0) + quantity);
  return [...units].map(([lineId, quantity]) => ({ lineId, quantity }));
}
