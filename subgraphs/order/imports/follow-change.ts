import type { Knex } from 'knex';
import type { Caller } from '../../../platform/caller.ts';
import { query } from '../../../platform/db/query.ts';
import { lockOrder } from '../change.ts';
import { cancelOrder } from '../commands/cancel.ts';
import type { LineUnits } from '../commands/cancellation-request.ts';
import type { OrderLine } from '../model.ts';
import type { ChannelOrderLine } from '../port.ts';
import { openUnits } from '../quantities.ts';

/** Units by the channel's id of their line. */
export type UnitsByLine = Readonly<Record<string, number>>;

/** What a channel cancelled of an order that is here. */
export interface Followed {
  /** Units that were asked back here so far, those of this time among them. */
  readonly asked: UnitsByLine;
  /** Units of this time that had left before; somebody has to settle it. */
  readonly late: UnitsByLine;
}

/**
 * Cancels here what a channel has cancelled by itself. It counts all cancelled units of a line, also those that were
 * cancelled here and told; so what is asked for is what neither was cancelled here nor asked for before.
 * @param noted units that were cancelled when the order was taken on or asked for since; null where a crash kept it from being noted
 * @param requestId names the wish: the channel hears an answer to it, where it hears answers
 */
export async function followCancellations(
  trx: Knex.Transaction,
  caller: Caller,
  orderId: string,
  lines: readonly ChannelOrderLine[],
  noted: UnitsByLine | null,
  requestId: string,
): Promise<Followed> {
  const found = await lockOrder(trx, orderId);
  if (!found) throw new Error('the order is gone');
  const asked = noted ?? cancelledBefore(lines, found.lines);
  const granted = await grantedUnits(trx, orderId);
  const wishes = lines.flatMap((line) => {
    const ours = found.lines.find(({ channelLineId }) => channelLineId === line.channelLineId);
    const units = ours ? wishedUnits(line, ours, asked[line.channelLineId] ?? 0, granted.get(ours.id) ?? 0) : 0;
    return ours && units > 0 ? [{ line, ours, units, open: Math.min(units, openUnits(ours.quantities)) }] : [];
  });
  const open = wishes.filter((wish) => wish.open > 0);
  const [first] = open;
  const isDone = first
    ? (
        await cancelOrder(trx, caller, orderId, {
          idempotencyKey: requestId,
          reason: first.line.cancelReason,
          lines: open.map((wish) => ({ orderLineId: wish.ours.id, quantity: wish.open })),
          askNodes: true,
        })
      ).refusals.length === 0
    : true;
  const late = wishes.map(
    ({ line, units, open: ones }) => [line.channelLineId, isDone ? units - ones : units] as const,
  );
  return {
    asked: { ...asked, ...Object.fromEntries(wishes.map(({ line, units }) => [line.channelLineId, (asked[line.channelLineId] ?? 0) + units])) }, // biome-ignore format: one thought
    late: Object.fromEntries(late.filter(([, units]) => units > 0)),
  };
}

/**
 * @param asked units that were cancelled when the order was taken on, or asked for since
 * @param granted those of them that are cancelled here by now
 */
function wishedUnits(line: ChannelOrderLine, ours: OrderLine, asked: number, granted: number): number {
  const ownDecisions = ours.quantities.cancelled - granted;
  return line.cancelled - asked - ownDecisions;
}

/**
 * Pure: what was cancelled when an order was taken on, where a crash kept that from being noted: never more than was left out
 * of the order.
 */
function cancelledBefore(lines: readonly ChannelOrderLine[], placed: readonly OrderLine[]): UnitsByLine {
  const ordered = new Map(placed.map(({ channelLineId, quantities }) => [channelLineId, quantities.ordered]));
  return Object.fromEntries(
    lines.map(({ channelLineId, quantity, cancelled }) => [
      channelLineId,
      Math.min(cancelled, Math.max(0, quantity - (ordered.get(channelLineId) ?? quantity))),
    ]),
  );
}

async function grantedUnits(trx: Knex.Transaction, orderId: string): Promise<ReadonlyMap<string, number>> {
  const requests = await query<{ cancelled: readonly LineUnits[] }>(
    trx,
    'select cancelled from orders.cancellation_request where order_id = ?',
    [orderId],
  );
  const granted = new Map<string, number>();
  for (const { lineId, quantity } of requests.flatMap(({ cancelled }) => cancelled))
    granted.set(lineId, (granted.get(lineId) ?? 0) + quantity);
  return granted;
}
