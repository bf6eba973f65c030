import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import type { OrderPlaceRefusal } from '../errors.ts';
import { reservationExpired, reservationMismatch, shortages, suspended, unknownSkus } from './stock-refusals.ts';

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
  const refusals = refusalsOf(rows, request);
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

function refusalsOf(rows: readonly CommitRow[], { lines, allowBackorder }: StockRequest): OrderPlaceRefusal[] {
  const kinds = new Set(rows.map((row) => row.kind));
  if (kinds.has('SUSPENDED')) return [suspended];
  if (kinds.has('RESERVATION_EXPIRED')) return [reservationExpired];
  if (kinds.has('RESERVATION_MISMATCH')) return [reservationMismatch];
  const of = (kind: CommitRow['kind']) => rows.filter((row) => row.kind === kind);
  const most = new Map(of('SHORT').map(({ sku, available }) => [sku ?? '', Math.max(0, available ?? 0)]));
  const unknown = new Set(of('UNKNOWN_SKU').map(({ sku }) => sku ?? ''));
  return [...shortages(lines, most, allowBackorder), ...unknownSkus(lines, unknown)].sort(
    (one, other) => Number(one.field?.[2]) - Number(other.field?.[2]),
  );
}
