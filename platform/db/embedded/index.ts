import { join, resolve } from 'node:path';
import { CommerceError } from '../../errors.ts';
import { ensureDatabase } from '../database-url.ts';
import { executableBinaries } from './binaries.ts';
import { prepareCluster, SERVER_ROLE } from './cluster.ts';
import { stopOrphan } from './orphan.ts';
import { takeOwnership } from './owner-lock.ts';
import { HOST, startServer } from './server.ts';
import { createHomeFolder, serverHome } from './server-home.ts';

export interface EmbeddedPostgresOptions {
  /** The server keeps everything in `<dataDir>/postgres`, unless its user may not go there (see server-home.ts). */
  dataDir: string;
  /** TCP port on the loopback interface. Without it a free one is chosen, and used again at the next start if still free. */
  port?: number;
  /** False only for tests: commits are not forced to disk, so a crash of the machine loses them. Default true. */
  durable?: boolean;
}

export interface EmbeddedPostgres {
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
  };
  /** True when a server was found alive whose owner had died; it was shut down in order and started anew. */
  readonly adopted: boolean;
  /** Connection URL of one database. Holds the password: not for logs. */
  url(database: string): string;
  /** Creates the database when it does not exist. Names are lower-case letters, digits and `_`. */
  ensureDatabase(name: string): Promise<void>;
  /** Settles when the server has ended, also when nobody asked it to. */
  readonly ended: Promise<void>;
  /** Shuts the server down and gives the data directory free. Close your connections first. */
  stop(): Promise<void>;
}

/**
 * Starts a real PostgreSQL that belongs to this process: on the loopback interface, behind a random password, and gone
 * when this process is gone, also after kill -9. The data stay.
 *
 * @throws CommerceError CONFIGURATION_INVALID when the machine cannot run it or another process uses the directory;
 *   DATABASE_UNAVAILABLE when it does not come up (the message quotes the end of its log)
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { port, durable = true } = options;
  const { folder, release } = claimFolder(resolve(options.dataDir));
  try {
    const home = serverHome(folder);
    const binaries = executableBinaries(home.user, home.folder);
    const password = prepareCluster(home, binaries, durable);
    const adopted = await stopOrphan(home.cluster);
    const started = await startServer(home, binaries, password, { port, durable });
    const connection = { host: HOST, port: started.port, user: SERVER_ROLE, password };
    const url = (database: string) => `postgresql://${SERVER_ROLE}:${password}@${HOST}:${started.port}/${database}`;
    return {
      connection,
      adopted,
      url,
      ensureDatabase: (name) => ensureDatabase(url(name)),
      ended: started.server.ended,
      async stop() {
        await started.server.stop();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

function claimFolder(dataDir: string): { folder: string; release: () => void } {
  try {
    const folder = createHomeFolder(join(dataDir, 'postgres'));
    return { folder, release: takeOwnership(folder) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (!code?.startsWith('E')) throw error;
    const message = `DATA_DIR is ${dataDir}, which this process cannot write to (${code}). Set it to a directory that it can write to.`;
    throw new CommerceError('CONFIGURATION_INVALID', message, { reason: code }, { cause: error });
  }
}
