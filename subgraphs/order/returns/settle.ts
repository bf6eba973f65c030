import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { changeOrder } from '../change.ts';
import type { Disposition } from '../model.ts';
import { type FoundReturn, lockReturn, moveReturn } from './found.ts';
import { paidBackUnits } from './free-units.ts';
import { closeSettled } from './inspect.ts';
import type { StrandedParcels } from './stranded-parcels.ts';
import { isUndelivered } from './undelivered.ts';

/** What a workflow did with units of a return, by the order's line. */
export interface SettledUnits {
  readonly key: string;
  readonly traceId: string;
  /** Where goods were put. */
  readonly locationId: string | null;
  readonly lines: readonly {
    readonly lineId: string;
    /** Units that were paid back. */
    readonly refunded: number;
    /** Units that were put on the shelf or aside, and what they are like. */
    readonly placed: { readonly quantity: number; readonly disposition: string } | null;
  }[];
}

/** Counts units as put and paid back, once per `key`, and moves the return on when that was the last of it. */
export async function settleReturn(
  trx: Knex.Transaction,
  parcels: Pick<StrandedParcels, 'payBack'>,
  returnId: string,
  done: SettledUnits,
): Promise<void> {
  const found = await lockReturn(trx, returnId);
  if (!found) return;
  const claimed = await change(
    trx,
    'insert into orders.applied_effect (order_id, key) values (?, ?) on conflict do nothing',
    [found.return.orderId, `settled:${done.key}`],
  );
  if (claimed === 0) return;
  await saveRefunded(trx, found, done.lines);
  await savePlaced(trx, found, done);
  // What came with its condition was inspected and accepted when it was received.
  const { units } = found;
  if (found.return.state === 'RECEIVED' && units.received === units.accepted) {
    const note = { traceId: done.traceId };
    await moveReturn(trx, found, 'INSPECTED', { ...note, message: 'inspected' });
    await moveReturn(trx, found, 'RESOLVED', { ...note, message: 'resolved: the goods are kept' });
  }
  await closeSettled(trx, returnId, done.traceId);
  // What never reached the buyer is not expected to any more: that may have been the last of the order.
  if (!found.lines.some(({ reason }) => isUndelivered(reason))) return;
  const { orderId } = found.return;
  await changeOrder(trx, orderId, { key: null, traceId: done.traceId });
  const paid = await paidBackUnits(trx, orderId);
  if (paid.size > 0) await parcels.payBack(trx, orderId, [...paid].map(([lineId, quantity]) => ({ lineId, quantity }))); // biome-ignore format: one thought
}

async function saveRefunded(trx: Knex.Transaction, found: FoundReturn, lines: SettledUnits['lines']): Promise<void> {
  const left = found.lines.map((line) => ({
    id: line.id,
    lineId: line.orderLineId,
    room: line.credited - line.refunded,
  }));
  for (const { lineId, refunded } of lines) {
    const parts = spread(left.filter((line) => line.lineId === lineId), refunded); // biome-ignore format: one thought
    for (const { at, units } of parts)
      await query(trx, 'update orders.return_line set refunded = refunded + ? where id = ?', [units, at.id]);
  }
}

async function savePlaced(trx: Knex.Transaction, found: FoundReturn, done: SettledUnits): Promise<void> {
  const lineOf = new Map(found.lines.map((line) => [line.id, line.orderLineId]));
  const left = found.conditions.map((row) => ({ ...row, room: row.accepted - row.placed }));
  for (const { lineId, placed } of done.lines) {
    if (!placed) continue;
    const fitting = left.filter(
      (row) =>
        lineOf.get(row.returnLineId) === lineId &&
        row.locationId === done.locationId &&
        row.disposition === (placed.disposition as Disposition),
    );
    for (const { at, units } of spread(fitting, placed.quantity)) {
      await query(
        trx,
        `update orders.return_condition set placed = placed + ?
         where return_line_id = ? and location_id = ? and disposition = ?`,
        [units, at.returnLineId, at.locationId, at.disposition],
      );
    }
  }
}

/** Spreads units over places, as far as they have room for them. */
function spread<Place extends { room: number }>(places: readonly Place[], units: number) {
  let left = units;
  return places.flatMap((at) => {
    const taken = Math.min(at.room, left);
    at.room -= taken;
    left -= taken;
    return taken > 0 ? [{ at, units: taken }] : [];
  });
}
