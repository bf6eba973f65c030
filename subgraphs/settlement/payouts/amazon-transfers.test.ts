import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { projectFile } from '../../../platform/paths.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { canonicalFile, sourceOf } from '../../../test/helpers/settlement-files.ts';
import { ingestReport } from '../ingest/ingest.ts';
import { loadPostingRules } from '../ledger/posting-rules.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { readTransfers, takeTransfers } from './amazon-transfers.ts';
import { lockPayout, movePayout } from './change.ts';
import { takeBankStatement } from './receipts.ts';
import { PAYOUT_TRANSITIONS, type PayoutState, payoutMoves, payoutStateOf } from './states.ts';

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
      word: 'PAID',
      amountMinor: 125075n,
      currencyCode: 'USD',
      traceId: '4B03616UONXSAWP',
      createdAt: new Date('2024-06-01T00:00:00Z'),
      toldAt: new Date('2024-06-02T12:00:00Z'),
      settlementId: '11888387941',
    },
  ]);
  expect(await takeTransfers(database.knex, rules, 'AMAZON', transfers, 'test')).toEqual({
    added: 1,
    moved: 1,
    unknown: [],
  });
  expect(await takeTransfers(database.knex, rules, 'AMAZON', transfers, 'test')).toEqual({
    added: 0,
    moved: 0,
    unknown: [],
  });
  await ingestReport(database.knex, sourceOf(canonicalFile('11888387941', [{ class: 'SALE', amountMinor: 125075 }], { currency: 'USD' }))); // biome-ignore format: one thought
  expect(
    await query(
      database.knex,
      'select state, reference, statement_id is not null as announced, amount_minor as amount from settlement.payout',
    ),
  ).toEqual([{ state: 'IN_TRANSIT', reference: '4B03616UONXSAWP', announced: true, amount: '125075' }]);
});

/** What listPayouts says of the payout of a settlement at one time. */
const say = (settlementId: string, status: string, at: string) =>
  takeTransfers(
    database.knex,
    rules,
    'AMAZON',
    readTransfers(
      JSON.stringify({
        payouts: [
          {
            id: `p-${settlementId}`,
            currentStatus: status,
            statusHistory: [{ status, lastUpdatedDate: at }],
            amount: { currencyCode: 'USD', currencyAmount: 80 },
            creationDate: '2026-11-16T00:00:00Z',
            relatedIdentifiers: [{ relatedIdentifierName: 'SETTLEMENT_ID', relatedIdentifierValue: settlementId }],
          },
        ],
      }),
    ),
    'test',
  );
const postings = (settlementId: string) =>
  query<Record<string, string>>(
    database.knex,
    `select e.description ~ '^Not paid' as "takenBack", l.account, sum(case l.side when 'DEBIT' then l.amount_minor else -l.amount_minor end)::text as net
     from settlement.payout p join settlement.ledger_entry e on starts_with(e.cause, 'payout:' || p.id) join settlement.ledger_line l on l.entry_id = e.id
     where p.external_id = ? group by 1, 2 order by 1, 2`,
    [settlementId],
  );

