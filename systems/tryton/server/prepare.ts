import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTrytonClient, type TrytonClient } from '../client.ts';
import { setUpCompany } from './company.ts';
import { installedVersions, MODULES } from './install.ts';
import { configurationOf, startTryton } from './start.ts';

const run = promisify(execFile);

export const ADMINISTRATOR = 'admin';

/** A database file with everything but goods: a company with its books, ready to be copied. */
export interface PreparedDatabase {
  readonly file: string;
  /** Of the administrator, in every copy. */
  readonly password: string;
  readonly passwordFile: string;
}

/**
 * Makes a database with the modules and a company, which takes Tryton most of a minute, and keeps it for the next time.
 * @param folder where it is kept; a file per version of Tryton and of what `fill` puts in
 * @param fill more to put in, under a name of its own
 */
export async function prepareDatabase(
  folder: string,
  fill?: { readonly name: string; readonly with: (tryton: TrytonClient) => Promise<void> },
): Promise<PreparedDatabase> {
  const versions = await installedVersions();
  if (versions === null) throw new Error("Tryton's server is not installed");
  const name = [COMPANY_VERSION, versions, ...(fill ? [fill.name] : [])].join('-');
  const file = join(folder, `${name}.sqlite`);
  const secret = join(folder, `${name}.password`);
  if (!existsSync(file)) {
    await mkdir(folder, { recursive: true });
    const workshop = await mkdtemp(join(folder, 'making-'));
    try {
      const base = fill ? await prepareDatabase(folder) : await makeEmpty(workshop);
      await fillIn(workshop, base, fill?.with ?? setUpCompany);
      await writeFile(secret, base.password, { mode: 0o600 });
      await rename(join(workshop, 'databases', 'erp.sqlite'), file);
    } finally {
      await rm(workshop, { recursive: true, force: true });
    }
  }
  return { file, password: await readFile(secret, 'utf8'), passwordFile: secret };
}

/** Number of what `company.ts` and `chart.ts` set up: raise it with every change there. */
const COMPANY_VERSION = 'company2';

async function makeEmpty(workshop: string): Promise<PreparedDatabase> {
  const databases = join(workshop, 'empty');
  const configuration = join(workshop, 'empty.conf');
  const password = randomBytes(18).toString('base64url');
  const secret = join(workshop, 'password');
  const file = join(databases, 'erp.sqlite');
  await mkdir(databases);
  await writeFile(configuration, configurationOf(0, databases));
  await writeFile(secret, password, { mode: 0o600 });
  // It refuses to make the file itself.
  await writeFile(file, '');
  const modules = ['-u', ...MODULES, '--activate-dependencies'];
  await run('trytond-admin', ['-c', configuration, '-d', 'erp', '--email', 'admin@example.com', ...modules], {
    env: { ...process.env, TRYTONPASSFILE: secret },
    maxBuffer: 64 * 1024 * 1024,
  });
  return { file, password, passwordFile: secret };
}

async function fillIn(
  workshop: string,
  { file, password }: PreparedDatabase,
  fill: (tryton: TrytonClient) => Promise<void>,
): Promise<void> {
  await mkdir(join(workshop, 'databases'), { recursive: true });
  await copyFile(file, join(workshop, 'databases', 'erp.sqlite'));
  const server = await startTryton({ folder: workshop });
  const tryton = createTrytonClient({ baseUrl: server.url, database: 'erp', user: ADMINISTRATOR, password, timeoutMillis: 300_000 }); // biome-ignore format: one thought
  try {
    await fill(tryton);
  } finally {
    await tryton.close();
    await server.stop();
  }
}
