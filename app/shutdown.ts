import type { Logger } from '../platform/logger.ts';

/** Something to let go when the process ends. */
type Release = () => Promise<void>;

/**
 * Collects what has to be let go and does it once, newest first: at Ctrl-C, SIGTERM, or when a start fails half-way.
 * A second Ctrl-C ends the process at once; nothing is lost, because nothing is only in memory.
 */
export function createShutdown(logger: Logger, graceMillis: number) {
  const releases: { name: string; release: Release }[] = [];
  let ending: Promise<void> | undefined;

  async function releaseAll(): Promise<void> {
    for (const { name, release } of releases.reverse()) {
      await release().catch((error: unknown) => logger.warn({ err: error, name }, 'could not be closed in order'));
    }
  }

  function stop(): Promise<void> {
    ending ??= Promise.race([
      releaseAll(),
      new Promise<void>((resolve) => {
        setTimeout(() => {
          logger.warn('some work did not end in time and will be taken up at the next start');
          resolve();
        }, graceMillis + 5_000).unref();
      }),
    ]);
    return ending;
  }

  return {
    add(name: string, release: Release): void {
      releases.push({ name, release });
    },
    stop,
    /** Whether the end has begun. */
    get stopping(): boolean {
      return ending !== undefined;
    },
    /** Ends the process on SIGINT and SIGTERM. */
    onSignals(): void {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.on(signal, () => {
          if (ending) process.exit(130);
          logger.info({ signal }, 'stopping');
          void stop().then(() => process.exit(0));
        });
      }
    },
  };
}

export type Shutdown = ReturnType<typeof createShutdown>;
