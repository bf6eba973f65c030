import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { query } from '../../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { openBooks, type SoldOrder } from '../../../test/helpers/settlement-books.ts';
import { lineOf, reportOf, storeReport } from '../../../test/helpers/settlement-report.ts';
import { ask, callerOf } from '../../../test/helpers/subgraph.ts';
import { memoryFinanceSystem } from '../adapters/memory.ts';
import { createSettlementSubgraph } from '../index.ts';
import type { SettlementLine } from '../reports/model.ts';
import { EXPORT_NAMES, type ExportName, exportCsv } from './export.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'settlement']);
});
afterAll(() => database.drop());

const channelCode = 'M1';
const order = (number: number): SoldOrder => ({
  orderId: `o${number}`,
  channelOrderId: `203-${number}-7`,
  lines: [{ sku: 'A1', quantity: 2, netMinor: 1_000n, taxMinor: 200n }],
});
const words = (description: string) => ({ transaction: 'Order', type: 'ItemFees', description });
const of = (number: number, values: Partial<SettlementLine>) =>
  lineOf({ channelOrderId: `203-${number}-7`, ...values });
/** Two orders of 20.00 and 4.00 tax: one right with its fees, one 1.50 short; and a fee in words that a spreadsheet would run. */
const LINES = [
  of(1, { sku: 'A1', quantity: 2, amountMinor: 2_000n }),
  of(1, { class: 'SALE_TAX', sku: 'A1', amountMinor: 400n, references: { part: '1' } }),
  of(1, { class: 'COMMISSION', sku: 'A1', amountMinor: -300n, words: words('Commission') }),
  of(1, { class: 'FEE', amountMinor: -120n, words: words('FBAPerUnitFulfillmentFee') }),
  of(2, { sku: 'A1', quantity: 2, amountMinor: 1_850n }),
  of(2, { class: 'SALE_TAX', sku: 'A1', amountMinor: 400n, references: { part: '2' } }),
  of(2, { class: 'COMMISSION', sku: 'A1', amountMinor: -300n, words: words('Commission') }),
  of(2, { class: 'FEE', amountMinor: -99n, words: { ...words('=HYPERLINK("http://x","y")'), type: '' } }),
].map((line, index) => ({ ...line, lineNumber: index + 2 }));

beforeAll(async () => {
  const books = openBooks(database.knex, channelCode);
  for (const number of [1, 2]) {
    await books.place(order(number));
    await books.invoice(order(number));
  }
  await storeReport(database.knex, reportOf('s-1', LINES, { channelCode }), LINES);
  // Nobody sees a load, in no answer.
  await query(database.knex, `insert into settlement.report_file (id, channel_code, format, sha256, size_bytes, received_by) values ('f', 'M1', 'CANONICAL_CSV', sha256('x'), 0, 'test')`); // biome-ignore format: one thought
  await query(
    database.knex,
    `insert into settlement.statement (id, channel_code, external_id, format, file_id, state, period_start, period_end, currency_code, total_minor)
     values ('loading', 'M1', 'loading', 'CANONICAL_CSV', 'f', 'LOADING', 'epoch', 'epoch', 'XXX', 0)`,
  );
  await query(
    database.knex,
    `insert into settlement.statement_line select (jsonb_populate_record(l, '{"statement_id":"loading"}')).* from settlement.statement_line l where class = 'COMMISSION'`,
  );
  await query(
    database.knex,
    `insert into settlement.payout (id, channel_code, external_id, state, amount_minor, announced_minor, currency_code, reference, carried_into, scheduled_at)
     values ('p2', 'M1', 's-1', 'PAID', 3000, 2500, 'GBP', 'T1', null, '2026-11-16'), ('p1', 'M1', 's-0', 'CARRIED_FORWARD', -500, null, 'GBP', null, 'p2', '2026-11-02')`,
  );
  await query(
    database.knex,
    `insert into settlement.bank_receipt (id, source, account_tail, bank_reference, remittance, amount_minor, currency_code, booked_on, payout_id)
     values ('b1', 'BANK_CSV', '5555', 'x', 'T1', 2500, 'GBP', '2026-11-17', 'p2'), ('b2', 'BANK_CSV', '5555', 'y', '=A1, hello', 900, 'GBP', '2026-11-18', null)`,
  );
  await query(
    database.knex,
    `insert into settlement.report_refusal (channel_code, format, file_name, sha256, size_bytes, code, message, line_number, refused_by, refused_at)
     values ('M1', 'CANONICAL_CSV', 'one.csv', '\\x0a'::bytea, 12, 'TOTAL_MISMATCH', 'The total, of line 2.', 2, 'ann', '2026-11-18T00:00:00Z')`,
  );
  await books.settle();
  await query(database.knex, `update settlement.difference set opened_at = now() - interval '40 days' where reason = 'AMOUNT_DIFFERENCE'`); // biome-ignore format: one thought
});

