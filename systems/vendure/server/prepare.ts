import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createVendureClient } from '../client.ts';
import type { InstalledVendure } from './install.ts';
import { putSample, SAMPLE_VERSION, type SampleArticle, type SampleIds } from './sample.ts';
import { startVendure, type VendureAccount } from './start.ts';

const ADMINISTRATOR = 'commerce';

/** A database file with what orders need, ready to be copied. */
export interface PreparedVendure {
  readonly file: string;
  /** Of the administrator, in every copy. */
  readonly account: VendureAccount;
  readonly passwordFile: string;
  readonly ids: SampleIds;
}

/**
 * Makes a database, which takes Vendure some seconds, and keeps it for the next time.
 * @param folder where it is kept; a file per version of Vendure, of the sample, and of `name`
 */
export async function prepareVendure(
  installed: InstalledVendure,
  folder: string,
  sample: { readonly name: string; readonly articles: () => readonly SampleArticle[]; readonly countries: readonly string[] },
): Promise<PreparedVendure> {
  const name = `${installed.version}-${SAMPLE_VERSION}-${sample.name}`;
  const [file, passwordFile, idsFile] = [`${name}.sqlite`, `${name}.password`, `${name}.json`].map((one) => join(folder, one)) as [string, string, string]; // biome-ignore format: one thought
  if (!existsSync(file)) {
    await mkdir(folder, { recursive: true });
    const workshop = await mkdtemp(join(folder, 'making-'));
    const account = { user: ADMINISTRATOR, password: randomBytes(18).toString('base64url') };
    const database = join(workshop, 'made.sqlite');
    try {
      const server = await startVendure(installed, { folder: workshop, database, account, keepsChanges: true });
      const vendure = createVendureClient({ address: server.url, ...account, timeoutMillis: 120_000 });
      try {
        const ids = await putSample(vendure, sample.articles(), sample.countries);
        await writeFile(idsFile, JSON.stringify(ids));
      } finally {
        await vendure.close();
        await server.stop();
      }
      await writeFile(passwordFile, account.password, { mode: 0o600 });
      // The database last: where it is, all of it is.
      await rename(database, file);
    } finally {
      await rm(workshop, { recursive: true, force: true });
    }
  }
  return {
    file,
    passwordFile,
    account: { user: ADMINISTRATOR, password: await readFile(passwordFile, 'utf8') },
    ids: JSON.parse(await readFile(idsFile, 'utf8')) as SampleIds,
  };
} // biome-ignore format: one thought
