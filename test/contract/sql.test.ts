import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { sqlOrderDesk } from '../../subgraphs/order/adapters/sql.ts';
import { sqlProductSource } from '../../subgraphs/product/adapters/sql.ts';
import { createSqlClient, type SqlClient } from '../../systems/sql/client.ts';
import type { SqlMapping } from '../../systems/sql/mapping.ts';
import { profileOfMapping } from '../../systems/sql/profile.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { createLegacyErp, emptyLegacyErp, legacyMapping } from '../helpers/legacy-erp.ts';
import { orderDeskContract } from './order-desk.contract.ts';
import { productSourceContract } from './product-source.contract.ts';
import { startSqlWorld } from './product-source.sql-world.ts';

let database: TestDatabase;
let sql: SqlClient;
let worlds = 0;
const mapping: SqlMapping = { ...legacyMapping(), lookEveryMillis: 0, readAllEveryMillis: 0 };

beforeAll(async () => {
  database = await createTestDatabase(['integration']);
  await createLegacyErp(database.knex, 'postgresql');
  sql = createSqlClient('legacy', { address: database.url, dialect: 'postgresql', user: null, password: null, timeoutMillis: 60_000 }); // biome-ignore format: one thought
});
afterAll(async () => {
  await sql.close();
  await database.drop();
});

const journal = () => {
  worlds += 1;
  return openObservedJournal(database.knex, `legacy${worlds}`);
};

productSourceContract(
  'SQL on PostgreSQL',
  async () => startSqlWorld(database.knex, sql, journal(), mapping, () => emptyLegacyErp(database.knex)),
  profileOfMapping(mapping),
);

const target = () => {
  if (!mapping.orders) throw new Error('the mapping has no orders');
  return mapping.orders;
};

orderDeskContract(
  'SQL on PostgreSQL',
  async () => ({ desk: sqlOrderDesk(sql, target(), mapping), stop: () => emptyLegacyErp(database.knex) }),
  profileOfMapping(mapping),
);

