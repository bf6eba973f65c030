import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { sleep } from '../../clock.ts';
import { CommerceError } from '../../errors.ts';
import { type Binaries, executableBinaries } from './binaries.ts';
import { prepareCluster, SERVER_ROLE } from './cluster.ts';
import { stopOrphan } from './orphan.ts';
import { takeOwnership } from './owner-lock.ts';
import { type ServerHome, serverHome } from './server-home.ts';
import { type SupervisedServer, superviseServer } from './supervisor.ts';

export interface EmbeddedPostgresOptions {
  /** Everything the server keeps is here, unless its user may not go there (see server-home.ts). Created when missing. */
  dataDir: string;
  /** TCP port on the loopback interface. Without it a free one is chosen, and used again at the next start if still free. */
  port?: number;
  /** False only for tests: commits are not forced to disk, so a crash of the machine loses them. Default true. */
  durable?: boolean;
}

export interface EmbeddedPostgres {
  readonly connection: { host: string; port: number; user: string; password: string };
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

const HOST = '127.0.0.1';
const START_TIMEOUT_MILLIS = 60_000;

/**
 * Starts a real PostgreSQL that belongs to this process: on the loopback interface, behind a random password, and gone
 * when this process is gone, also after kill -9. The data stay in `dataDir`.
 *
 * @throws CommerceError CONFIGURATION_INVALID when the machine cannot run it or another process uses the directory;
 *   DATABASE_UNAVAILABLE when it does not come up (the message quotes the end of its log)
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const release = takeOwnership(dataDir);
  try {
    const home = serverHome(dataDir);
    const binaries = executableBinaries(home.user, home.folder);
    const password = prepareCluster(home, binaries);
    const adopted = await stopOrphan(home);
    const { server, port } = await startOnFreePort(home, binaries, password, options);
    return running(server, { host: HOST, port, user: SERVER_ROLE, password }, adopted, release);
  } catch (error) {
    release();
    throw error;
  }
}

function running(
  server: SupervisedServer,
  connection: EmbeddedPostgres['connection'],
  adopted: boolean,
  release: () => void,
): EmbeddedPostgres {
  const url = (database: string) =>
    `postgresql://${connection.user}:${connection.password}@${connection.host}:${connection.port}/${database}`;
  return {
    connection,
    adopted,
    url,
    ended: server.ended,
    ensureDatabase: (name) => ensureDatabase(url('postgres'), name),
    async stop() {
      await server.stop();
      release();
    },
  };
}

async function startOnFreePort(
  home: ServerHome,
  binaries: Binaries,
  password: string,
  options: EmbeddedPostgresOptions,
): Promise<{ server: SupervisedServer; port: number }> {
  const logFile = join(home.folder, 'postgres.log');
  // The log of the previous run is kept: it tells how that run ended.
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
  // Between choosing a port and binding it another process can take it; then the next attempt chooses anew.
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await choosePort(home, attempt));
    const server = superviseServer({
      binaries,
      cluster: home.cluster,
      user: home.user,
      args: serverArguments(port, options.durable ?? true),
      logFile,
    });
    try {
      await untilReady(server, { port, password, logFile });
      writeFileSync(portFile(home), `${port}\n`);
      return { server, port };
    } catch (error) {
      await server.stop();
      const log = existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
      const mayPass = /in use|lock file "postmaster.pid" already exists/.test(log);
      if (!mayPass || attempt === 5) throw error;
      await sleep(200 * attempt);
      renameSync(logFile, `${logFile}.1`);
    }
  }
}

function serverArguments(port: number, durable: boolean): string[] {
  const settings: Record<string, string> = {
    port: String(port),
    listen_addresses: HOST,
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

const portFile = (home: ServerHome) => join(home.folder, 'port');

/** The port of the last start when it is still free, so that saved connection settings stay true; else any free one. */
async function choosePort(home: ServerHome, attempt: number): Promise<number> {
  const remembered = existsSync(portFile(home)) ? Number(readFileSync(portFile(home), 'utf8')) : 0;
  if (attempt === 1 && remembered > 0) {
    const free = await probePort(remembered).catch(() => 0);
    if (free > 0) return free;
  }
  return probePort(0);
}

function probePort(port: number): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(port, HOST, () => {
      const address = probe.address();
      probe.close(() => resolvePort(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function untilReady(
  server: SupervisedServer,
  at: { port: number; password: string; logFile: string },
): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MILLIS;
  let lastError: unknown;
  while (!server.hasEnded() && Date.now() < deadline) {
    const client = new pg.Client({
      host: HOST,
      port: at.port,
      user: SERVER_ROLE,
      password: at.password,
      database: 'postgres',
      connectionTimeoutMillis: 2_000,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      lastError = error;
      await client.end().catch(() => undefined);
      await sleep(25);
    }
  }
  const log = existsSync(at.logFile) ? readFileSync(at.logFile, 'utf8').trim().split('\n').slice(-5).join('\n') : '';
  throw new CommerceError(
    'DATABASE_UNAVAILABLE',
    `The built-in PostgreSQL did not start. The end of its log (${at.logFile}):\n${log}`,
    { port: at.port },
    { cause: lastError },
  );
}

async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new Error(`not a database name: ${name}`);
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${name}`);
  } catch (error) {
    // Two processes may ensure the same database at once.
    const code = (error as { code?: string }).code;
    if (code !== '42P04' && code !== '23505') throw error;
  } finally {
    await client.end();
  }
}