async function exported(name: ExportName): Promise<string> {
  const written: string[] = [];
  await exportCsv(database.knex, name, (line) => written.push(`${line}\n`));
  return written.join('');
}
const column = async (statement: string) =>
  (await query<{ value: string }>(database.knex, statement)).map(({ value }) => value);

it('exports every list byte for byte, with what a spreadsheet would run made a text', async () => {
  const [statement] = await column(`select id as value from settlement.statement where external_id = 's-1'`);
  const ids = await column(`select id as value from settlement.difference order by reason`);
  const [amount, fee] = ids;
  const days = await column(`select opened_at::date::text as value from settlement.difference order by reason`);
  const explained = new Map(
    (
      await query<{ id: string; explanation: string }>(
        database.knex,
        'select id, explanation from settlement.difference',
      )
    ).map((row) => [row.id, row.explanation]),
  );
  const documents = await column('select id as value from settlement.document order by order_id');
  const rows = (lines: readonly string[]) => `${lines.join('\n')}\n`;
  const hyperlink = `"'=HYPERLINK(""http://x"",""y"")"`;
  const differences = [
    `${amount},M1,AMOUNT_DIFFERENCE,OPEN,24.00,22.50,-1.50,GBP,M1-o2,203-2-7,A1,${statement},${explained.get(amount ?? '')},,,,,,,`,
    `${fee},M1,UNKNOWN_FEE,OPEN,,-0.99,-0.99,GBP,M1-o2,203-2-7,,${statement},"${explained.get(fee ?? '')?.replaceAll('"', '""')}",,,,,,,`,
  ].sort();
  const month = new Date().toISOString().slice(0, 7);
  const line = (number: number, text: string) => `${statement},${number},M1,${text}`;
  expect(Object.fromEntries(await Promise.all(EXPORT_NAMES.map(async (name) => [name, await exported(name)])))).toEqual(
    {
      differences: rows([
        'id,channel,reason,state,expected,actual,difference,currency,order_id,channel_order_id,sku,settlement_id,explanation,decision,decision_state,actor,approved_by,note,decided_at,entry_id',
        ...differences,
      ]),
      lines: rows([
        'settlement_id,line,channel,class,description,channel_order_id,sku,quantity,amount,currency,state,rule,target,target_id,order_id,difference_id',
        line(2, `SALE,ItemPrice / Principal,203-1-7,A1,2,20.00,GBP,MATCHED,order-id,SHIPMENT,${documents[0]},M1-o1,`),
        line(3, `SALE_TAX,ItemPrice / Principal,203-1-7,A1,,4.00,GBP,MATCHED,order-id,SHIPMENT,${documents[0]},M1-o1,`),
        line(4, 'COMMISSION,ItemFees / Commission,203-1-7,A1,,-3.00,GBP,MATCHED,fee-rule,FEE_RULE,,M1-o1,'),
        line(5, 'FEE,ItemFees / FBAPerUnitFulfillmentFee,203-1-7,,,-1.20,GBP,MATCHED,fee-rule,FEE_RULE,,M1-o1,'),
        line(6, `SALE,ItemPrice / Principal,203-2-7,A1,2,18.50,GBP,EXCEPTION,order-id,ORDER,M1-o2,M1-o2,${amount}`),
        line(7, `SALE_TAX,ItemPrice / Principal,203-2-7,A1,,4.00,GBP,EXCEPTION,order-id,ORDER,M1-o2,M1-o2,${amount}`),
        line(8, 'COMMISSION,ItemFees / Commission,203-2-7,A1,,-3.00,GBP,MATCHED,fee-rule,FEE_RULE,,M1-o2,'),
        line(9, `FEE,${hyperlink},203-2-7,,,-0.99,GBP,EXCEPTION,order-id,ORDER,M1-o2,M1-o2,${fee}`),
      ]),
      fees: rows([
        'id,channel,sku,description,lines,amount,currency',
        `"M1  =HYPERLINK(""http://x"",""y"") GBP",M1,,${hyperlink},1,-0.99,GBP`,
        'M1  ItemFees / FBAPerUnitFulfillmentFee GBP,M1,,ItemFees / FBAPerUnitFulfillmentFee,1,-1.20,GBP',
        'M1 A1 ItemFees / Commission GBP,M1,A1,ItemFees / Commission,2,-6.00,GBP',
      ]),
      orders: rows([
        'id,number,channel,channel_order_id,status,expected,settled,fees,net,cost_of_goods,margin,currency',
        'M1-o1,N-M1-o1,M1,203-1-7,SETTLED,24.00,24.00,-4.20,20.00,,,GBP',
        'M1-o2,N-M1-o2,M1,203-2-7,IN_DISPUTE,24.00,22.50,-3.99,20.00,,,GBP',
      ]),
      completeness: rows(['id,channel,ingested_in,settlements,lines,explained', `M1 ${month},M1,${month},1,8,5`]),
      // What the channel still owes, has settled and left unexplained; our tax, its commissions and fees, our revenue.
      balances: rows([
        'id,account,channel,net,currency',
        ...['1361 1.50', '1362 38.31', '1390 0.99', '1776 -8.00', '6770 6.00', '6771 1.20', '8400 -40.00'].map(
          (each) => {
            const [account, net] = each.split(' ');
            return `${account} M1 GBP,${account},M1,${net},GBP`;
          },
        ),
      ]),
      aging: rows([
        'id,channel,reason,state,opened_on,differences,difference,currency',
        `M1 AMOUNT_DIFFERENCE OPEN ${days[0]} GBP,M1,AMOUNT_DIFFERENCE,OPEN,${days[0]},1,-1.50,GBP`,
        `M1 UNKNOWN_FEE OPEN ${days[1]} GBP,M1,UNKNOWN_FEE,OPEN,${days[1]},1,-0.99,GBP`,
      ]),
      payouts: rows([
        'id,channel,external_id,settlement_id,state,amount,announced,carried_forward,carried_into,received,received_on,currency,reference',
        'p1,M1,s-0,,CARRIED_FORWARD,-5.00,,0.00,p2,,,GBP,',
        'p2,M1,s-1,,PAID,30.00,25.00,-5.00,,25.00,2026-11-17,GBP,T1',
      ]),
      'bank-receipts': rows([
        'id,booked_on,amount,currency,remittance,bank_reference,account_tail,payout_id,conflict,contradicts,takes_back,payout_amount,payout_currency',
        'b1,2026-11-17,25.00,GBP,T1,x,5555,p2,,,,25.00,GBP',
        'b2,2026-11-18,9.00,GBP,"\'=A1, hello",y,5555,,,,,,',
      ]),
      refusals: rows([
        'id,refused_at,channel,format,file_name,code,line,message,refused_by,bytes,sha256',
        '0000000000000000001,2026-11-18T00:00:00.000Z,M1,CANONICAL_CSV,one.csv,TOTAL_MISMATCH,2,"The total, of line 2.",ann,12,0a',
      ]),
    },
  );
});

