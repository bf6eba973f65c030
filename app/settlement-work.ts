import type { Config } from '../platform/config.ts';
import { openDatabase } from '../platform/db/database.ts';
import type { Logger } from '../platform/logger.ts';
import { createDropFolder } from '../subgraphs/settlement/index.ts';
import type { Domains } from './domains.ts';

/** Connections of all of settlement's batch work: it can never take the ones that orders wait for. */
const POOL_MAX = 6;
/** Statements of a batch are longer than a request's, and nobody waits for them. */
const STATEMENT_TIMEOUT_MILLIS = 600_000;

/** While others are at work the ingest rests longer, see subgraphs/settlement/ingest/pace.ts. */
const BUSY_CONNECTIONS = 4;

/**
 * Posting, matching, vouchers for the ERP and the watched folder, over a pool of their own. Runs until it is stopped, in a worker beside
 * everything else or in a process of its own.
 */
export function startSettlementWork(options: {
  readonly databaseUrl: string;
  readonly config: Pick<Config, 'settlement'>;
  readonly domains: Domains;
  readonly logger: Logger;
}): { stop(): Promise<void> } {
  const { config, domains } = options;
  const logger = options.logger.child({ component: 'settlement' });
  const stopping = new AbortController();
  const { signal } = stopping;
  const knex = openDatabase(options.databaseUrl, {
    poolMax: POOL_MAX,
    applicationName: 'commerce-settlement',
    statementTimeoutMillis: STATEMENT_TIMEOUT_MILLIS,
  });
  const running = [domains.settlement.batchOver(knex).run(signal), domains.settlement.vouchersOver(knex).run(signal)];
  const { dropFolder, share } = config.settlement;
  if (dropFolder !== null) {
    const drop = createDropFolder({
      knex,
      folder: dropFolder,
      pace: { share, busyConnections: BUSY_CONNECTIONS },
      onDone: (file, { kind, ...outcome }) => logger.info({ file, kind, ...outcome }, 'settlement report'),
      onFailure: (file, error) => logger.warn({ file, err: error }, 'a settlement report could not be taken in yet'),
    });
    running.push(drop.run(signal));
    logger.info({ folder: dropFolder }, 'settlement reports are taken from a folder');
  }
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
      await knex.destroy();
    },
  };
}
