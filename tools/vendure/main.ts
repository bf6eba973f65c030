import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { projectFile } from '../../platform/paths.ts';
import { deriveSampleData } from '../../systems/sample-data/derive.ts';
import { installVendure } from '../../systems/vendure/server/install.ts';
import { prepareVendure } from '../../systems/vendure/server/prepare.ts';
import { sampleArticles, sampleCountries } from '../../systems/vendure/server/sample-articles.ts';
import { startVendure } from '../../systems/vendure/server/start.ts';

// `npm run systems:vendure`: an order management system that nobody here wrote, with the sample's articles. See docs/systems-vendure.md.
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8300' },
    folder: { type: 'string', default: join('.data', 'vendure') },
    /** Only installs and makes the database, and ends. */
    prepare: { type: 'boolean', default: false },
    /** Begins again without orders. */
    fresh: { type: 'boolean', default: false },
  },
});
const folder = resolve(values.folder);
const say = (line: string) => process.stderr.write(`${line}\n`);

const installed = await installVendure(join(folder, 'installed'), say);
say('preparing the database; the first time takes a minute …');
const sample = () => deriveSampleData(readFileSync(projectFile('data', 'online-retail', 'order-lines.csv'), 'utf8'));
const prepared = await prepareVendure(installed, join(folder, 'prepared'), { name: 'sample', articles: () => sampleArticles(sample()), countries: sampleCountries }); // biome-ignore format: one thought
const database = join(folder, 'databases', 'orders.sqlite');
if (values.fresh) await rm(database, { force: true });
if (!values.prepare) {
  await mkdir(join(folder, 'databases'), { recursive: true });
  if (!existsSync(database)) await copyFile(prepared.file, database);
  const { account, ids, passwordFile } = prepared;
  const server = await startVendure(installed, {
    folder,
    database,
    account,
    port: Number(values.port),
    keepsChanges: true,
  });
  say(`\n  Vendure is up at ${server.url}, user ${account.user}\n`);
  say(`  export VENDURE_URL=${server.url} VENDURE_USER=${account.user} VENDURE_PASSWORD="$(cat ${passwordFile})"`);
  say(`\n  In config/systems.yaml: customer ${ids.customer}, shippingMethod ${ids.shippingMethod}`);
  say('\n  Ctrl-C stops it; the next start finds all of it. --fresh begins again.\n');
  await new Promise<void>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
  });
  await server.stop();
}