it('answers fees, age, proceeds and completeness as an independent count of the lines does', async () => {
  const subgraph = createSettlementSubgraph({ knex: database.knex });
  const finance = callerOf({ contract: 'finance', clientId: 'finance', channel: null });
  const { data, errors } = await ask(
    subgraph,
    `{ channelFees(filter: { channelCode: "M1" }) { sku description lineCount total { amount } }
       reconciliationAging(channelCode: "M1") { reason age count total { amount } } }`,
    {},
    finance,
  );
  expect(errors).toBeUndefined();
  const fees = LINES.filter((line) => line.class === 'COMMISSION' || line.class === 'FEE');
  const sum = (lines: readonly { amountMinor: bigint }[]) =>
    lines.reduce((total, line) => total + line.amountMinor, 0n);
  const answer = data as {
    channelFees: { lineCount: number; total: { amount: string } }[];
    reconciliationAging: unknown[];
  };
  const minor = (amount: string) => BigInt(Math.round(Number(amount) * 100));
  expect(answer.channelFees.reduce((total, row) => total + minor(row.total.amount), 0n)).toBe(sum(fees));
  expect(answer.channelFees.reduce((total, row) => total + row.lineCount, 0)).toBe(fees.length);
  expect(answer.channelFees).toEqual([
    { sku: 'A1', description: 'ItemFees / Commission', lineCount: 2, total: { amount: '-6.00' } },
    { sku: null, description: 'ItemFees / FBAPerUnitFulfillmentFee', lineCount: 1, total: { amount: '-1.20' } },
    { sku: null, description: '=HYPERLINK("http://x","y")', lineCount: 1, total: { amount: '-0.99' } },
  ]);
  expect(answer.reconciliationAging).toEqual([
    { reason: 'UNKNOWN_FEE', age: 'DAYS_0_TO_7', count: 1, total: { amount: '-0.99' } },
    { reason: 'AMOUNT_DIFFERENCE', age: 'DAYS_31_TO_60', count: 1, total: { amount: '-1.50' } },
  ]);
  const [completeness] = await query(database.knex, `select settlement.reconciliation_completeness('epoch') as ratio`);
  expect(completeness).toEqual({ ratio: 5 / LINES.length });
  const entity = `query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Order { proceeds { net { amount } fees { amount } settled { amount } margin { amount } } } } }`;
  const proceeds = await ask(subgraph, entity, { ids: ['M1-o1', 'M1-o2'].map((id) => ({ __typename: 'Order', id })) }, finance); // biome-ignore format: one thought
  const amounts = (net: string, kept: string, settled: string) => ({
    proceeds: { net: { amount: net }, fees: { amount: kept }, settled: { amount: settled }, margin: null },
  });
  expect(proceeds.data).toEqual({
    _entities: [amounts('20.00', '-4.20', '24.00'), amounts('20.00', '-3.99', '22.50')],
  });
});

