import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { CommerceError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { tellLines } from '../../platform/supply/tell-lines.ts';
import type { HoldRefusal } from './errors.ts';
import { HOLD_SECONDS } from './model.ts';

export interface HoldRequest {
  /** Quantities 1 to 1,000,000. The same SKU on two lines adds up. */
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  /** Null lets any shippable node serve. */
  readonly locationId: string | null;
  /** Units of every SKU withheld from the caller's channel. */
  readonly safetyStock: number;
  /** 1 to 3600. */
  readonly ttlSeconds: number;
  readonly channelCode: string | null;
  readonly customerId: string | null;
}

/** Keeps stock of all lines, or of none and says why. Safe to store as an answer. @throws CommerceError BAD_USER_INPUT for a location that nobody knows */
export async function holdStock(
  trx: Knex.Transaction,
  request: HoldRequest,
): Promise<{ reservationId: string | null; refusals: HoldRefusal[] }> {
  const reservationId = newId('reservation');
  const skus = request.lines.map((line) => line.sku);
  const quantities = request.lines.map((line) => line.quantity);
  const rows = await query<{ kind: string; line_no: number; sku: string; quantity: number; available: number }>(
    trx,
    'select * from inventory.hold(?, ?::text[], ?::int[], ?, ?, ?, ?, ?)',
    [
      reservationId,
      skus,
      quantities,
      request.locationId,
      request.safetyStock,
      request.ttlSeconds,
      request.channelCode,
      request.customerId,
    ],
  );
  if (rows.some((row) => row.kind === 'UNKNOWN_LOCATION')) {
    throw new CommerceError(
      'BAD_USER_INPUT',
      'There is no location with this locationId. Send the id of one, or none.',
      {
        field: 'input.locationId',
      },
    );
  }
  if (rows.every((row) => row.kind === 'HELD')) return { reservationId, refusals: [] };
  const most = new Map(rows.filter(({ kind }) => kind === 'SHORT').map(({ sku, available }) => [sku, available]));
  const unknown = new Set(rows.filter(({ kind }) => kind === 'UNKNOWN_SKU').map(({ sku }) => sku));
  return {
    reservationId: null,
    refusals: tellLines(request.lines, new Set([...most.keys(), ...unknown]), (sku, index, rest) =>
      unknown.has(sku) ? unknownSku(sku, index, rest) : outOfStock(sku, index, most.get(sku) ?? 0, rest),
    ),
  };
}

function unknownSku(sku: string, index: number, rest: string): HoldRefusal {
  return {
    code: 'UNKNOWN_SKU',
    message: `No warehouse carries this SKU${rest}.`,
    field: ['input', 'lines', String(index), 'sku'],
    sku,
    availableQuantity: null,
  };
}

/** @param index of the line, from 0 */
export function outOfStock(sku: string, index: number, available: number, rest: string): HoldRefusal {
  return {
    code: 'OUT_OF_STOCK',
    message: `Only ${available} of this SKU can be kept now${rest}. Lower the quantity.`,
    field: ['input', 'lines', String(index), 'quantity'],
    sku,
    availableQuantity: available,
  };
}

/** Keeps a live hold for `ttlSeconds` from now, never for less than it had. Its whole life is limited. */
export async function extendHold(
  trx: Knex.Transaction,
  reservationId: string,
  ttlSeconds: number,
): Promise<'EXTENDED' | 'NOT_FOUND' | 'NOT_HELD' | 'LIMIT_REACHED'> {
  const [row] = await query<{ outcome: 'EXTENDED' | 'NOT_FOUND' | 'NOT_HELD' | 'LIMIT_REACHED' }>(
    trx,
    'select inventory.extend_hold(?, ?, ?) as outcome',
    [reservationId, ttlSeconds, HOLD_SECONDS.total],
  );
  return row?.outcome ?? 'NOT_FOUND';
}

/** Whether an order has the stock of a hold: the hold itself, or what was found again when it was over. */
export async function becameOrders(db: Knex, reservationId: string): Promise<boolean> {
  const rows = await query(
    db,
    'select from inventory.reservation where order_id is not null and (id = ? or reacquires = ?) limit 1',
    [reservationId, reservationId],
  );
  return rows.length > 0;
}

/** Gives a hold's stock back. Changes nothing when it is no hold any more; an order's stock stays the order's. */
export async function releaseHold(db: Knex, reservationId: string): Promise<'RELEASED' | 'ALREADY_COMMITTED'> {
  await query(db, `select inventory.end_holds(array[?::text], 'RELEASED')`, [reservationId]);
  // A statement of its own: it sees what those who had the reservation locked made of it.
  const [row] = await query<{ committed: boolean }>(
    db,
    `select state in ('COMMITTED', 'CONSUMED') as committed from inventory.reservation where id = ?`,
    [reservationId],
  );
  return row?.committed ? 'ALREADY_COMMITTED' : 'RELEASED';
}

/**
 * Books holds whose time is over as EXPIRED. Nobody waits for it: their units are free from the instant the time is
 * over. It keeps the tables small and lets subscribers know.
 *
 * @returns how many; as many as `limit` means that there may be more
 */
export async function expireHolds(knex: Knex, limit: number): Promise<number> {
  const [row] = await query<{ count: number }>(knex, 'select inventory.expire_holds(?) as count', [limit]);
  return row?.count ?? 0;
}