it('takes back what was posted of a payout that failed, once, and posts it anew when it is sent again', async () => {
  const [balance, transit] = [rules.account('channel-balance'), rules.account('payout-in-transit')];
  await ingestReport(database.knex, sourceOf(canonicalFile('owed-1', [{ class: 'FEE', amountMinor: -1900 }], { currency: 'USD' }))); // biome-ignore format: one thought
  await ingestReport(database.knex, sourceOf(canonicalFile('failing-1', [{ class: 'SALE', amountMinor: 8000 }], { currency: 'USD' }))); // biome-ignore format: one thought
  expect(await say('failing-1', 'STARTED', '2026-11-16T10:00:00Z')).toEqual({ added: 0, moved: 1, unknown: [] });
  const sent = [
    { takenBack: false, account: balance, net: '-8000' },
    { takenBack: false, account: transit, net: '8000' },
  ];
  expect(await postings('failing-1')).toEqual(sent);
  expect(await say('failing-1', 'FAILED', '2026-11-18T10:00:00Z')).toEqual({ added: 0, moved: 1, unknown: [] });
  expect(await say('failing-1', 'FAILED', '2026-11-18T10:00:00Z')).toEqual({ added: 0, moved: 0, unknown: [] });
  const takenBack = [
    { takenBack: true, account: balance, net: '8000' },
    { takenBack: true, account: transit, net: '-8000' },
  ];
  expect(await postings('failing-1')).toEqual([...sent, ...takenBack]);
  // Old news that comes late says nothing, and what is carried forward is still to be taken off.
  expect(await say('failing-1', 'IN_TRANSIT', '2026-11-17T10:00:00Z')).toEqual({ added: 0, moved: 0, unknown: [] });
  const states = await query(database.knex, `select external_id as id, state, carried_into as into from settlement.payout where external_id in ('failing-1', 'owed-1') order by 1`); // biome-ignore format: one thought
  expect(states).toEqual([
    { id: 'failing-1', state: 'FAILED', into: null },
    { id: 'owed-1', state: 'CARRIED_FORWARD', into: null },
  ]);
  expect(await say('failing-1', 'PAID', '2026-11-20T10:00:00Z')).toEqual({ added: 0, moved: 1, unknown: [] });
  expect(await postings('failing-1')).toEqual([
    { takenBack: false, account: balance, net: '-16000' },
    { takenBack: false, account: transit, net: '16000' },
    ...takenBack,
  ]);
  const moves = await query<{ state: string }>(database.knex, `select c.state from settlement.payout_change c join settlement.payout p on p.id = c.payout_id where p.external_id = 'failing-1' order by position`); // biome-ignore format: one thought
  expect(moves.map(({ state }) => state)).toEqual(['SCHEDULED', 'IN_TRANSIT', 'FAILED', 'SCHEDULED', 'IN_TRANSIT']);
  const bank = `booked_on,amount,currency,remittance\n2026-11-20,61.00,USD,failing-1\n`;
  expect(await takeBankStatement(database.knex, rules, { format: 'BANK_CSV', actor: 'test', bytes: async function* () { yield Buffer.from(bank); } })).toMatchObject({ matched: 1, differing: 0 }); // biome-ignore format: one thought
  expect(await verifyLedger(database.knex)).toMatchObject({ faults: [] });
});

it('keeps what was announced with a word that it does not know, and says the word', async () => {
  await ingestReport(database.knex, sourceOf(canonicalFile('strange-1', [{ class: 'SALE', amountMinor: 8000 }], { currency: 'USD' }))); // biome-ignore format: one thought
  expect(await say('strange-1', 'LEVITATING', '2026-11-16T10:00:00Z')).toEqual({ added: 0, moved: 0, unknown: ['LEVITATING'] }); // biome-ignore format: one thought
  expect(await say('strange-1', 'NO_PAYOUT', '2026-11-15T10:00:00Z')).toEqual({ added: 0, moved: 0, unknown: [] });
  expect(await query(database.knex, `select state, announced_minor as announced, told_status as word from settlement.payout where external_id = 'strange-1'`)).toEqual([{ state: 'SCHEDULED', announced: '8000', word: 'LEVITATING' }]); // biome-ignore format: one thought
});

it('takes a word that it does not know for no news', () => {
  expect(['NO_PAYOUT', 'TRANSFERED', 'paid', 'STARTED'].map(payoutStateOf)).toEqual([null, null, 'PAID', 'IN_TRANSIT']);
});

/** Where a payout stands, and how it got there. */
async function walked(externalId: string): Promise<{ state: string; moves: string[] } | undefined> {
  const [row] = await query<{ state: string; moves: string[] }>(
    database.knex,
    `select p.state, array_agg(c.state order by c.position) as moves from settlement.payout p join settlement.payout_change c on c.payout_id = p.id
     where p.external_id = ? group by p.id`,
    [externalId],
  );
  return row;
}