it('lists what was refused, and finds the settlement by the name of it or of its payout', async () => {
  const subgraph = createSettlementSubgraph({ knex: database.knex });
  const finance = callerOf({ contract: 'finance', clientId: 'finance', channel: null });
  const answer = async (text: string) => (await ask(subgraph, text, {}, finance)).data;
  const refusals = (args: string) =>
    answer(`{ settlementRefusals(${args}) { nodes { channelCode format fileName code message lineNumber receivedBy refusedAt } pageInfo { hasNextPage endCursor } } }`); // biome-ignore format: one thought
  const refused = { channelCode: 'M1', format: 'CANONICAL_CSV', fileName: 'one.csv', code: 'TOTAL_MISMATCH', message: 'The total, of line 2.', lineNumber: 2, receivedBy: 'ann', refusedAt: '2026-11-18T00:00:00.000Z' }; // biome-ignore format: one thought
  const first = (await refusals('first: 1, filter: { channelCode: "M1" }')) as { settlementRefusals: { pageInfo: { endCursor: string } } }; // biome-ignore format: one thought
  expect(first).toEqual({ settlementRefusals: { nodes: [refused], pageInfo: { hasNextPage: false, endCursor: expect.any(String) } } }); // biome-ignore format: one thought
  const none = { settlementRefusals: { nodes: [] } };
  expect(await refusals(`first: 1, after: "${first.settlementRefusals.pageInfo.endCursor}"`)).toMatchObject(none);
  expect(await refusals('filter: { channelCode: "M2" }')).toMatchObject(none);
  expect(await refusals('filter: { refusedSince: "2026-11-19T00:00:00Z" }')).toMatchObject(none);
  const settlements = (filter: string) => answer(`{ settlements(filter: { ${filter} }) { nodes { externalId } } }`);
  const found = { settlements: { nodes: [{ externalId: 's-1' }] } };
  expect(await settlements('channelCode: "M1", externalId: "s-1"')).toEqual(found);
  await query(database.knex, `update settlement.payout set statement_id = (select id from settlement.statement where external_id = 's-1'), external_id = 'their-1' where id = 'p2'`); // biome-ignore format: one thought
  expect(await settlements('externalId: "their-1"')).toEqual(found);
  expect(await settlements('payoutId: "p2"')).toEqual(found);
  await query(database.knex, `update settlement.payout set statement_id = null, external_id = 's-1' where id = 'p2'`);
  expect(await settlements('payoutId: "p2"')).toEqual({ settlements: { nodes: [] } });
});

