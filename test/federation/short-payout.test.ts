import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { projectFile } from '../../platform/paths.ts';
import { ingestReport } from '../../subgraphs/settlement/ingest/ingest.ts';
import { priceFact, productFact, variantFact } from '../contract/product-source.harness.ts';
import { openBooks } from '../helpers/settlement-books.ts';
import { canonicalFile, sourceOf } from '../helpers/settlement-files.ts';
import { callerOf } from '../helpers/subgraph.ts';
import { type SeededGraph, startSeededGraph } from './seeded-graph.ts';

let graph: SeededGraph;
beforeAll(async () => {
  graph = await startSeededGraph([productFact('P'), variantFact('A1', { productKey: 'P' }), priceFact('A1', 100)], {
    A1: { EAST: 4 },
  });
}, 60_000);
afterAll(() => graph.stop());

const signal = new AbortController().signal;
// biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
async function ask(document: string, variables: object = {}): Promise<any> {
  const snapshot = graph.runtime.snapshotFor('finance');
  if (!snapshot) throw new Error('no contract');
  const caller = callerOf({ contract: 'finance', clientId: 'finance', channel: null });
  const answer = await snapshot.executeWith(snapshot.planOperation(parse(document)), { variables: { ...variables }, caller, signal }); // biome-ignore format: one thought
  expect(answer.errors).toBeUndefined();
  return answer.data;
}
/** The first query stands in docs/settlement.md, the others are operations of the contract. */
const STATEMENTS = /ask dev-finance '(\{ settlements[\s\S]*?\})'\n/.exec(readFileSync(projectFile('docs', 'settlement.md'), 'utf8'))?.[1] ?? ''; // biome-ignore format: one thought
/** As a reader of the document puts in what the channel calls the settlement. */
const statementsOf = (externalId: string) => STATEMENTS.replace(/externalId: "[^"]*"/, `externalId: "${externalId}"`);
const contractDocument = (name: string) =>
  readFileSync(projectFile('schema', 'operations', 'finance', `${name}.graphql`), 'utf8');

it('answers in three queries why a payout is 312.40 short', async () => {
  await graph.knex.raw(
    `insert into integration.channel (code, kind, name, price_list, currency_code) values ('AMAZON', 'MARKETPLACE', 'Amazon', 'AMAZON', 'GBP') on conflict do nothing`,
  );
  const books = openBooks(graph.knex, 'AMAZON', undefined, ({ orderId }) => orderId);
  const placed: string[] = [];
  for (let number = 1; number <= 4; number++) placed.push((await graph.place(['A1'])).id);
  const orderOf = (number: number) => ({
    orderId: placed[number - 1] ?? '',
    channelOrderId: `203-000000${number}-1234567`,
    lines: [{ sku: 'A1', quantity: 1, netMinor: 50_000n, taxMinor: 10_000n }],
  });
  for (const number of [1, 2, 3, 4]) {
    await books.place(orderOf(number));
    await books.invoice(orderOf(number));
  }
  const line = (number: number, kind: string, amountMinor: number) => ({
    class: kind,
    amountMinor,
    orderId: orderOf(number).channelOrderId,
    ...(kind === 'FEE' ? {} : { sku: 'A1' }),
  });
  // Of 2400.00, one order is right, one is settled 200.00 short, one pays a fee that nobody knows, one is refunded 50.00 without our credit memo.
  const text = canonicalFile('stl-short', [
    line(1, 'SALE', 60_000),
    line(2, 'SALE', 40_000),
    line(3, 'SALE', 60_000),
    line(3, 'FEE', -6_240),
    line(4, 'SALE', 60_000),
    line(4, 'REFUND', -5_000),
  ]);
  expect(await ingestReport(graph.knex, sourceOf(text))).toMatchObject({ kind: 'INGESTED' });
  await books.settle();

  expect((await ask(statementsOf('another'))).settlements.nodes).toEqual([]);
  const { settlements } = await ask(statementsOf('stl-short'));
  expect(settlements.nodes).toEqual([
    {
      id: expect.any(String),
      externalId: 'stl-short',
      state: 'PARTIALLY_MATCHED',
      total: { amount: '2087.60', currencyCode: 'GBP' },
      totals: { sales: { amount: '2200.00' }, refunds: { amount: '-50.00' }, fees: { amount: '-62.40' }, other: { amount: '0.00' }, openDifferenceCount: 3, openDifference: { amount: '-312.40' } },
      payout: { state: 'SCHEDULED', amount: { amount: '2087.60' }, received: { amount: '0.00' }, difference: null, differenceParts: [] },
    },
  ]); // biome-ignore format: a table
  const [{ id }] = settlements.nodes;

  const open = await ask(contractDocument('OpenDifferences'), { first: 50, filter: { state: ['OPEN'], settlementId: id } }); // biome-ignore format: one thought
  const found = open.reconciliationExceptions.edges.map(({ node }: { node: Record<string, { amount: string } | null> }) => [node.reason, node.expected?.amount, node.actual?.amount, node.difference?.amount]); // biome-ignore format: one thought
  expect(found.sort()).toEqual([
    ['AMOUNT_DIFFERENCE', '600.00', '400.00', '-200.00'],
    ['LATE_REFUND', undefined, '-50.00', '-50.00'],
    ['UNKNOWN_FEE', undefined, '-62.40', '-62.40'],
  ]);
  const short = found.reduce(
    (sum: number, [, , , difference]: string[]) => sum + Math.round(Number(difference) * 100),
    0,
  );
  expect(short).toBe(-31_240);
  expect(short).toBe(208_760 - 4 * 60_000);

  const detail = await ask(contractDocument('SettlementDetail'), { id, first: 100, filter: { matchState: 'EXCEPTION' } }); // biome-ignore format: one thought
  expect(detail.settlement.lines.nodes).toEqual(
    [
      ['SALE', '400.00', 'AMOUNT_DIFFERENCE'],
      ['FEE', '-62.40', 'UNKNOWN_FEE'],
      ['REFUND', '-50.00', 'LATE_REFUND'],
    ].map(([description, amount, reason]) =>
      expect.objectContaining({ description, amount: { amount, currencyCode: 'GBP' }, exception: { id: expect.any(String), reason, state: 'OPEN' } }),
    ),
  ); // biome-ignore format: a table
  expect(detail.settlement.journalEntries).toHaveLength(4);
}, 60_000);
