import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { projectFile } from '../../platform/paths.ts';
import { deriveSampleData } from '../../systems/sample-data/derive.ts';
import { installTryton } from '../../systems/tryton/server/install.ts';
import { ADMINISTRATOR, prepareDatabase } from '../../systems/tryton/server/prepare.ts';
import { putSample, SAMPLE_VERSION } from '../../systems/tryton/server/sample.ts';
import { addDatabase, startTryton } from '../../systems/tryton/server/start.ts';

// `npm run systems:tryton`: an ERP and warehouse system that nobody here wrote, filled with the sample. See docs/systems-tryton.md.
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8100' },
    folder: { type: 'string', default: join('.data', 'tryton') },
    /** Only makes the databases, and ends. */
    prepare: { type: 'boolean', default: false },
    /** Begins again with the sample as it was. */
    fresh: { type: 'boolean', default: false },
  },
});
const folder = resolve(values.folder);
const say = (line: string) => process.stderr.write(`${line}\n`);

await installTryton(say);
say('preparing the database; the first time takes some minutes …');
const cache = join(folder, 'prepared');
const prepared = await prepareDatabase(cache, {
  name: SAMPLE_VERSION,
  with: (tryton) => putSample(tryton, deriveSampleData(readFileSync(projectFile('data', 'online-retail', 'order-lines.csv'), 'utf8'))), // biome-ignore format: one thought
});
if (values.fresh) await rm(join(folder, 'databases'), { recursive: true, force: true });
if (!values.prepare) {
  const server = await startTryton({ folder, port: Number(values.port) });
  await addDatabase(folder, 'erp', prepared.file, { keep: true });
  say(`\n  Tryton is up at ${server.url}, database erp, user ${ADMINISTRATOR}\n`);
  say(
    `  export TRYTON_URL=${server.url} TRYTON_DATABASE=erp TRYTON_USER=${ADMINISTRATOR} TRYTON_PASSWORD="$(cat ${prepared.passwordFile})"`,
  );
  say('\n  Ctrl-C stops it; the next start finds all of it. --fresh begins again.\n');
  await new Promise<void>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
  });
  await server.stop();
}
