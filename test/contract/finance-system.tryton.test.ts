import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { trytonFinanceSystem } from '../../subgraphs/settlement/adapters/tryton.ts';
import { trytonFinanceAudit } from '../../subgraphs/settlement/adapters/tryton-audit.ts';
import { trytonFinanceFeeds } from '../../subgraphs/settlement/adapters/tryton-feeds.ts';
import type { DocumentRequest } from '../../subgraphs/settlement/port.ts';
import type { TrytonClient } from '../../systems/tryton/client.ts';
import { TRYTON_PROFILE } from '../../systems/tryton/profile.ts';
import { decimal, id } from '../../systems/tryton/wire.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { startTestTryton, type TestTryton } from '../helpers/tryton.ts';
import { financeAuditContract } from './finance-audit.contract.ts';
import { financeSystemContract } from './finance-system.contract.ts';

const { signal } = new AbortController();
const record = z.object({ id });

let server: TestTryton;
beforeAll(async () => {
  server = await startTestTryton();
});
afterAll(() => server.stop());

async function putGoods(tryton: TrytonClient): Promise<number[]> {
  const [unit] = await tryton.searchRead('product.uom', [['name', '=', 'Unit']], record, []);
  const goods = { type: 'goods', default_uom: unit?.id, sale_uom: unit?.id, salable: true, list_price: decimal('1') };
  const products: number[] = [];
  for (const code of ['A1', 'A2']) {
    const [template = 0] = await tryton.create('product.template', [{ ...goods, name: code }]);
    products.push(...(await tryton.create('product.product', [{ template, suffix_code: code }])));
  }
  return products;
}

/** Tryton's books with the goods A1 and A2, of which it knows no costs. */
async function startBooks() {
  const { tryton, made: products, close } = await server.open({ name: 'books', put: putGoods });
  const database = await createTestDatabase(['integration']);
  const feeds = trytonFinanceFeeds(tryton, openObservedJournal(database.knex, 'tryton'), { lookEveryMillis: 0 });
  const finance = trytonFinanceSystem(tryton, feeds, { receivable: '1200', revenue: '8400', outputTax: '1776' });
  const period = async (name: string) => (await tryton.searchRead('account.period', [['name', '=', name]], record, [])).map((one) => one.id); // biome-ignore format: one thought
  return {
    tryton,
    finance,
    audit: trytonFinanceAudit(tryton, feeds, finance),
    setPeriod: async (name: string, state: 'OPEN' | 'CLOSED') => tryton.press('account.period', state === 'OPEN' ? 'reopen' : 'close', await period(name)), // biome-ignore format: one thought
    setCost: (amount: string) => tryton.write('product.product', products.slice(0, 1), { cost_price: decimal(amount) }),
    async stop() {
      await close();
      await database.drop();
    },
  };
}

financeSystemContract('Tryton', startBooks, TRYTON_PROFILE);
financeAuditContract('Tryton', startBooks);

