import type { MigrationSet } from '../../platform/db/migrate.ts';

/** Migrations of the schema `integration`, in the order of their names. */
export const migrations: MigrationSet = {};