it('shows payouts with what was announced, carried forward and arrived, and money that is no payout', async () => {
  const subgraph = createSettlementSubgraph({ knex: database.knex });
  const finance = callerOf({ contract: 'finance', clientId: 'finance', channel: null });
  const fields = 'id state amount { amount } announced { amount } carriedForward { amount } carriedInto { id } receipt { id bookedOn amount { amount } } settlement { id } difference { amount } differenceParts { kind amount { amount } isCertain carriedFrom { id } exception { id } }'; // biome-ignore format: one thought
  const answer = async (text: string) => {
    const { data, errors } = await ask(subgraph, text, {}, finance);
    expect(errors).toBeUndefined();
    return data;
  };
  const owed = { id: 'p1', state: 'CARRIED_FORWARD', amount: { amount: '-5.00' }, announced: null, carriedForward: { amount: '0.00' }, carriedInto: { id: 'p2' }, receipt: null, settlement: null, difference: null, differenceParts: [] }; // biome-ignore format: one thought
  const paid = { id: 'p2', state: 'PAID', amount: { amount: '30.00' }, announced: { amount: '25.00' }, carriedForward: { amount: '-5.00' }, carriedInto: null, receipt: { id: 'b1', bookedOn: '2026-11-17', amount: { amount: '25.00' } }, settlement: null, difference: { amount: '-5.00' }, differenceParts: [{ kind: 'CARRIED_FORWARD', amount: { amount: '-5.00' }, isCertain: true, carriedFrom: { id: 'p1' }, exception: null }] }; // biome-ignore format: one thought
  const payouts = (args: string) =>
    answer(`{ payouts(${args}) { nodes { ${fields} } pageInfo { hasNextPage endCursor } } }`);
  const first = await payouts('first: 1');
  expect(first).toEqual({ payouts: { nodes: [paid], pageInfo: { hasNextPage: true, endCursor: expect.any(String) } } });
  const { endCursor } = (first as { payouts: { pageInfo: { endCursor: string } } }).payouts.pageInfo;
  expect(await payouts(`first: 1, after: "${endCursor}"`)).toMatchObject({ payouts: { nodes: [owed], pageInfo: { hasNextPage: false } } }); // biome-ignore format: one thought
  expect(await payouts('filter: { state: [CARRIED_FORWARD], channelCode: "M1" }')).toMatchObject({ payouts: { nodes: [owed] } }); // biome-ignore format: one thought
  const receipts = (filter: string) =>
    answer(`{ bankReceipts(filter: { ${filter} }) { nodes { id remittance payout { id } } } }`);
  expect(await receipts('matched: false')).toEqual({ bankReceipts: { nodes: [{ id: 'b2', remittance: '=A1, hello', payout: null }] } }); // biome-ignore format: one thought
  expect(await receipts('matched: true')).toEqual({ bankReceipts: { nodes: [{ id: 'b1', remittance: 'T1', payout: { id: 'p2' } }] } }); // biome-ignore format: one thought
});

