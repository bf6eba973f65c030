import type { MigrationSet } from '../../platform/db/migrate.ts';
import * as orders from './20261123090000_orders.ts';

export const migrations: MigrationSet = { '20261123090000_orders': orders };
