import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { Config, SystemName } from '../platform/config.ts';
import { openDatabase } from '../platform/db/database.ts';
import { createLogger } from '../platform/logger.ts';
import { createDropFolder, createThrottle } from '../subgraphs/settlement/index.ts';
import { openDomains } from './domains.ts';
import { pullSettlements } from './settlement-pull.ts';
import { createSystemClients } from './system-clients.ts';

/** What the thread is told by whoever starts it: it opens its own connections and clients. */
export interface SettlementThreadData {
  readonly config: Config;
  readonly secret: string;
  readonly systemUrls: Readonly<Record<SystemName, string | null>>;
  readonly databaseUrl: string;
  /** Whether the database's processes run on this machine under our user. */
  readonly isDatabaseHere: boolean;
}

/** Connections of all of settlement's batch work: it can never take the ones that orders wait for. */
const POOL_MAX = 8;
/** Statements of a batch are longer than a request's, and nobody waits for them. */
const STATEMENT_TIMEOUT_MILLIS = 600_000;

// Posting, matching, vouchers for the ERP and the watched folder, over a pool of their own, behind everybody else: see settlement-work.ts.
const { config, secret, systemUrls, databaseUrl, isDatabaseHere } = workerData as SettlementThreadData;
const logger = createLogger({ level: config.logLevel, component: 'settlement' });
const stopping = new AbortController();
const { signal } = stopping;
parentPort?.once('message', () => stopping.abort());

// Only on Linux is the priority that of a thread; elsewhere it would be that of the whole process.
if (process.platform === 'linux') stepBack(0);
const knex = openDatabase(databaseUrl, {
  poolMax: POOL_MAX,
  applicationName: 'commerce-settlement',
  statementTimeoutMillis: STATEMENT_TIMEOUT_MILLIS,
  ...(isDatabaseHere ? { onConnect: stepBack } : {}),
});
const clients = createSystemClients(config, secret, systemUrls);
const domains = openDomains({ knex, clients, logger, process: 'settlement' });
const { dropFolder, share, yieldAbove } = config.settlement;
const throttle = createThrottle(knex, { share, yieldAbove });
const running = [
  domains.settlement.batchOver(knex, throttle).run(signal),
  domains.settlement.vouchersOver(knex, throttle).run(signal),
  pullSettlements({ knex, throttle, alarm: domains.operations.alarm('settlement'), logger }, config.settlement, signal),
];
if (dropFolder !== null) {
  const drop = createDropFolder({
    knex,
    folder: dropFolder,
    throttle,
    onDone: (file, { kind, ...outcome }) => logger.info({ file, kind, ...outcome }, 'settlement report'),
    onFailure: (file, error) => logger.warn({ file, err: error }, 'a settlement report could not be taken in yet'),
  });
  running.push(drop.run(signal));
  logger.info({ folder: dropFolder }, 'settlement reports are taken from a folder');
}
await Promise.all(running);
await Promise.all([domains.order.capture.close(), domains.inventory.holding.close(), clients.close()]);
await knex.destroy();
parentPort?.close();

/** Lets everybody else go first. A process that is gone, or not ours, is left alone: it is a courtesy. */
function stepBack(processId: number): void {
  try {
    setPriority(processId, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch (error) {
    logger.debug({ err: error }, 'the priority could not be lowered');
  }
}