describe('an order that is handed over', () => {
  const signal = new AbortController().signal;
  const order = { orderId: 'ord_9', number: '9', channelCode: 'WEB', channelOrderId: null, currencyCode: 'GBP', lines: [{ lineId: 'l1', sku: 'A', quantity: 2, unitPrice: '3.39' }], destination: null }; // biome-ignore format: one thought

  it('is written once with its lines, whoever hands it over at the same time', async () => {
    const desk = sqlOrderDesk(sql, target(), mapping);
    const given = await Promise.all(Array.from({ length: 8 }, () => desk.register(order, signal)));
    expect(new Set(given.map(({ deskNumber }) => deskNumber)).size).toBe(1);
    expect(await database.knex('legacy.order_in_line').select('ext_ref', 'line_ref', 'sku', 'qty', 'price')).toEqual([{ ext_ref: 'ord_9', line_ref: 'l1', sku: 'A', qty: 2, price: '3.390' }]); // biome-ignore format: one thought
    await emptyLegacyErp(database.knex);
  });

  it('leaves nothing behind when its lines are refused', async () => {
    const desk = sqlOrderDesk(sql, target(), mapping);
    const long = { ...order, lines: [{ lineId: 'l1', sku: 'A'.repeat(21), quantity: 2, unitPrice: '3.39' }] };
    await expect(desk.register(long, signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED', details: { systemCode: '22001' } }); // biome-ignore format: one thought
    expect(await desk.find('ord_9', signal)).toBeNull();
  });

  it('is handed to a procedure, and has no number until the system has taken it', async () => {
    await database.knex.raw(`create procedure legacy.take_order(reference text, lines text) language plpgsql as $$
      begin
        if exists (select from legacy.order_in where ext_ref = reference) then return; end if;
        insert into legacy.order_in (ext_ref, taken_at) values (reference, null);
        insert into legacy.order_in_line (ext_ref, line_ref, sku, qty)
        select reference, line->>'line', line->>'sku', (line->>'quantity')::integer from json_array_elements(lines::json) as line;
      end $$`);
    const register = { procedure: 'legacy.take_order', parameters: ['reference', 'lines'] };
    const desk = sqlOrderDesk(sql, { ...target(), register, shipment: null }, mapping);
    expect(await desk.register(order, signal)).toEqual({ deskNumber: expect.any(String), acknowledgedAt: null });
    await desk.register(order, signal);
    expect(await database.knex('legacy.order_in_line').select('line_ref', 'qty')).toEqual([{ line_ref: 'l1', qty: 2 }]); // biome-ignore format: one thought
    const notice = { noticeId: 'n', orderId: 'ord_9', lines: [{ lineId: 'l1', quantity: 1 }], packages: [] };
    await expect(desk.confirmShipment(notice, signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
  });
});

describe('a look at what changed', () => {
  const NEVER = new AbortController().signal;
  const often: SqlMapping = { ...mapping, readAllEveryMillis: 3_600_000 };
  const article = (art_no: string, minutesAgo: number, more = {}) => ({ art_no, style_no: 'S1', sku: art_no, descr: art_no, chg: new Date(Date.now() - minutesAgo * 60_000), ...more }); // biome-ignore format: one thought
  let source: ReturnType<typeof sqlProductSource>;
  const news = async (stream = 'variants') => {
    const { entries } = await source.changesAfter(stream, position, { limit: 100, waitSeconds: 0, signal: NEVER });
    position += entries.length;
    return entries.map((entry) => [entry.kind, entry.key]);
  };
  let position = 0;

  beforeEach(async () => {
    await emptyLegacyErp(database.knex);
    position = 0;
    source = sqlProductSource(sql, journal(), 'legacy', often);
  });

  it('finds what changed since, with an overlap for transactions that ended late, and reads nothing older', async () => {
    await database.knex('legacy.article').insert([article('A', 0), article('B', 60)]);
    expect(await news()).toEqual([['variant', 'legacy:A'], ['variant', 'legacy:B']]); // biome-ignore format: one thought
    await database.knex('legacy.article').insert([article('LATE', 9), article('TOO-LATE', 30)]);
    await database.knex('legacy.article').where('art_no', 'A').update({ status: 'X', chg: new Date() });
    expect(await news()).toEqual([['variantRemoved', 'legacy:A'], ['variant', 'legacy:LATE']]); // biome-ignore format: one thought
    await database.knex('legacy.article').where('art_no', 'B').delete();
    expect(await news()).toEqual([]);
    // The next process begins with everything, as every tenth minute does: what was missed is found, what is gone is told.
    const { name } = source;
    source = sqlProductSource(sql, openObservedJournal(database.knex, `legacy${worlds}`), name, often);
    expect(await news()).toEqual([['variant', 'legacy:TOO-LATE'], ['variantRemoved', 'legacy:B']]); // biome-ignore format: one thought
  });

  it('reads every row once, however many pages there are', async () => {
    const all = Array.from({ length: 2_101 }, (_, index) => article(`N${String(index).padStart(5, '0')}`, 1));
    await database.knex.batchInsert('legacy.article', all, 500);
    const { entries } = await source.changesAfter('variants', 0, { limit: 5_000, waitSeconds: 0, signal: NEVER });
    expect(entries.map(({ key }) => key)).toEqual(all.map(({ art_no }) => `legacy:${art_no}`));
  });

  it('sets a price aside whose unit or code nobody translated, and tells the others', async () => {
    const price = { art_no: 'A', list_cd: 'WEB', amount: '12.00', curr: 'GBP', per_qty: 1, unit: 'DZ', from_qty: 1, vat_cd: 'S', is_former: 'N', gross: 'Y', chg: new Date() }; // biome-ignore format: one thought
    await database.knex('legacy.price_cond').insert([
      { ...price, cond_no: 'P1' },
      { ...price, cond_no: 'P2', unit: 'BX' },
      { ...price, cond_no: 'P3', vat_cd: '?' },
      { ...price, cond_no: 'P4', per_qty: 0 },
    ]);
    const { entries } = await source.changesAfter('prices', 0, { limit: 10, waitSeconds: 0, signal: NEVER });
    expect(entries).toMatchObject([
      { kind: 'price', key: 'legacy:P1', amountMinor: 100n, minQuantity: 12, taxBasisPoints: 2000 },
      { kind: 'rejected', record: 'price', key: 'legacy:P2', reason: 'NO_TRANSLATION' },
      { kind: 'rejected', record: 'price', key: 'legacy:P3', reason: 'NO_TRANSLATION' },
      { kind: 'rejected', record: 'price', key: 'legacy:P4', reason: 'PRICE_INVALID' },
    ]);
  });
});
