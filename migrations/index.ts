import type { MigrationSet } from '../platform/db/migrate.ts';
import { migrations as fulfillment } from './fulfillment/index.ts';
import { migrations as integration } from './integration/index.ts';
import { migrations as inventory } from './inventory/index.ts';
import { migrations as orders } from './orders/index.ts';
import { migrations as product } from './product/index.ts';
import { migrations as settlement } from './settlement/index.ts';

/**
 * The owners of the database `commerce`: each has a schema of its name and migrates it alone, so that an owner can
 * move to another server. The order is the order of migration; nothing may depend on it.
 */
export const migrationSets = {
  integration,
  product,
  inventory,
  orders,
  fulfillment,
  settlement,
} as const satisfies Record<string, MigrationSet>;

export type Owner = keyof typeof migrationSets;

export const owners = Object.keys(migrationSets) as Owner[];
