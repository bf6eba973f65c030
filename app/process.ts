import { type Config, loadConfig } from '../platform/config.ts';
import { isCommerceError } from '../platform/errors.ts';
import { keptSecret } from '../platform/kept-secret.ts';
import { createLogger, type Logger } from '../platform/logger.ts';
import { createShutdown, type Shutdown } from './shutdown.ts';

/** What every process of the platform starts with. */
export interface ProcessBase {
  readonly config: Config;
  readonly secret: string;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
}

/** Runs a process entry: configuration, log, orderly end, and one readable message when the start fails. */
export async function runProcess(component: string, start: (base: ProcessBase) => Promise<void>): Promise<void> {
  // The JavaScript gateway libraries would report home otherwise.
  process.env.APOLLO_TELEMETRY_DISABLED = 'true';
  let shutdown: Shutdown | undefined;
  try {
    const config = loadConfig();
    const logger = createLogger({ level: config.logLevel, component });
    shutdown = createShutdown(logger, config.shutdownGraceMillis);
    shutdown.onSignals();
    const secret = config.subgraphSecret ?? keptSecret(config.dataDir, 'subgraph-secret');
    await start({ config, secret, logger, shutdown });
  } catch (error) {
    process.stderr.write(
      `${isCommerceError(error) ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
    );
    await shutdown?.stop();
    process.exit(1);
  }
}
