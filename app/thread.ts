import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { createLogger, type Logger } from '../platform/logger.ts';
import type { ProcessBase } from './process.ts';
import { createShutdown } from './shutdown.ts';
import type { ThreadData } from './threads.ts';

/** How far a thread steps back behind those that answer clients: the kernel's nice value. */
export const BEHIND = { clients: 5, everybody: constants.priority.PRIORITY_BELOW_NORMAL } as const;

/**
 * Runs the entry of a thread: log, priority, orderly end when the process asks for it.
 * @param behind nice value of the thread
 */
export async function runThread<Data extends ThreadData>(
  component: string,
  behind: number,
  start: (base: ProcessBase, data: Data) => Promise<void>,
): Promise<void> {
  const data = workerData as Data;
  const { config, secret } = data;
  const logger = createLogger({ level: config.logLevel, component });
  // Only on Linux is the priority that of a thread; elsewhere it would be that of the whole process.
  if (process.platform === 'linux') stepBack(0, behind, logger);
  const shutdown = createShutdown(logger, config.shutdownGraceMillis);
  parentPort?.once('message', () => void shutdown.stop().then(() => parentPort?.close()));
  await start({ config, secret, logger, shutdown }, data);
}

/** Lets others go first. A process that is gone, or not ours, is left alone: it is a courtesy. */
export function stepBack(processId: number, by: number, logger: Logger): void {
  try {
    setPriority(processId, by);
  } catch (error) {
    logger.debug({ err: error }, 'the priority could not be lowered');
  }
}
