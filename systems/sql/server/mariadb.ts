import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import knexFactory, { type Knex } from 'knex';
import { sleep } from '../../../platform/clock.ts';

const run = promisify(execFile);
const PACKAGE = 'mariadb-server';
const START_MILLIS = 120_000;

/** A MariaDB of its own, with everything in a folder that goes when it stops. */
export interface MariaDb {
  readonly port: number;
  /** Its administrator. */
  readonly knex: Knex;
  stop(): Promise<void>;
}

/** Installs MariaDB by Debian's package, when this may be done here. @throws Error that says what to do by hand */
async function installMariaDb(say: (line: string) => void): Promise<void> {
  if (await isThere()) return;
  const byHand = `Install it as root: RUNLEVEL=1 apt-get install --no-install-recommends ${PACKAGE}`;
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Error(`MariaDB is not installed, and only root can do that on Debian 12. ${byHand}`);
  say('installing MariaDB from its Debian package …');
  // With this run level the package starts no daemon of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  try {
    await run('apt-get', ['update', '-qq'], { env });
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', PACKAGE], { env });
  } catch (error) {
    throw new Error(`MariaDB's Debian package could not be installed. ${byHand}`, { cause: error });
  }
}

const isThere = () => run('mariadbd', ['--version']).then(() => true, () => false); // biome-ignore format: one thought

/** Installs where needed, and starts on a free port of 127.0.0.1. */
export async function startMariaDb(say: (line: string) => void): Promise<MariaDb> {
  await installMariaDb(say);
  const folder = await mkdtemp(join(tmpdir(), 'mariadb-'));
  const data = join(folder, 'data');
  const owner = process.getuid?.() === 0 ? ['--user=root'] : [];
  await run('mariadb-install-db', ['--no-defaults', ...owner, `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db']); // biome-ignore format: one thought
  const port = await freePort();
  const server = spawn(
    'mariadbd',
    ['--no-defaults', ...owner, `--datadir=${data}`, `--port=${port}`, '--bind-address=127.0.0.1', `--socket=${join(folder, 's')}`, `--pid-file=${join(folder, 'pid')}`, '--sql-mode=STRICT_ALL_TABLES', '--skip-name-resolve'],
    { stdio: 'ignore' },
  ); // biome-ignore format: one thought
  // Of a test that is ended from outside nothing stays.
  const end = () => void server.kill('SIGKILL');
  process.once('exit', end);
  const knex = knexFactory({ client: 'mysql2', connection: { host: '127.0.0.1', port, user: 'root', multipleStatements: false }, pool: { min: 0, max: 4 } }); // biome-ignore format: one thought
  await answered(server, knex);
  return {
    port,
    knex,
    async stop() {
      await knex.destroy();
      await stopped(server);
      process.off('exit', end);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answered(server: ChildProcess, knex: Knex): Promise<void> {
  for (const deadline = Date.now() + START_MILLIS; ; await sleep(100)) {
    const isUp = await knex.raw('select 1').then(() => true, () => false); // biome-ignore format: one thought
    if (isUp) return;
    if (server.exitCode !== null || Date.now() > deadline) throw new Error('MariaDB did not start');
  }
}

function stopped(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    server.once('exit', () => resolve());
    server.kill('SIGTERM');
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