describe('the payout transition table', () => {
  const states = Object.keys(PAYOUT_TRANSITIONS) as PayoutState[];
  const ARRIVED: readonly PayoutState[] = ['PARTIALLY_PAID', 'PAID_SHORT', 'PAID'];
  const undone = new Error('undone');
  /** Does something with a payout in a state, and takes it back. */
  async function withPayout<Result>(state: PayoutState, use: (trx: Knex.Transaction, id: string) => Promise<Result>) {
    let result: Result | undefined;
    const all = database.knex.transaction(async (trx) => {
      await query(trx, `insert into settlement.payout (id, channel_code, external_id, state, amount_minor, currency_code) values ('pay_t', 'AMAZON', 'table', ?, 8000, 'USD')`, [state]); // biome-ignore format: one thought
      await query(trx, `insert into settlement.payout_change (payout_id, position, state, actor, note) values ('pay_t', 1, ?, 'test', 'begins')`, [state]); // biome-ignore format: one thought
      result = await use(trx, 'pay_t');
      throw undone;
    });
    await all.catch((error: unknown) => {
      if (error !== undone) throw error;
    });
    return result as Result;
  }
  const stands = async (trx: Knex.Transaction) =>
    query(trx, `select state, (select array_agg(c.state order by position) from settlement.payout_change c where payout_id = p.id) as moves from settlement.payout p where id = 'pay_t'`); // biome-ignore format: one thought

  it.each(states)(
    'allows from %s what it says and keeps each move; the rest changes nothing, and the database refuses it',
    async (from) => {
      for (const to of states) {
        const legal = PAYOUT_TRANSITIONS[from].includes(to);
        // One that failed is sent again first, also where nobody told of that.
        const path = legal ? [to] : (payoutMoves(from, to) ?? []);
        for (const [index, next] of path.entries()) expect(PAYOUT_TRANSITIONS[path[index - 1] ?? from]).toContain(next);
        const [moved, after] = await withPayout(from, async (trx, id) => {
          const payout = await lockPayout(trx, id);
          return [payout && (await movePayout(trx, payout, to, 'test', 'moved')), await stands(trx)];
        });
        expect([to, moved]).toEqual([to, path.length > 0]);
        expect([to, after]).toEqual([to, [{ state: path.at(-1) ?? from, moves: [from, ...path] }]]);
        if (from === to) continue;
        const written = withPayout(from, (trx) => query(trx, `update settlement.payout set state = ? where id = 'pay_t' returning id`, [to])); // biome-ignore format: one thought
        if (legal) expect(await written).toHaveLength(1);
        else await expect(written).rejects.toThrow(`cannot change so: ${from} to ${to}`);
      }
    },
  );

  it.each(states)('holds whatever a channel says of a payout that is %s', async (from) => {
    for (const word of ['SCHEDULED', 'STARTED', 'PAID', 'FAILED', 'CANCELLED', 'NO_PAYOUT', 'LEVITATING']) {
      const externalId = `said-${from}-${word}`;
      await query(database.knex, `insert into settlement.payout (id, channel_code, external_id, state, amount_minor, currency_code) values (?, 'AMAZON', ?, ?, 8000, 'USD')`, [externalId, externalId, from]); // biome-ignore format: one thought
      await query(database.knex, `insert into settlement.payout_change (payout_id, position, state, actor, note) values (?, 1, ?, 'test', 'begins')`, [externalId, from]); // biome-ignore format: one thought
      if (ARRIVED.includes(from))
        await query(database.knex, `insert into settlement.bank_receipt (id, source, account_tail, bank_reference, remittance, amount_minor, currency_code, booked_on, payout_id) values (?, 'test', '5555', ?, ?, ?, 'USD', '2026-11-20', ?)`, [externalId, externalId, externalId, from === 'PAID' ? 8_000 : 7_260, externalId]); // biome-ignore format: one thought
      await say(externalId, word, '2026-11-30T10:00:00Z');
      const { state, moves } = (await walked(externalId)) ?? { state: '', moves: [] };
      expect([word, moves[0], moves.at(-1)]).toEqual([word, from, state]);
      for (const [index, next] of moves.slice(1).entries())
        expect([word, PAYOUT_TRANSITIONS[moves[index] as PayoutState]]).toEqual([word, expect.arrayContaining([next])]);
      // That its money came is for the bank to say.
      expect([word, ARRIVED.includes(state as PayoutState)]).toEqual([word, ARRIVED.includes(from)]);
      if (PAYOUT_TRANSITIONS[from].length === 0) expect([word, state]).toEqual([word, from]);
      for (const [table, column] of [['bank_receipt', 'payout_id'], ['payout_change', 'payout_id'], ['payout', 'id']]) await query(database.knex, `delete from settlement.${table} where ${column} = ?`, [externalId]); // biome-ignore format: one thought
    }
  });
});

it('refuses another document', () => {
  expect(() => readTransfers('{"payouts": [{"id": 5}]}')).toThrow(expect.objectContaining({ code: 'UNREADABLE' }));
});

it('refuses payouts of a channel that does not exist, and stores nothing', async () => {
  const stored = () => query(database.knex, 'select count(*)::int as payouts from settlement.payout');
  const before = await stored();
  const taken = takeTransfers(database.knex, rules, 'NOPE', readTransfers(published), 'test');
  await expect(taken).rejects.toMatchObject({ name: 'ReportRefusal', code: 'UNKNOWN_CHANNEL' });
  expect(await stored()).toEqual(before);
});

it('carries a payout forward that the channel told of before its statement, which owes money', async () => {
  expect(await say('owing-1', 'SCHEDULED', '2026-11-16T10:00:00Z')).toMatchObject({ added: 1 });
  await ingestReport(database.knex, sourceOf(canonicalFile('owing-1', [{ class: 'FEE', amountMinor: -8000 }], { currency: 'USD' }))); // biome-ignore format: one thought
  expect(await walked('owing-1')).toEqual({ state: 'CARRIED_FORWARD', moves: ['CARRIED_FORWARD'] });
});