describe('books of Tryton', () => {
  let books: Awaited<ReturnType<typeof startBooks>>;
  beforeAll(async () => {
    books = await startBooks();
  });
  afterAll(() => books.stop());

  const requestOf = (key: string): DocumentRequest => ({ key, kind: 'INVOICE', account: 'C-1', orderNumber: '100001', currencyCode: 'GBP', lines: [{ lineId: 'l', sku: 'A1', quantity: 1, netMinor: 500n, taxMinor: 100n }] }); // biome-ignore format: one thought
  const clearingOf = (number: string) => ({ key: `${number}:clear`, number, currencyCode: 'GBP', amountMinor: 600n, accounts: [{ account: '1460', amountMinor: 600n }] }); // biome-ignore format: one thought
  const invoice = z.object({ id, state: z.string(), party: id });
  const invoices = (domain: readonly unknown[]) => books.tryton.searchRead('account.invoice', domain, invoice, ['state', 'party']); // biome-ignore format: one thought
  const statusOf = async (number: string) => (await books.finance.documentChanges(0, 0, signal)).entries.find((one) => one.number === number)?.status; // biome-ignore format: one thought
  const balances = async (number: string) => {
    const { entries } = await books.finance.postings(0, 0, signal);
    const sums = new Map<string, bigint>();
    for (const { account, side, amountMinor } of entries.filter((one) => one.documentNumber === number).flatMap(({ lines }) => lines)) sums.set(account, (sums.get(account) ?? 0n) + (side === 'DEBIT' ? amountMinor : -amountMinor)); // biome-ignore format: one thought
    return Object.fromEntries(sums);
  };

  it('get no second document where the first attempt broke off, and name no buyer', async () => {
    const { number } = await books.finance.post(requestOf('a'), signal);
    const [first] = await invoices([['number', '=', number]]);
    // What requests leave whose answers were lost: drafts under the same reference.
    for (const _ of [1, 2]) {
      const [copy] = await books.tryton.call('model.account.invoice.copy', [[first?.id], {}], z.array(id), { repeatable: false });
      await books.tryton.write('account.invoice', [copy ?? 0], { reference: 'b' });
    } // biome-ignore format: one thought
    const [one, two] = await Promise.all([books.finance.post(requestOf('b'), signal), books.finance.post(requestOf('b'), signal)]); // biome-ignore format: one thought
    expect(one.number).toBe(two.number);
    expect(await invoices([['reference', '=', 'b']])).toHaveLength(1);
    // And one that was written late, after the other was posted: nobody could close the month with it.
    const [late] = await books.tryton.call('model.account.invoice.copy', [[first?.id], {}], z.array(id), { repeatable: false }); // biome-ignore format: one thought
    await books.tryton.write('account.invoice', [late ?? 0], { reference: 'b' });
    expect((await books.finance.post(requestOf('b'), signal)).number).toBe(one.number);
    expect(await invoices([['reference', '=', 'b']])).toHaveLength(1);
    const party = z.object({ name: z.string() });
    expect(await books.tryton.searchRead('party.party', [['id', '=', first?.party]], party, ['name'])).toEqual([{ name: 'Customers of the commerce graph' }]); // biome-ignore format: one thought
  });

  it('are told apart when staff cancel an invoice, and nothing is cleared to it', async () => {
    const { number } = await books.finance.post(requestOf('c'), signal);
    await books.tryton.press('account.invoice', 'cancel', (await invoices([['number', '=', number]])).map((one) => one.id)); // biome-ignore format: one thought
    expect(await statusOf(number)).toBe('CANCELLED');
    expect(await balances(number)).toEqual({ '1200': 0n, '8400': 0n, '1776': 0n });
    await expect(books.finance.clear(clearingOf(number), signal)).rejects.toMatchObject({ details: { systemCode: 'DOCUMENT_CANCELLED' } }); // biome-ignore format: one thought
    // Asked for again, it is what it is.
    expect(await books.finance.post(requestOf('c'), signal)).toMatchObject({ number, status: 'CANCELLED' });
  });

  it('go on with a clearing that broke off between posting and settling', async () => {
    const { number } = await books.finance.post(requestOf('d'), signal);
    await books.finance.clear(clearingOf(number), signal);
    const settled = await books.tryton.searchRead('account.move.reconciliation', [['lines.move.number', '=', `${number}:clear`]], record, []); // biome-ignore format: one thought
    const clearings = [['number', '=', `${number}:clear`]];
    const [move] = await books.tryton.searchRead('account.move', clearings, record, []);
    const [late] = await books.tryton.call('model.account.move.copy', [[move?.id], { number: `${number}:clear` }], z.array(id), { repeatable: false }); // biome-ignore format: one thought
    expect(await books.tryton.count('account.move', clearings)).toBe(late === undefined ? 0 : 2);
    await books.tryton.remove('account.move.reconciliation', settled.map((one) => one.id)); // biome-ignore format: one thought
    expect(await statusOf(number)).toBe('POSTED');
    expect(await books.finance.clear(clearingOf(number), signal)).toBe(true);
    expect(await books.tryton.count('account.move', clearings)).toBe(1);
    expect(await statusOf(number)).toBe('PAID');
    expect(await balances(number)).toEqual({ '1200': 0n, '8400': -500n, '1776': -100n, '1460': 600n });
  });

  it('say what is to be done where a document was paid by hand, or cannot be posted', async () => {
    const { number } = await books.finance.post(requestOf('e'), signal);
    await books.finance.clear(clearingOf(number), signal);
    await expect(books.finance.clear({ ...clearingOf(number), key: 'other' }, signal)).rejects.toMatchObject({ details: { systemCode: 'ALREADY_PAID' } }); // biome-ignore format: one thought
    const [line] = requestOf('f').lines;
    const unknown = { ...requestOf('f'), lines: [{ ...(line as DocumentRequest['lines'][number]), sku: 'NOPE' }] };
    await expect(books.finance.post(unknown, signal)).rejects.toThrow('no product with the code NOPE');
    expect(await books.finance.clear({ ...clearingOf('INV-0'), key: 'none' }, signal)).toBe(false);
    expect(await invoices([['reference', '=', 'f']])).toEqual([]);
  });
});
