import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sleep } from '../../../platform/clock.ts';
import { query } from '../../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { startProcess } from '../../../test/helpers/processes.ts';
import { canonicalFile, sourceOf } from '../../../test/helpers/settlement-files.ts';
import { ingestReport } from './ingest.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'settlement']);
  await query(
    database.knex,
    `insert into integration.channel (code, kind, name, price_list, currency_code) values ('AMAZON', 'MARKETPLACE', 'Amazon', 'AMAZON', 'GBP')`,
  );
});
afterAll(() => database.drop());

const source = sourceOf(
  canonicalFile(
    'killed',
    Array.from({ length: 16_000 }, () => ({ class: 'SALE', amountMinor: 1 })),
  ),
);
const counts = async () =>
  (
    await query<{ seen: number; lines: number }>(
      database.knex,
      `select (select count(*)::int from settlement.statement where state <> 'LOADING') as seen, (select count(*)::int from settlement.statement_line) as lines`,
    )
  )[0];

it('leaves nothing that anybody sees when it is killed in the middle, and the next run takes all of it in', async () => {
  const loading = await startProcess('test/contract/ingest-process.ts', [database.url]);
  // While it lives, nobody else loads the same file.
  await expect(ingestReport(database.knex, source)).rejects.toMatchObject({ code: 'OVERLOADED' });
  await loading.killHard();
  const left = await counts();
  expect(left?.seen).toBe(0);
  expect(left?.lines).toBeGreaterThan(0);
  expect(await afterRelease()).toMatchObject({ kind: 'INGESTED', lineCount: 16_000 });
  expect(await counts()).toEqual({ seen: 1, lines: 16_000 });
  expect(await query(database.knex, 'select count(*)::int as files from settlement.report_file')).toEqual([
    { files: 1 },
  ]);
});

/** The server notices the end of a killed client when it next looks at the connection. */
async function afterRelease(): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ingestReport(database.knex, source);
    } catch (error) {
      if (attempt === 100 || (error as { code?: string }).code !== 'OVERLOADED') throw error;
      await sleep(100);
    }
  }
}
