import { migrateAll, openDatabases } from '../app/databases.ts';
import { type Config, loadConfig } from '../platform/config.ts';
import { type Knex, openDatabase } from '../platform/db/database.ts';
import { runningEmbeddedPostgres } from '../platform/db/embedded/running.ts';
import { isCommerceError } from '../platform/errors.ts';
import { environment } from './failure.ts';

/** The operational store, for a command that works on it. */
export interface Store {
  readonly knex: Knex;
  readonly config: Config;
  /** The built-in database was started for this command: while it is in use no platform can start beside it. */
  readonly isOwn: boolean;
}

/** A batch may take longer for one statement than a request may. */
const STATEMENT_TIMEOUT_MILLIS = 600_000;

/**
 * Opens the store that the platform uses, lets `work` use it and closes it again: the one of DATABASE_URL, or the built-in
 * one in DATA_DIR, whether the platform runs at this moment or not.
 *
 * @throws CommandFailure ENVIRONMENT with what is wrong with the configuration or the database
 */
export async function withStore<T>(work: (store: Store) => Promise<T>, poolMax = 4): Promise<T> {
  const releases: (() => Promise<void>)[] = [];
  try {
    const config = loadConfig();
    const { url, isOwn } = await storeOf(config, releases);
    const knex = openDatabase(url, {
      poolMax,
      applicationName: 'commerce-cli',
      statementTimeoutMillis: STATEMENT_TIMEOUT_MILLIS,
    });
    releases.push(() => knex.destroy());
    return await work({ knex, config, isOwn });
  } catch (error) {
    if (isCommerceError(error)) throw environment(error.message, error);
    throw error;
  } finally {
    for (const release of releases.reverse()) await release();
  }
}

async function storeOf(config: Config, releases: (() => Promise<void>)[]): Promise<{ url: string; isOwn: boolean }> {
  const running = config.database.url === null ? runningEmbeddedPostgres(config.dataDir) : null;
  if (running) return { url: running('commerce'), isOwn: false }; // its owner has migrated it
  const databases = await openDatabases(config);
  releases.push(() => databases.stop());
  await migrateAll(databases.url);
  return { url: databases.url, isOwn: config.database.url === null };
}
