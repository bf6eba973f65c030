import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../platform/db/embedded/index.ts';

/** A real PostgreSQL as it is shipped, commits forced to disk, that can be crashed. */
export interface CrashableDatabase {
  /** Of the operational store; the same after every crash. */
  readonly url: string;
  /** Immediate shutdown (SIGQUIT): nothing is written any more; then a start with recovery from the log. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

export async function startCrashableDatabase(dataDir: string): Promise<CrashableDatabase> {
  let server: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir });
  const { port } = server.connection;
  await server.ensureDatabase('commerce');
  const postmaster = await postmasterFile(server.url('postgres'));
  return {
    url: server.url('commerce'),
    async crash() {
      const pid = Number((await readFile(postmaster, 'utf8')).split('\n')[0]);
      process.kill(pid, 'SIGQUIT');
      await server.ended;
      await server.stop();
      server = await startEmbeddedPostgres({ dataDir, port });
    },
    stop: () => server.stop(),
  };
}

/** Where the server wrote down its process id. */
async function postmasterFile(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ data_directory: string }>('show data_directory');
  await client.end();
  return join(rows[0]?.data_directory ?? '', 'postmaster.pid');
}
