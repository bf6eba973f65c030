import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { projectFile } from '../../platform/paths.ts';
import { createTrytonClient, type TrytonClient, type TrytonClientOptions } from '../../systems/tryton/client.ts';
import { installTryton } from '../../systems/tryton/server/install.ts';
import { ADMINISTRATOR, type PreparedDatabase, prepareDatabase } from '../../systems/tryton/server/prepare.ts';
import { addDatabase, dropDatabase, startTryton } from '../../systems/tryton/server/start.ts';
import { type RunningTryton, sharedTryton } from './tryton-processes.ts';

/** Goods, sites and so on that a suite's databases begin with. */
export interface TrytonSeed<Made> {
  readonly name: string;
  /** @returns what tests have to know of it, such as ids */
  put(tryton: TrytonClient): Promise<Made>;
}

export interface TrytonWorld<Made> {
  readonly tryton: TrytonClient;
  readonly database: string;
  readonly made: Made;
  close(): Promise<void>;
}

export interface TestTryton {
  readonly server: RunningTryton;
  readonly password: string;
  /**
   * A database of its own with a company and no goods, and a client of its administrator. With `seed` it has that, too: it
   * is put in once, and each database is a copy of that one.
   */
  open<Made = undefined>(seed?: TrytonSeed<Made>, options?: Partial<TrytonClientOptions>): Promise<TrytonWorld<Made>>;
  stop(): Promise<void>;
}

/** Sees to it that Tryton is installed and has a database to begin with; it is kept in the project for the next run. Fails where it cannot be. */
export async function prepareTestTryton(): Promise<PreparedDatabase> {
  await installTryton((line) => process.stderr.write(`${line}\n`));
  return prepareDatabase(projectFile('.data', 'tryton', 'prepared'));
}

/** Tryton itself, as a process that all suites of a worker share. */
export async function startTestTryton(): Promise<TestTryton> {
  const prepared = await prepareTestTryton();
  const server = await sharedTryton((folder) => startTryton({ folder }));
  const own = `w${randomBytes(4).toString('hex')}`;
  const seeds = new Map<string, Promise<unknown>>();
  let count = 0;
  const clientOf = (database: string, options: Partial<TrytonClientOptions> = {}) =>
    // A machine may be busy: these suites are about what Tryton says, not when.
    createTrytonClient({ baseUrl: server.url, database, user: ADMINISTRATOR, password: prepared.password, timeoutMillis: 120_000, ...options }); // biome-ignore format: one thought
  const seedFile = (name: string) => `${own}_${name}`;

  async function plant({ name, put }: TrytonSeed<unknown>): Promise<unknown> {
    await addDatabase(server.folder, seedFile(name), prepared.file);
    const tryton = clientOf(seedFile(name));
    return put(tryton).finally(() => tryton.close());
  }

  return {
    server,
    password: prepared.password,
    async open<Made = undefined>(seed?: TrytonSeed<Made>, options: Partial<TrytonClientOptions> = {}) {
      count += 1;
      const database = `${own}${count}`;
      if (seed && !seeds.has(seed.name)) seeds.set(seed.name, plant(seed));
      const made = (await seeds.get(seed?.name ?? '')) as Made;
      await addDatabase(server.folder, database, seed ? join(server.folder, 'databases', `${seedFile(seed.name)}.sqlite`) : prepared.file); // biome-ignore format: one thought
      const tryton = clientOf(database, options);
      return {
        tryton,
        database,
        made,
        async close() {
          await tryton.close();
          await dropDatabase(server.folder, database);
        },
      };
    },
    async stop() {
      for (const name of seeds.keys()) await dropDatabase(server.folder, seedFile(name));
    },
  };
}
