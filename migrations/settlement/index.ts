import type { MigrationSet } from '../../platform/db/migrate.ts';
import * as settlement from './20261123090000_settlement.ts';

export const migrations: MigrationSet = { '20261123090000_settlement': settlement };
