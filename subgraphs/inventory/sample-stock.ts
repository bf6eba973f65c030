import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { locationIdOf, saveLocations } from './locations.ts';
import type { LocationKind } from './model.ts';
import { applyLevels } from './projection.ts';

/** Sites of the samples by code, with their kind. */
export const SAMPLE_SITES = {
  EAST: 'WAREHOUSE',
  WEST: 'WAREHOUSE',
  PARTNER: 'THIRD_PARTY_LOGISTICS',
  SHOP: 'STORE',
} as const satisfies Record<string, LocationKind>;

export type SampleSite = keyof typeof SAMPLE_SITES;

export const at = (site: SampleSite): string => locationIdOf(site);

/**
 * Puts stock on the shelves, as a warehouse's snapshot would: `{ BOLT: { EAST: 10, SHOP: 2 } }`.
 * Sites that are not named have no position of the SKU.
 */
export async function stockUp(
  knex: Knex,
  stock: Readonly<Record<string, Partial<Record<SampleSite, number>>>>,
  measuredAt: Date = new Date(),
): Promise<void> {
  await saveLocations(
    knex,
    Object.entries(SAMPLE_SITES).map(([code, kind]) => ({ code, name: `Site ${code}`, kind })),
  );
  const levels = Object.entries(stock).flatMap(([sku, bySite]) =>
    Object.entries(bySite).map(([siteCode, onHand]) => ({ siteCode, sku, onHand, sequence: 1, measuredAt, incoming: null })),
  );
  await knex.transaction((trx) => applyLevels(trx, levels));
  await query(knex, 'delete from inventory.unannounced');
}
