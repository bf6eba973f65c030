import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import {
  childrenOf,
  isRunning,
  parentOf,
  startProcess,
  type TestProcess,
  until,
} from '../../../test/helpers/processes.ts';
import { executableBinaries, installedBinaries } from './binaries.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './index.ts';
import { serverHome } from './server-home.ts';
import { runAs } from './server-user.ts';

let dataDir: string;
let started: EmbeddedPostgres[];
let owners: TestProcess[];
beforeEach(() => {
  dataDir = newDirectory();
  started = [];
  owners = [];
});
afterEach(async () => {
  for (const postgres of started) await postgres.stop();
  for (const owner of owners) await owner.killHard();
  if (existsSync(join(dataDir, 'postgres'))) await until(() => !isRunning(postmasterPid(home().cluster) ?? 0));
  rmSync(dataDir, { recursive: true, force: true });
});

/** As a project's directory is: others may pass. */
function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'embedded-'));
  chmodSync(directory, 0o755);
  return directory;
}

const home = () => serverHome(join(dataDir, 'postgres'));

async function start(): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
  started.push(postgres);
  return postgres;
}

/** Another process that owns the server, with the id of that server. */
async function startOwner(): Promise<{ owner: TestProcess; url: string; postmaster: number }> {
  const owner = await startProcess('test/helpers/postgres-owner.ts', [dataDir]);
  owners.push(owner);
  const { url } = owner.report as { url: string };
  const postmaster = postmasterPid(home().cluster);
  if (!postmaster) throw new Error('no postmaster.pid');
  return { owner, url, postmaster };
}

function postmasterPid(cluster: string): number | null {
  try {
    return Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return null;
  }
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('startEmbeddedPostgres', () => {
  it('keeps its data, password and port over a restart', async () => {
    const first = await start();
    await first.ensureDatabase('commerce');
    await first.ensureDatabase('commerce');
    await query(first.url('commerce'), 'create table t as select 42 as answer');
    await first.stop();
    await first.ended;

    const second = await start();
    expect(second.connection).toEqual(first.connection);
    expect(second.adopted).toBe(false);
    expect(await query(second.url('commerce'), 'select answer from t')).toEqual([{ answer: 42 }]);
  });

  it('is PostgreSQL 18 on the loopback interface, for 200 connections, with Unicode case and C order', async () => {
    const postgres = await start();
    const [row] = await query(
      postgres.url('postgres'),
      `select current_setting('server_version') as version, current_setting('listen_addresses') as address,
              current_setting('max_connections') as connections, lower('ÉТ') as lower, 'a' < 'Z' as a_before_z`,
    );
    expect(row).toEqual({
      version: expect.stringMatching(/^18\./),
      address: '127.0.0.1',
      connections: '200',
      lower: 'éт',
      a_before_z: false,
    });
  });

  it('lets nobody in without the password, which only its owner can read', async () => {
    const postgres = await start();
    const guess = new URL(postgres.url('postgres'));
    guess.password = 'guess';
    await expect(query(guess.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    const { folder, cluster } = home();
    expect(statSync(join(folder, 'password')).mode & 0o777).toBe(0o600);
    expect(statSync(cluster).mode & 0o777).toBe(0o700);
  });

  it('refuses a directory that is in use, and says by whom', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringContaining(`is in use by process ${process.pid}`),
    });
    await expect(startOwner()).rejects.toThrow(`is in use by process ${process.pid}`);
  });

  it('takes another port when its own is taken', async () => {
    const first = await start();
    await first.stop();
    const blocker = await listen(first.connection.port);
    const second = await start();
    expect(second.connection.port).not.toBe(first.connection.port);
    blocker.close();
  });

  it('says what the server said when it does not start', async () => {
    await (await start()).stop();
    appendFileSync(join(home().cluster, 'postgresql.conf'), '\nshared_buffers = nonsense\n');
    await expect(start()).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringContaining('invalid value for parameter "shared_buffers": "nonsense"'),
    });
  });

  it('says that it cannot write where a file is in the way', async () => {
    const file = join(dataDir, 'file');
    writeFileSync(file, '');
    const refused = startEmbeddedPostgres({ dataDir: file });
    await expect(refused).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringContaining(`DATA_DIR is ${file}`),
    });
  });

  it('says what to restore when the password is gone', async () => {
    await (await start()).stop();
    rmSync(join(home().folder, 'password'));
    await expect(start()).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringContaining('password is missing'),
    });
  });
});

