import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { openDatabase } from '../../platform/db/database.ts';
import { type MigrationSet, migrate } from '../../platform/db/migrate.ts';
import type { Logger } from '../../platform/logger.ts';
import { createCallCounts } from './call-counts.ts';
import { controlRoutes } from './control-routes.ts';
import { createFaultBook, type FaultRule } from './fault-rules.ts';
import { startHttpServer } from './http-server.ts';
import type { Route } from './route.ts';
import type { Worker } from './worker.ts';

/** What every `start<Name>System` takes; each system adds its own options. */
export interface StartSystemOptions {
  /** The system's own database. Created by the caller; migrated here. */
  readonly databaseUrl: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Bearer token that callers must send. Random when left out; the running system tells it. */
  readonly token?: string;
  /** Milliseconds that one stage of the system's own work takes. 0 does everything at once. */
  readonly paceMillis: number;
  readonly logger: Logger;
  /** Database connections. Default 8. */
  readonly poolMax?: number;
}

export interface SystemCounters {
  /** Requests since the start, per route such as `POST /adjustments`. */
  calls(): Readonly<Record<string, number>>;
  resetCalls(): void;
  /** What really happened, counted in the database (so it survives a kill), e.g. `{ deliveries: 3 }`. */
  effects(): Promise<Readonly<Record<string, number>>>;
}

export interface RunningSystem {
  readonly url: string;
  readonly token: string;
  readonly counters: SystemCounters;
  /** Replaces all fault rules; an empty list heals the system. Same as `POST /_faults`. */
  setFaults(rules: readonly FaultRule[]): void;
  /** Lets answers and rounds in progress end. May be called more than once. */
  stop(): Promise<void>;
}

export interface SystemParts {
  readonly routes: readonly Route[];
  /** Started after the server listens. */
  startWorkers(): readonly Worker[];
  effects(): Promise<Readonly<Record<string, number>>>;
}

/**
 * Starts one reference system: opens and migrates its database, prepares it (`build` may seed), listens, and starts
 * its workers.
 *
 * @param system short name in lower case: owner of the database schema and component of the log
 */
export async function startSystem(
  system: string,
  migrations: MigrationSet,
  options: StartSystemOptions,
  build: (knex: Knex) => Promise<SystemParts>,
): Promise<RunningSystem> {
  const knex = openDatabase(options.databaseUrl, {
    poolMax: options.poolMax ?? 8,
    applicationName: `${system}-system`,
  });
  try {
    await migrate(knex, system, migrations);
    const parts = await build(knex);
    const faults = createFaultBook();
    const calls = createCallCounts();
    const token = options.token ?? randomBytes(24).toString('base64url');
    const server = await startHttpServer({
      system,
      host: options.host ?? '127.0.0.1',
      port: options.port ?? 0,
      token,
      routes: [...controlRoutes({ faults, calls, effects: () => parts.effects() }), ...parts.routes],
      faults,
      calls,
      logger: options.logger,
    });
    const workers = parts.startWorkers();
    let stopped: Promise<void> | null = null;
    return {
      url: server.url,
      token,
      counters: { calls: () => calls.all(), resetCalls: () => calls.reset(), effects: () => parts.effects() },
      setFaults: (rules) => faults.set(rules),
      stop: () => {
        stopped ??= Promise.all([server.stop(), ...workers.map((worker) => worker.stop())]).then(() => knex.destroy());
        return stopped;
      },
    };
  } catch (error) {
    await knex.destroy();
    throw error;
  }
}
