import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { query } from '../../../platform/db/query.ts';
import { projectFile } from '../../../platform/paths.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { canonicalFile, sourceOf } from '../../../test/helpers/settlement-files.ts';
import { ingestReport } from '../ingest/ingest.ts';
import { loadPostingRules } from '../ledger/posting-rules.ts';
import { readTransfers, takeTransfers } from './amazon-transfers.ts';
import { PAYOUT_TRANSITIONS, payoutStateOf } from './states.ts';

const rules = loadPostingRules();
const published = readFileSync(projectFile('data', 'amazon-sp-api', 'listPayouts.json'), 'utf8');
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'settlement']);
  await query(
    database.knex,
    `insert into integration.channel (code, kind, name, price_list, currency_code) values ('AMAZON', 'MARKETPLACE', 'Amazon', 'AMAZON', 'USD')`,
  );
});
afterAll(() => database.drop());

it('records the published payout once, and its statement finds it', async () => {
  const transfers = readTransfers(published);
  expect(transfers).toEqual([
    {
      externalId: '11888387941',
      state: 'PAID',
      amountMinor: 125075n,
      currencyCode: 'USD',
      traceId: '4B03616UONXSAWP',
      createdAt: new Date('2024-06-01T00:00:00Z'),
      settlementId: '11888387941',
    },
  ]);
  expect(await takeTransfers(database.knex, rules, 'AMAZON', transfers, 'test')).toEqual({ added: 1, moved: 1 });
  expect(await takeTransfers(database.knex, rules, 'AMAZON', transfers, 'test')).toEqual({ added: 0, moved: 0 });
  await ingestReport(database.knex, sourceOf(canonicalFile('11888387941', [{ class: 'SALE', amountMinor: 125075 }], { currency: 'USD' }))); // biome-ignore format: one thought
  expect(
    await query(
      database.knex,
      'select state, reference, statement_id is not null as announced, amount_minor as amount from settlement.payout',
    ),
  ).toEqual([{ state: 'IN_TRANSIT', reference: '4B03616UONXSAWP', announced: true, amount: '125075' }]);
});

it('takes a word that it does not know for no news', () => {
  expect(['NO_PAYOUT', 'TRANSFERED', 'paid', 'STARTED'].map(payoutStateOf)).toEqual([null, null, 'PAID', 'IN_TRANSIT']);
});

it('lets no payout leave an end, and a failed one only be sent again', () => {
  expect(PAYOUT_TRANSITIONS).toMatchObject({ PAID: [], CANCELLED: [], CARRIED_FORWARD: [], FAILED: ['SCHEDULED'] });
});

it('refuses another document', () => {
  expect(() => readTransfers('{"payouts": [{"id": 5}]}')).toThrow(expect.objectContaining({ code: 'UNREADABLE' }));
});
