import { join } from 'node:path';
import { migrationSets } from '../migrations/index.ts';
import type { Config } from '../platform/config.ts';
import { openDatabase } from '../platform/db/database.ts';
import { ensureDatabase, siblingDatabase } from '../platform/db/database-url.ts';
import { startEmbeddedPostgres } from '../platform/db/embedded/index.ts';
import { migrate } from '../platform/db/migrate.ts';

/** Where everything is kept, and how to let it go. */
export interface Databases {
  /** The operational store. */
  readonly url: string;
  /** The workflow engine's own database. */
  readonly dbosUrl: string;
  readonly kind: 'embedded' | 'external';
  /** URL of the database of a reference system on the same server; created when missing. */
  systemUrl(name: string): Promise<string>;
  /** Resolves when the built-in server ends by itself; never for an external one. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Starts the built-in PostgreSQL, or takes the one that is configured. */
export async function openDatabases(config: Config): Promise<Databases> {
  const { url, dbosUrl } = config.database;
  if (url !== null && dbosUrl !== null) {
    await ensureDatabase(url);
    return {
      url,
      dbosUrl,
      kind: 'external',
      systemUrl: (name) => created(siblingDatabase(url, `${databaseName(url)}_${name}`)),
      ended: new Promise(() => undefined),
      stop: async () => undefined,
    };
  }
  const server = await startEmbeddedPostgres({ dataDir: join(config.dataDir) });
  const open = async (name: string) => {
    await server.ensureDatabase(name);
    return server.url(name);
  };
  return {
    url: await open('commerce'),
    dbosUrl: await open('commerce_dbos'),
    kind: 'embedded',
    systemUrl: open,
    ended: server.ended,
    stop: () => server.stop(),
  };
}

/** Name of the database that a URL points to. */
function databaseName(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

async function created(url: string): Promise<string> {
  await ensureDatabase(url);
  return url;
}

/** Brings every owner's schema up to date. Several processes may do so at once. */
export async function migrateAll(url: string): Promise<void> {
  const knex = openDatabase(url, { poolMax: 2, applicationName: 'commerce-migrate' });
  try {
    for (const [owner, migrations] of Object.entries(migrationSets)) await migrate(knex, owner, migrations);
  } finally {
    await knex.destroy();
  }
}
