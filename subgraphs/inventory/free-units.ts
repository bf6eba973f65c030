import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { locationsById } from './locations.ts';

/** What a location has that an order may take. */
interface FreeUnits {
  /** What people call the location. */
  readonly code: string;
  /** By SKU as it is sold: a bundle counts as one. A SKU that the location has no position of is missing. */
  readonly free: ReadonlyMap<string, number>;
}

/**
 * What work of an order could be moved to a location for, now: not what is kept there from the order's channel.
 * Null when there is no such location. @param db a transaction sees its own changes
 */
export async function freeUnits(
  db: Knex,
  orderId: string,
  locationId: string,
  skus: readonly string[],
): Promise<FreeUnits | null> {
  const location = (await locationsById(db, [locationId])).get(locationId);
  if (!location) return null;
  const rows = await query<{ sku: string; free: number }>(
    db,
    'select sku, free from inventory.movable(?, ?, ?::text[])',
    [orderId, locationId, [...new Set(skus)]],
  );
  return { code: location.code, free: new Map(rows.map(({ sku, free }) => [sku, free])) };
}