it('shows what took the place of a difference, and what that one was', async () => {
  const [first, second] = (await query<{ id: string }>(database.knex, 'select id from settlement.difference order by id')).map(({ id }) => ({ id })); // biome-ignore format: one thought
  await query(database.knex, 'insert into settlement.difference_successor (difference_id, successor_id) values (?, ?)', [first?.id ?? '', second?.id ?? '']); // biome-ignore format: one thought
  const subgraph = createSettlementSubgraph({ knex: database.knex });
  const finance = callerOf({ contract: 'finance', clientId: 'finance', channel: null });
  const ids = [first, second].map((one) => ({ __typename: 'ReconciliationException', id: one?.id }));
  const text = 'query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on ReconciliationException { replaces { id } replacedBy { id } } } }'; // biome-ignore format: one thought
  expect((await ask(subgraph, text, { ids }, finance)).data).toEqual({
    _entities: [
      { replaces: [], replacedBy: [second] },
      { replaces: [first], replacedBy: [] },
    ],
  });
});

it('tells the margin of an order from what its goods cost when they were invoiced, less what came back, and null where that is not known', async () => {
  const erp = memoryFinanceSystem();
  const books = openBooks(database.knex, 'M2', {
    ...erp,
    post: async (request, signal) => {
      const posted = await erp.post(request, signal);
      return { ...posted, number: `M2-${posted.number}` };
    },
  });
  const [unknown, abroad, known] = [order(1), { ...order(2), currencyCode: 'EUR' }, order(3)];
  for (const sold of [unknown, abroad, known]) await books.place(sold);
  await books.invoice(unknown);
  erp.setUnitCost('A1', { amountMinor: 600n, currencyCode: 'GBP' });
  await books.invoice(abroad);
  await books.invoice(known);
  // What it costs later does not change what was earned.
  erp.setUnitCost('A1', { amountMinor: 900n, currencyCode: 'GBP' });
  const fee = [lineOf({ channelOrderId: '203-3-7', class: 'FEE', amountMinor: -120n, words: words('FBAPerUnitFulfillmentFee') })]; // biome-ignore format: one thought
  await storeReport(database.knex, reportOf('s-2', fee, { channelCode: 'M2' }), fee);
  await books.settle();
  const subgraph = createSettlementSubgraph({ knex: database.knex });
  const finance = callerOf({ contract: 'finance', clientId: 'finance', channel: null });
  const text = `query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Order { proceeds { net { amount } costOfGoods { amount } margin { amount currencyCode } } } } }`;
  const proceeds = async (...numbers: number[]) => {
    const ids = numbers.map((number) => ({ __typename: 'Order', id: `M2-o${number}` }));
    return ((await ask(subgraph, text, { ids }, finance)).data as { _entities: { proceeds: object }[] })._entities.map((one) => one.proceeds); // biome-ignore format: one thought
  };
  const nothing = { net: { amount: '20.00' }, costOfGoods: null, margin: null };
  expect(await proceeds(1, 2, 3)).toEqual([
    nothing,
    nothing,
    { net: { amount: '20.00' }, costOfGoods: { amount: '12.00' }, margin: { amount: '6.80', currencyCode: 'GBP' } },
  ]);
  erp.setUnitCost('A1', { amountMinor: 600n, currencyCode: 'GBP' });
  await books.credit(known, 'M2-o3:credit', new Map([['A1', 1]]));
  await books.settle();
  expect(await proceeds(3)).toEqual([
    { net: { amount: '10.00' }, costOfGoods: { amount: '6.00' }, margin: { amount: '2.80', currencyCode: 'GBP' } },
  ]);
});
