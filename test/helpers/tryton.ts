import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFile } from '../../platform/paths.ts';
import { createTrytonClient, type TrytonClient, type TrytonClientOptions } from '../../systems/tryton/client.ts';
import { installTryton } from '../../systems/tryton/server/install.ts';
import { ADMINISTRATOR, prepareDatabase } from '../../systems/tryton/server/prepare.ts';
import { dropDatabase, startTryton, type TrytonServer } from '../../systems/tryton/server/start.ts';

export interface TestTryton {
  readonly server: TrytonServer;
  readonly folder: string;
  readonly password: string;
  /** A database of its own with a company and no goods, and a client of its administrator. */
  open(
    options?: Partial<TrytonClientOptions>,
  ): Promise<{ tryton: TrytonClient; database: string; close(): Promise<void> }>;
  stop(): Promise<void>;
}

/** Tryton itself, as a process; its prepared database is kept in the project for the next run. Fails where it cannot be installed. */
export async function startTestTryton(): Promise<TestTryton> {
  await installTryton((line) => process.stderr.write(`${line}\n`));
  const prepared = await prepareDatabase(projectFile('.data', 'tryton', 'prepared'));
  const folder = await mkdtemp(join(tmpdir(), 'tryton-'));
  const server = await startTryton({ folder });
  let count = 0;
  return {
    server,
    folder,
    password: prepared.password,
    async open(options = {}) {
      count += 1;
      const database = `world${count}`;
      await server.addDatabase(database, prepared.file);
      const account = { database, user: ADMINISTRATOR, password: prepared.password };
      // A machine may be busy: these suites are about what Tryton says, not when.
      const tryton = createTrytonClient({ baseUrl: server.url, ...account, timeoutMillis: 120_000, ...options });
      return {
        tryton,
        database,
        async close() {
          await tryton.close();
          await dropDatabase(folder, database);
        },
      };
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
