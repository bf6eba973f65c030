import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from '@jest/globals';
import pg from 'pg';
import { siblingDatabase } from '../../platform/db/database-url.ts';
import { projectFile } from '../../platform/paths.ts';
import { contractOperation } from './contract-operations.ts';
import { createEmptyDatabase } from './database.ts';
import { type Answer, send, startPlatform } from './platform.ts';

const ATTEMPTS = 10;
const PAUSE_MILLIS = 1_000;
const SIBLINGS = ['erp', 'oms', 'wms', 'carrier', 'channel', 'dbos'];

/** A system of record that is not ours, and the domains that it serves. */
export interface OtherSystem {
  readonly name: string;
  /** Its entry in config/systems.yaml. */
  readonly entry: string;
  readonly domains: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface GraphOver {
  readonly databaseUrl: string;
  /** A folder of its own, for files that commands read. */
  readonly folder: string;
  /** An operation of a contract, as its channel would send it. */
  run(contract: string, operation: string, variables?: object): Promise<Answer>;
  /** Any document with a key. */
  ask(key: string, document: string, variables?: object): Promise<Answer>;
  /** An order of so many units; what differs from a buyer's is told. */
  place(sku: string, quantity: number, more?: object): Promise<{ id: string; number: string }>;
  order(orderId: string): ReturnType<typeof JSON.parse>;
  /** `npx commerce …`. @returns what it printed, and its exit code */
  commerce(...words: string[]): Promise<{ code: number; out: string }>;
  query(statement: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  output(): string;
  stop(): Promise<void>;
}

/** The whole platform, as `npm start` brings it up, with some of its domains served by another system. */
export async function startGraphOver(
  system: OtherSystem,
  more: Readonly<Record<string, string>> = {},
): Promise<GraphOver> {
  const [database, folder] = await Promise.all([createEmptyDatabase(), mkdtemp(join(tmpdir(), 'graph-over-'))]);
  const file = join(folder, 'systems.yaml');
  const project = await readFile(projectFile('config', 'systems.yaml'), 'utf8');
  const moved = new RegExp(`^( {2}(?:${system.domains.join('|')}): \\{ system: )\\w+`, 'gm');
  await writeFile(file, project.replace('systems:\n', `systems:\n  ${system.name}: ${system.entry}\n`).replaceAll(moved, `$1${system.name}`)); // biome-ignore format: one thought
  const env = {
    DATABASE_URL: database.url,
    DATA_DIR: '/nonexistent',
    SUBGRAPH_SECRET: 'a secret for tests that is long enough',
    SYSTEMS_FILE: file,
    ...system.env,
    ...more,
  };
  const platform = await startPlatform('all', [], env);
  const url = `http://127.0.0.1:${String(platform.up.port)}`;
  const connected = async <T>(act: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    return act(client).finally(() => client.end());
  };
  const ask = (key: string, document: string, variables: object = {}) => patiently(() => send(url, key, document, variables)); // biome-ignore format: one thought
  const run = (contract: string, operation: string, variables: object = {}) => ask(`dev-${contract}`, contractOperation(contract, operation).document, variables); // biome-ignore format: one thought
  return {
    databaseUrl: database.url,
    folder,
    run,
    ask,
    async place(sku, quantity, own = {}) {
      const { data } = await run('storefront', 'PlaceOrder', { input: { ...orderOf(sku, quantity), ...own } });
      expect(data.orderPlace.userErrors).toEqual([]);
      return data.orderPlace.order;
    },
    order: async (id) => (await run('storefront', 'OrderPage', { id })).data.order,
    async commerce(...words) {
      const loader = new URL(`file://${projectFile('test', 'helpers', 'run-typescript.js')}`).href;
      const args = ['--import', loader, projectFile('cli', 'main.ts'), ...words];
      try {
        const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
        return { code: 0, out: stdout };
      } catch (error) {
        const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
        if (typeof code !== 'number') throw error;
        return { code, out: `${stdout}${stderr}` };
      }
    },
    query: (statement, values = []) => connected(async (client) => (await client.query(statement, values)).rows),
    output: () => platform.output(),
    async stop() {
      await platform.stop();
      await connected(async (client) => {
        for (const name of SIBLINGS) {
          const sibling = siblingDatabase(database.url, `${new URL(database.url).pathname.slice(1)}_${name}`);
          await client.query(`drop database if exists ${new URL(sibling).pathname.slice(1)} with (force)`);
        }
      });
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** As a client should: what is told to be retryable is sent again, under the same key. */
async function patiently(send: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await send();
    if (attempt === ATTEMPTS || !answer.errors?.every(({ extensions }) => extensions.retryable)) return answer;
    await pause(PAUSE_MILLIS);
  }
}

/** What a buyer orders. */
export const orderOf = (sku: string, quantity: number) => ({
  idempotencyKey: randomUUID(),
  currencyCode: 'GBP',
  customer: { customerId: 'cust_1', email: 'ada.canary@example.com', name: 'Ada Canary' },
  lines: [{ sku, quantity }],
  delivery: {
    method: 'SHIPPING',
    address: { name: 'Ada Canary', line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' },
  },
  payment: { reference: 'pay_1', provider: 'stripe', authorized: { amount: '500.00', currencyCode: 'GBP' } },
});
