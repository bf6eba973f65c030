import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { locationsById } from './locations.ts';

/** What a location has that anybody could take. */
interface FreeUnits {
  /** What people call the location. */
  readonly code: string;
  /** By SKU as it is sold: a bundle counts as one. A SKU that the location has no position of is missing. */
  readonly free: ReadonlyMap<string, number>;
}

/** What could be moved to a location now. Null when there is no such location. @param db a transaction sees its own changes */
export async function freeUnits(db: Knex, locationId: string, skus: readonly string[]): Promise<FreeUnits | null> {
  const location = (await locationsById(db, [locationId])).get(locationId);
  if (!location) return null;
  const rows = await query<{ sku: string; free: number }>(
    db,
    'select sku, free from inventory.offers(null, false, ?::text[], array[?]::text[], null, clock_timestamp())',
    [[...new Set(skus)], locationId],
  );
  return { code: location.code, free: new Map(rows.map(({ sku, free }) => [sku, free])) };
}
