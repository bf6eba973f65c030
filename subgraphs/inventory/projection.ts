import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { locationIdOf, positionIdOf } from './locations.ts';
import type { IncomingLot, StockChange, StockLevel } from './port.ts';

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

/**
 * Takes over everything that is on its way.
 * @param head number of the ledger that the list was made at: positions that know later bookings keep what they know
 */
export async function applySupply(trx: Knex.Transaction, lots: readonly IncomingLot[], head: number): Promise<void> {
  const rows = lots.map(({ siteCode, ...lot }) => ({
    ...lot,
    locationId: locationIdOf(siteCode),
    positionId: positionIdOf(siteCode, lot.sku),
  }));
  await query(trx, 'select inventory.apply_supply(?, ?::jsonb)', [head, JSON.stringify(rows)]);
}

type SourceRow = Omit<StockChange, 'kind' | 'reference'> & {
  readonly kind: StockChange['kind'] | 'SNAPSHOT';
  readonly reference: string | null;
  readonly incoming: number | null;
  readonly incomingAt: Date | null;
};

async function applySource(trx: Knex.Transaction, rows: readonly SourceRow[]): Promise<string[]> {
  if (rows.length === 0) return [];
  const told = JSON.stringify(
    rows.map(({ siteCode, ...row }) => ({
      ...row,
      locationId: locationIdOf(siteCode),
      positionId: positionIdOf(siteCode, row.sku),
    })),
  );
  const touched = await query<{ sku: string }>(trx, 'select distinct sku from inventory.apply_source(?::jsonb)', [
    told,
  ]);
  await query(trx, 'select inventory.note_rises(?::jsonb)', [told]);
  if (rows.some((row) => row.kind === 'RECEIPT' || row.incoming !== null)) {
    await query(trx, 'select inventory.receive_supply(?::jsonb)', [told]);
  }
  return touched.map((row) => row.sku);
}
