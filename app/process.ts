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
    process.stderr.write(`${explain(error)}
`);
    await shutdown?.stop();
    process.exit(1);
  }
}

/** One message that says what to do, for the failures that a user can mend; the stack for all others. */
function explain(error: unknown): string {
  if (isCommerceError(error)) return error.message;
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE' && 'port' in error) {
    return `Port ${String(error.port)} is taken by another program. Stop it, or choose another port with PORT (SUBGRAPH_PORT, SYSTEM_PORT).`;
  }
  return error.stack ?? error.message;
}
