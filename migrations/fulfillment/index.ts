import type { MigrationSet } from '../../platform/db/migrate.ts';
import * as fulfillment from './20261123090000_fulfillment.ts';

export const migrations: MigrationSet = { '20261123090000_fulfillment': fulfillment };
