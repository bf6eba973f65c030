import { openObservedJournal } from '../../platform/observed/journal.ts';
import { createSqlClient } from '../../systems/sql/client.ts';
import { startBusinessCentralWorld } from '../contract/product-source.business-central-world.ts';
import type { SourceWorld } from '../contract/product-source.contract.ts';
import { startErpWorld } from '../contract/product-source.erp-world.ts';
import { startSapWorld } from '../contract/product-source.sap-world.ts';
import { startSqlWorld } from '../contract/product-source.sql-world.ts';
import { startTrytonWorld } from '../contract/product-source.tryton-world.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { createLegacyErp, legacyMapping } from '../helpers/legacy-erp.ts';
import { startTestTryton } from '../helpers/tryton.ts';

/** A system with the adapter that reads its goods. `statements`: what it was asked other than by HTTP. */
export interface BenchedWorld {
  readonly world: SourceWorld;
  readonly statements?: () => number;
}

/** Vendure is none of them: nothing is read of its goods. */
export const BENCHED: readonly { readonly name: string; start(): Promise<BenchedWorld> }[] = [
  { name: 'reference ERP', start: async () => ({ world: await startErpWorld() }) },
  { name: 'tryton', start: async () => ({ world: await startTrytonWorld(await startTestTryton()) }) },
  { name: 'SQL (PostgreSQL)', start: startLegacy },
  { name: 'SAP (simulator)', start: async () => ({ world: await overJournal('sap', startSapWorld) }) },
  {
    name: 'Business Central (simulator)',
    start: async () => ({ world: await overJournal('central', startBusinessCentralWorld) }),
  },
];

type OpenWorld = (journal: ReturnType<typeof openObservedJournal>) => Promise<SourceWorld>;

async function overJournal(name: string, open: OpenWorld): Promise<SourceWorld> {
  const database = await createTestDatabase(['integration']);
  const world = await open(openObservedJournal(database.knex, name));
  return { ...world, stop: () => world.stop().then(() => database.drop()) };
}

async function startLegacy(): Promise<BenchedWorld> {
  const database = await createTestDatabase(['integration']);
  await createLegacyErp(database.knex, 'postgresql');
  const sql = createSqlClient('legacy', { address: database.url, dialect: 'postgresql', user: null, password: null, timeoutMillis: 60_000 }); // biome-ignore format: one thought
  const mapping = { ...legacyMapping(), lookEveryMillis: 0, readAllEveryMillis: 0 };
  const stop = () => sql.close().then(() => database.drop());
  const world = startSqlWorld(database.knex, sql, openObservedJournal(database.knex, 'legacy'), mapping, stop);
  return { world, statements: () => sql.statistics().exchanges };
}
