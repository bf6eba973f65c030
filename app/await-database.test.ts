import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../platform/config.ts';
import { openDatabase } from '../platform/db/database.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../platform/db/embedded/index.ts';
import { createLogger } from '../platform/logger.ts';
import { until } from '../test/helpers/processes.ts';
import { awaitDatabase } from './await-database.ts';
import { createShutdown } from './shutdown.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'commerce-late-'));
let server: EmbeddedPostgres | undefined;
let port: number;
let url: string;

beforeAll(async () => {
  port = await freePort();
  server = await startEmbeddedPostgres({ dataDir, port, durable: false });
  url = server.url('shop');
  await server.stop();
  server = undefined;
}, 60_000);
afterAll(async () => {
  await server?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return free;
}

function process(waitMillis: number) {
  const log: { msg: string }[] = [];
  const logger = createLogger({
    level: 'info',
    component: 'test',
    destination: { write: (line) => void log.push(JSON.parse(line)) },
  });
  const config = loadConfig({ DATABASE_URL: url, DATABASE_WAIT_MS: String(waitMillis) });
  return { log, base: { config, logger, shutdown: createShutdown(logger, 1_000) } };
}

describe('a process that starts before its database', () => {
  it('says after a time what is missing and what to do', async () => {
    const { base } = process(300);
    await expect(awaitDatabase(base, url, null)).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message:
        'PostgreSQL did not answer within 0.3 s (ECONNREFUSED). Start it, correct DATABASE_URL, or raise DATABASE_WAIT_MS.',
    });
  });

  it('waits alive and not ready, goes on when it comes, and gives its port free', async () => {
    const { base, log } = process(600_000);
    const door = await freePort();
    const health = async (path: string) => (await fetch(`http://127.0.0.1:${door}${path}`)).status;
    const waiting = awaitDatabase(base, url, door);
    await until(
      () =>
        health('/health/live').then(
          (status) => status === 200,
          () => false,
        ),
      30_000,
    );
    expect([await health('/health/ready'), await health('/graphql')]).toEqual([503, 503]);
    server = await startEmbeddedPostgres({ dataDir, port, durable: false });
    await waiting;
    expect(log.map(({ msg }) => msg)).toEqual([
      'the database does not answer yet: waiting for it',
      'the database answers',
    ]);
    await expect(health('/health/ready')).rejects.toThrow();
    const knex = openDatabase(url, { poolMax: 1, applicationName: 'test' });
    expect((await knex.raw('select current_database() as name')).rows).toEqual([{ name: 'shop' }]);
    await knex.destroy();
  }, 120_000);

  it('waits for a server that recovers for longer than it waits for one that is silent', async () => {
    // What PostgreSQL says to everybody who connects meanwhile.
    const fields = Buffer.from('SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0');
    const length = Buffer.alloc(4);
    length.writeInt32BE(4 + fields.length);
    let asked = 0;
    const recovering = createServer((socket) => {
      asked += 1;
      socket.once('data', () => socket.end(Buffer.concat([Buffer.from('E'), length, fields])));
    });
    await new Promise<void>((resolve) => recovering.listen(0, '127.0.0.1', resolve));
    const there = new URL(url);
    there.port = String((recovering.address() as AddressInfo).port);
    const waiting = awaitDatabase(process(0).base, there.href, null);
    await until(async () => asked >= 3, 30_000);
    await new Promise((resolve) => recovering.close(resolve));
    await expect(waiting).rejects.toMatchObject({ details: { reason: 'ECONNREFUSED' } });
  });

  it('does not wait for a server that refuses its password', async () => {
    const { base, log } = process(600_000);
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(awaitDatabase(base, wrong.href, null)).rejects.toMatchObject({ details: { reason: '28P01' } });
    expect(log).toEqual([]);
  });
});
