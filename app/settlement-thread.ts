import { relative } from 'node:path';
import type { SystemName } from '../platform/config.ts';
import { openDatabase } from '../platform/db/database.ts';
import { createDropFolder, createThrottle } from '../subgraphs/settlement/index.ts';
import { openDomains } from './domains.ts';
import { openRoutedSystems } from './routed-systems.ts';
import { showDropped } from './settlement-drop.ts';
import { pullSettlements } from './settlement-pull.ts';
import { createSystemClients } from './system-clients.ts';
import { BEHIND, runThread, stepBack } from './thread.ts';
import type { ThreadData } from './threads.ts';

export interface SettlementThreadData extends ThreadData {
  readonly systemUrls: Readonly<Record<SystemName, string | null>>;
  readonly databaseUrl: string;
  /** Whether the database's processes run on this machine under our user. */
  readonly isDatabaseHere: boolean;
}

/** Connections of all of settlement's batch work: it can never take the ones that orders wait for. */
const POOL_MAX = 8;
/** Statements of a batch are longer than a request's, and nobody waits for them. */
const STATEMENT_TIMEOUT_MILLIS = 600_000;

// Posting, matching, vouchers for the ERP and the watched folder, over a pool of their own, behind everybody else.
await runThread<SettlementThreadData>('settlement', BEHIND.everybody, async (base, data) => {
  const { config, secret, logger, shutdown } = base;
  const stopping = new AbortController();
  const { signal } = stopping;
  const knex = openDatabase(data.databaseUrl, {
    poolMax: POOL_MAX,
    applicationName: 'commerce-settlement',
    statementTimeoutMillis: STATEMENT_TIMEOUT_MILLIS,
    ...(data.isDatabaseHere ? { onConnect: (backend) => stepBack(backend, BEHIND.everybody, logger) } : {}),
  });
  const clients = createSystemClients(config, secret, data.systemUrls);
  // Vouchers are posted where config/systems.yaml says that the books are.
  const routed = openRoutedSystems({
    file: config.systemsFile,
    timeoutMillis: config.systemTimeoutMillis,
    logger: logger.child({ component: 'systems' }),
  });
  const domains = openDomains({ knex, clients, routed, logger, process: 'settlement' });
  const { dropFolder, share, yieldAbove } = config.settlement;
  const throttle = createThrottle(knex, { share, yieldAbove });
  const running = [
    domains.settlement.batchOver(knex, throttle).run(signal),
    domains.settlement.vouchersOver(knex, throttle).run(signal),
    pullSettlements(
      { knex, throttle, alarm: domains.operations.alarm('settlement'), logger },
      config.settlement,
      signal,
    ),
  ];
  if (dropFolder !== null) {
    const drop = createDropFolder({
      knex,
      folder: dropFolder,
      throttle,
      async onDone(file, outcome) {
        logger.info({ file, ...outcome }, 'settlement report');
        await showDropped(domains.operations.alarm('settlement'), relative(dropFolder, file), outcome).catch(
          (error: unknown) => logger.warn({ err: error }, 'an exception could not be shown'),
        );
      },
      onFailure: (file, error) => logger.warn({ file, err: error }, 'a settlement report could not be taken in yet'),
    });
    running.push(drop.run(signal));
    logger.info({ folder: dropFolder }, 'settlement reports are taken from a folder');
  }
  shutdown.add('settlement', async () => {
    stopping.abort();
    await Promise.all(running);
    await Promise.all([
      domains.order.capture.close(),
      domains.inventory.holding.close(),
      clients.close(),
      routed.close(),
    ]);
    await knex.destroy();
  });
});
