import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FORMATS } from '../../../cli/settlement/formats.ts';
import { query } from '../../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { canonicalFile } from '../../../test/helpers/settlement-files.ts';
import { NO_THROTTLE } from '../throttle.ts';
import { createDropFolder, FORMAT_FOLDERS } from './drop-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'drop-'));
const place = join(folder, 'AMAZON', 'canonical');
const done: string[][] = [];
const failures: unknown[] = [];
let database: TestDatabase;
let drop: ReturnType<typeof createDropFolder>;
beforeAll(async () => {
  mkdirSync(place, { recursive: true });
  database = await createTestDatabase(['integration', 'settlement']);
  await query(
    database.knex,
    `insert into integration.channel (code, kind, name, price_list, currency_code) values ('AMAZON', 'MARKETPLACE', 'Amazon', 'AMAZON', 'GBP')`,
  );
  drop = createDropFolder({
    knex: database.knex,
    folder,
    throttle: NO_THROTTLE,
    settleMillis: 0,
    onDone: (file, outcome) => void done.push([basename(file), outcome.kind]),
    onFailure: (_file, error) => failures.push(error),
  });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

it('takes in complete files, sets refused ones aside with the reason, and keeps one that comes again', async () => {
  const text = canonicalFile('s-1', [{ class: 'SALE', amountMinor: 100 }]);
  writeFileSync(join(place, 'good.csv.part'), text);
  writeFileSync(join(place, '.writing.csv'), text);
  writeFileSync(join(place, 'bad.csv'), text.replace('s-1', 's-2').replace('1.00', '1.01'));
  const signal = new AbortController().signal;
  expect(await drop.look(signal)).toBe(1);
  renameSync(join(place, 'good.csv.part'), join(place, 'good.csv'));
  expect(await drop.look(signal)).toBe(1);
  writeFileSync(join(place, 'good.csv'), text);
  expect(await drop.look(signal)).toBe(1);
  expect(await drop.look(signal)).toBe(0);
  expect(failures).toEqual([]);
  expect(readdirSync(place).sort()).toEqual(['.writing.csv', 'processed', 'refused']);
  expect(readdirSync(join(place, 'processed')).sort()).toEqual(['good.csv', 'good.csv.2']);
  expect(readFileSync(join(place, 'refused', 'bad.csv.reason.txt'), 'utf8')).toMatch(/^TOTAL_MISMATCH\nLine 2 states a total of 1\.01 GBP/); // biome-ignore format: one thought
  expect(await query(database.knex, 'select external_id as id from settlement.statement')).toEqual([{ id: 's-1' }]);
});

it('refuses what lies in a folder that names no format, once, with the reason', async () => {
  const unknown = join(folder, 'AMAZON', 'amazon-v3');
  mkdirSync(unknown);
  writeFileSync(join(unknown, 'report.txt'), 'anything');
  const signal = new AbortController().signal;
  done.length = 0;
  expect(await drop.look(signal)).toBe(1);
  expect(await drop.look(signal)).toBe(0);
  expect(done).toEqual([['report.txt', 'REFUSED']]);
  expect(readdirSync(unknown)).toEqual(['refused']);
  expect(readFileSync(join(unknown, 'refused', 'report.txt.reason.txt'), 'utf8')).toBe(
    'UNKNOWN_FORMAT\nThe folder names no format. Put it into one of: amazon-v2, walmart-recon, canonical, amazon-finances.\nNothing of it was stored.\n',
  );
});

it('refuses what lies in no folder of a channel and format, once, with where to put it', async () => {
  writeFileSync(join(folder, 'lost.txt'), 'anything');
  writeFileSync(join(folder, 'coming.txt.part'), 'any');
  writeFileSync(join(folder, 'AMAZON', 'lost.txt'), 'anything');
  const signal = new AbortController().signal;
  done.length = 0;
  expect(await drop.look(signal)).toBe(2);
  expect(await drop.look(signal)).toBe(0);
  expect(done).toEqual([
    ['lost.txt', 'REFUSED'],
    ['lost.txt', 'REFUSED'],
  ]);
  for (const place of [folder, join(folder, 'AMAZON')]) {
    expect(readdirSync(join(place, 'refused')).sort()).toEqual(['lost.txt', 'lost.txt.reason.txt']);
    expect(readFileSync(join(place, 'refused', 'lost.txt.reason.txt'), 'utf8')).toContain('Put it into <channel code>/<format>/'); // biome-ignore format: one thought
  }
  expect(readdirSync(folder).sort()).toEqual(['AMAZON', 'coming.txt.part', 'refused']);
});

it('leaves a file alone that is still written under its own name', async () => {
  let at = 0;
  const slow = createDropFolder({
    knex: database.knex,
    folder,
    throttle: NO_THROTTLE,
    now: () => at,
    onDone: (file, outcome) => void done.push([basename(file), outcome.kind]),
    onFailure: (_file, error) => failures.push(error),
  });
  const text = canonicalFile('s-3', [{ class: 'SALE', amountMinor: 100 }]);
  const signal = new AbortController().signal;
  done.length = 0;
  writeFileSync(join(place, 'slow.csv'), text.slice(0, 80));
  expect(await slow.look(signal)).toBe(0);
  at = 4_000;
  writeFileSync(join(place, 'slow.csv'), text);
  expect(await slow.look(signal)).toBe(0);
  at = 8_000;
  expect(await slow.look(signal)).toBe(0);
  at = 9_000;
  expect(await slow.look(signal)).toBe(1);
  expect(done).toEqual([['slow.csv', 'INGESTED']]);
});

it('names its folders as the command line names the formats', () => {
  expect(FORMAT_FOLDERS).toEqual(FORMATS);
});