describe('after kill -9', () => {
  const WRITE = 'create table kept as select 1 as n';
  const keptRows = async () => {
    const postgres = await start();
    return { rows: await query(postgres.url('postgres'), 'select n from kept'), adopted: postgres.adopted };
  };

  it('of the owner, no server is left, and the next start finds the data at once', async () => {
    const { owner, url, postmaster } = await startOwner();
    await query(url, WRITE);
    await owner.killHard();
    expect((await keptRows()).rows).toEqual([{ n: 1 }]);
    expect(isRunning(postmaster)).toBe(false);
  });

  it('of the owner, the server ends without a next start', async () => {
    const { owner, postmaster } = await startOwner();
    const supervisor = parentOf(postmaster);
    expect(isRunning(postmaster)).toBe(true);
    await owner.killHard();
    await until(() => !isRunning(postmaster) && !isRunning(supervisor), 5_000);
  });

  it('of the owner and the supervisor, the next start ends the server that was left behind', async () => {
    const { owner, url, postmaster } = await startOwner();
    await query(url, WRITE);
    const supervisor = parentOf(postmaster);
    for (const pid of childrenOf(supervisor)) if (pid !== postmaster) process.kill(pid, 'SIGKILL');
    process.kill(supervisor, 'SIGKILL');
    await owner.killHard();
    expect(await query(url, 'select n from kept')).toEqual([{ n: 1 }]);
    expect(await keptRows()).toEqual({ rows: [{ n: 1 }], adopted: true });
    expect(isRunning(postmaster)).toBe(false);
  });

  it('of everything, the next start recovers what was committed', async () => {
    const { owner, url, postmaster } = await startOwner();
    await query(url, WRITE);
    process.kill(-parentOf(postmaster), 'SIGKILL');
    await owner.killHard();
    expect(postmasterPid(home().cluster)).toBe(postmaster);
    expect(await keptRows()).toEqual({ rows: [{ n: 1 }], adopted: false });
  });

  it('a process id that now belongs to another program does not count', async () => {
    const first = await start();
    await query(first.url('postgres'), WRITE);
    await first.stop();
    // As a crash leaves them, when the machine has since given both ids to this very process.
    writeFileSync(join(home().cluster, 'postmaster.pid'), `${process.pid}\n`);
    writeFileSync(join(dataDir, 'postgres', 'owner'), `${process.pid} 1\n`);
    expect(await keptRows()).toEqual({ rows: [{ n: 1 }], adopted: false });
  });
});

const asRoot = process.getuid?.() === 0 ? it : it.skip;

describe('started as root', () => {
  asRoot('keeps the data elsewhere when the server may not enter the directory, and finds them again', async () => {
    chmodSync(dataDir, 0o700);
    const first = await start();
    await query(first.url('postgres'), 'create table kept as select 1 as n');
    await first.stop();
    const { folder } = home();
    expect(folder.startsWith(dataDir)).toBe(false);

    const second = await start();
    expect(await query(second.url('postgres'), 'select n from kept')).toEqual([{ n: 1 }]);
    await second.stop();

    rmSync(folder, { recursive: true });
    await expect(start()).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringContaining(folder),
    });
    rmSync(join(dataDir, 'postgres'), { recursive: true });
    chmodSync(dataDir, 0o755);
  });

  asRoot('runs a copy of the programs when the server may not enter their directory', () => {
    const closed = join(dataDir, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const native = installedBinaries();
    cpSync(native.folder, join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
    const user = { uid: 65_534, gid: 65_534 };
    const staged = executableBinaries(user, dataDir, { ...native, folder: join(closed, 'native') });
    expect(staged.postgres).toBe(join(dataDir, `binaries-${native.version}`, 'bin', 'postgres'));
    expect(runAs(user, staged.postgres, ['--version'])).toContain('PostgreSQL');
  });
});

it('says that DATABASE_URL is the way out where the programs do not run', () => {
  const broken = join(dataDir, 'native');
  mkdirSync(join(broken, 'bin'), { recursive: true });
  // What a missing loader (musl) or another architecture looks like.
  for (const name of ['postgres', 'initdb'])
    writeFileSync(join(broken, 'bin', name), '#!/nonexistent/loader\n', { mode: 0o755 });
  expect(() => executableBinaries({}, dataDir, { version: '0', folder: broken })).toThrow(/not musl.*Set DATABASE_URL/);
});

function listen(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
