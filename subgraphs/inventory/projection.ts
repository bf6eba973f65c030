import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { locationIdOf, positionIdOf } from './locations.ts';
import type { StockChange, StockLevel } from './port.ts';

/**
 * Applies bookings of the warehouse's ledger to the positions: newer numbers win, older ones change nothing. Goods that
 * left for a fulfillment order consume what is committed to its order lines; so each booking is given here once, by
 * the feed. All in a fixed number of statements.
 *
 * @returns distinct SKUs whose stock changed
 */
export function applyChanges(trx: Knex.Transaction, changes: readonly StockChange[]): Promise<string[]> {
  return applySource(
    trx,
    changes.map((change) => ({ ...change, incoming: null, incomingAt: null })),
  );
}

/**
 * The same for a booking that we caused and that the feed will bring again: the balance is taken over at once,
 * what left for orders is left to the feed.
 */
export function applyOwnBookings(trx: Knex.Transaction, changes: readonly StockChange[]): Promise<string[]> {
  return applyChanges(
    trx,
    changes.map((change) => ({ ...change, issued: 0 })),
  );
}

/** Applies balances of a snapshot: a position that already contains a later booking keeps it. */
export function applyLevels(trx: Knex.Transaction, levels: readonly StockLevel[]): Promise<string[]> {
  return applySource(
    trx,
    levels.map(({ incoming, ...level }) => ({
      ...level,
      kind: 'SNAPSHOT',
      incoming: incoming?.units ?? null,
      incomingAt: incoming?.expectedAt ?? null,
      reference: null,
      lineRef: null,
      issued: 0,
    })),
  );
}

type SourceRow = Omit<StockChange, 'kind' | 'reference'> & {
  readonly kind: StockChange['kind'] | 'SNAPSHOT';
  readonly reference: string | null;
  readonly incoming: number | null;
  readonly incomingAt: Date | null;
};

async function applySource(trx: Knex.Transaction, rows: readonly SourceRow[]): Promise<string[]> {
  if (rows.length === 0) return [];
  const touched = await query<{ sku: string }>(trx, 'select distinct sku from inventory.apply_source(?::jsonb)', [
    JSON.stringify(
      rows.map(({ siteCode, ...row }) => ({
        ...row,
        locationId: locationIdOf(siteCode),
        positionId: positionIdOf(siteCode, row.sku),
      })),
    ),
  ]);
  return touched.map((row) => row.sku);
}
