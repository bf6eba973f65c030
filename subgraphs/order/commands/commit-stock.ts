import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import type { OrderPlaceRefusal } from '../errors.ts';

export interface StockRequest {
  readonly orderId: string;
  readonly lines: readonly { readonly lineId: string; readonly sku: string; readonly quantity: number }[];
  /** The only node that may serve the order, or null for any that ships. */
  readonly locationId: string | null;
  /** Units of every SKU withheld from the channel. */
  readonly safetyStock: number;
  readonly allowBackorder: boolean;
  readonly reservationId: string | null;
  /** Only a hold of this channel may be taken. */
  readonly channelCode: string;
}

export interface Allocation {
  readonly lineId: string;
  /** The node whose stock is committed; null for units that wait for stock. */
  readonly locationId: string | null;
  readonly quantity: number;
}

interface CommitRow {
  kind:
    | 'ALLOCATED'
    | 'BACKORDERED'
    | 'SHORT'
    | 'UNKNOWN_SKU'
    | 'RESERVATION_EXPIRED'
    | 'RESERVATION_MISMATCH'
    | 'SUSPENDED';
  line_id: string | null;
  sku: string | null;
  location_id: string | null;
  quantity: number | null;
  available: number | null;
  waits_for: string[] | null;
}

/** What commitStock did. */
export interface CommittedStock {
  readonly allocations: readonly Allocation[];
  /** Systems of record that are not heard, and that the channel's orders are held for. Nearly always none. */
  readonly waitsFor: readonly string[];
}

/** Commits stock for all lines, or for none and says why. Calls the inventory owner's published function. */
export async function commitStock(
  trx: Knex.Transaction,
  request: StockRequest,
): Promise<CommittedStock | { refusals: OrderPlaceRefusal[] }> {
  const rows = await query<CommitRow>(
    trx,
    'select * from inventory.commit_new_order(?, ?::text[], ?::text[], ?::int[], ?, ?, ?, ?, ?)',
    [
      request.orderId,
      request.lines.map((line) => line.lineId),
      request.lines.map((line) => line.sku),
      request.lines.map((line) => line.quantity),
      request.locationId,
      request.safetyStock,
      request.allowBackorder,
      request.reservationId,
      request.channelCode,
    ],
  );
  const indexOf = new Map(request.lines.map((line, index) => [line.lineId, index]));
  const refusals = rows.flatMap((row) =>
    refusalOf(row, row.line_id === null ? null : (indexOf.get(row.line_id) ?? null)),
  );
  if (refusals.length > 0) return { refusals };
  return {
    waitsFor: rows[0]?.waits_for ?? [],
    allocations: rows.map((row) => ({
      lineId: row.line_id ?? '',
      locationId: row.kind === 'BACKORDERED' ? null : row.location_id,
      quantity: row.quantity ?? 0,
    })),
  };
}

/** @param index of the line, from 0 */
export function outOfStock(sku: string, index: number, available: number): OrderPlaceRefusal {
  return {
    code: 'OUT_OF_STOCK',
    sku,
    field: ['input', 'lines', String(index), 'quantity'],
    availableQuantity: available,
    message: `Only ${available} can be had now. Lower the quantity or allow backorder.`,
  };
}

function refusalOf(row: CommitRow, index: number | null): OrderPlaceRefusal[] {
  const sku = row.sku === null ? {} : { sku: row.sku };
  const field = (name: string) => (index === null ? {} : { field: ['input', 'lines', String(index), name] });
  switch (row.kind) {
    case 'ALLOCATED':
    case 'BACKORDERED':
      return [];
    case 'SHORT':
      return [outOfStock(row.sku ?? '', index ?? 0, Math.max(0, row.available ?? 0))];
    case 'SUSPENDED':
      return [
        {
          code: 'SALES_SUSPENDED',
          message:
            'This channel takes no orders for now, because a system behind it does not answer. Place the order again in some minutes, with a new idempotencyKey.',
        },
      ];
    case 'UNKNOWN_SKU':
      return [{ code: 'UNKNOWN_SKU', ...sku, ...field('sku'), message: 'No warehouse carries this SKU.' }];
    case 'RESERVATION_EXPIRED':
      return [
        {
          code: 'RESERVATION_EXPIRED',
          field: ['input', 'reservationId'],
          message: 'The reservation is no longer held. Hold the stock again or leave reservationId out.',
        },
      ];
    case 'RESERVATION_MISMATCH':
      return [
        {
          code: 'RESERVATION_MISMATCH',
          ...sku,
          field: ['input', 'reservationId'],
          message:
            'This reservation cannot be used: it was used already, belongs to another channel or store, or does not cover exactly these SKUs and quantities.',
        },
      ];
  }
}
