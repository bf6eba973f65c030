import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { sleep } from '../../clock.ts';
import { CommerceError } from '../../errors.ts';
import type { Binaries } from './binaries.ts';
import { SERVER_ROLE } from './cluster.ts';
import type { ServerHome } from './server-home.ts';
import { type SupervisedServer, superviseServer } from './supervisor.ts';

export const HOST = '127.0.0.1';

/** Recovery after a crash replays the log first; a server that ends early is noticed at once. */
const START_TIMEOUT_MILLIS = 300_000;
const MAX_ATTEMPTS = 5;

/** What passes by itself: the port was taken meanwhile, or processes of a killed server are still ending. */
const PASSING = /already in use|is still in use|lock file "postmaster.pid" already exists/;

/**
 * Starts the server on a free port (or `port`) and waits until it answers.
 * @throws CommerceError DATABASE_UNAVAILABLE, quoting the end of the server's log
 */
export async function startServer(
  home: ServerHome,
  binaries: Binaries,
  password: string,
  options: { port?: number | undefined; durable: boolean },
): Promise<{ server: SupervisedServer; port: number }> {
  const logFile = join(home.folder, 'postgres.log');
  const portFile = join(home.folder, 'port');
  for (let attempt = 1; ; attempt++) {
    // The log of the run before is kept: it tells how that run ended.
    if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
    const port = options.port ?? (await choosePort(attempt === 1 ? portFile : null));
    const args = settings(port, options.durable);
    const server = superviseServer({ binaries, cluster: home.cluster, user: home.user, args, logFile });
    try {
      await untilReady(server, { port, password, logFile });
      writeFileSync(portFile, `${port}\n`);
      return { server, port };
    } catch (error) {
      await server.stop();
      if (attempt === MAX_ATTEMPTS || !PASSING.test(read(logFile))) throw error;
      await sleep(250 * attempt);
    }
  }
}

function settings(port: number, durable: boolean): string[] {
  const values: Record<string, string> = {
    port: String(port),
    listen_addresses: HOST,
    unix_socket_directories: '',
    max_connections: '200',
    // The data lives on a solid-state disk nearly everywhere: the default price of a random read makes the planner scan.
    random_page_cost: '1.1',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** The port of the last start when it is still free, so that saved connection settings stay true; else any free one. */
async function choosePort(portFile: string | null): Promise<number> {
  const remembered = portFile ? Number(read(portFile)) : 0;
  if (remembered > 0) {
    const free = await probePort(remembered).catch(() => 0);
    if (free > 0) return free;
  }
  return probePort(0);
}

function probePort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(port, HOST, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function untilReady(
  server: SupervisedServer,
  at: { port: number; password: string; logFile: string },
): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MILLIS;
  let cause: unknown;
  while (!server.hasEnded() && Date.now() < deadline) {
    cause = await failureToConnect(at.port, at.password);
    if (!cause) return;
    await sleep(25);
  }
  const end = read(at.logFile).trim().split('\n').slice(-5).join('\n');
  const message = `The built-in PostgreSQL did not start. The end of its log (${at.logFile}):\n${end}`;
  throw new CommerceError('DATABASE_UNAVAILABLE', message, { port: at.port }, { cause });
}

/** Our password is the proof that it is our server that answers on the port. */
async function failureToConnect(port: number, password: string): Promise<unknown> {
  const client = new pg.Client({
    host: HOST,
    port,
    user: SERVER_ROLE,
    password,
    database: 'postgres',
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return null;
  } catch (error) {
    return error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
