import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { startTestTryton, type TestTryton } from '../../test/helpers/tryton.ts';
import { readVariants } from './catalogue.ts';
import { readChangeMark } from './change-marks.ts';
import { createTrytonClient, type TrytonClient } from './client.ts';
import { addWarehouse, countStock } from './server/warehouses.ts';
import { readOnHand, readSites } from './stock.ts';
import { moveBetween } from './stock-documents.ts';
import { changeDates, decimal, decimalText, flag, id } from './wire.ts';

const record = z.object({ id });
const lines = { lines: [['create', [{ formula: 'unit_price * 0.5' }]]] };

let server: TestTryton;
let world: Awaited<ReturnType<TestTryton['open']>>;
let tryton: TrytonClient;
beforeAll(async () => {
  server = await startTestTryton();
});
afterAll(() => server.stop());
beforeEach(async () => {
  world = await server.open();
  tryton = world.tryton;
});
afterEach(() => world.close());

/** What Tryton itself answers to a body, without this client. */
async function raw(body: object, authorization?: string) {
  const headers = { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) };
  const response = await fetch(`${server.server.url}/${world.database}/`, { method: 'POST', headers, body: JSON.stringify(body) }); // biome-ignore format: one thought
  return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() };
}
async function openRawSession(): Promise<string> {
  const { text } = await raw({ id: 1, method: 'common.db.login', params: ['admin', { password: server.password }, 'en'] }); // biome-ignore format: one thought
  const [user, key] = (JSON.parse(text) as { result: [number, string] }).result;
  return `Session ${Buffer.from(`admin:${user}:${key}`).toString('base64')}`;
}
/** Another client of the same database. */
const openWorldAgain = () => createTrytonClient({ baseUrl: server.server.url, database: world.database, user: 'admin', password: server.password, timeoutMillis: 120_000 }); // biome-ignore format: one thought

async function putProduct(code: string): Promise<{ product: number; template: number }> {
  const [unit] = await tryton.searchRead('product.uom', [['name', '=', 'Unit']], record, []);
  const [accounting] = await tryton.searchRead('product.category', [['accounting', '=', true]], record, []);
  const [template = 0] = await tryton.create('product.template', [
    { name: code, type: 'goods', default_uom: unit?.id, sale_uom: unit?.id, salable: true, list_price: decimal('120.00'), account_category: accounting?.id }, // biome-ignore format: one thought
  ]);
  const [product = 0] = await tryton.create('product.product', [{ template, suffix_code: code }]);
  return { product, template };
}

describe('the protocol of Tryton', () => {
  it('takes three keys, no more, and the context last', async () => {
    const session = await openRawSession();
    const call = { id: 1, method: 'model.party.party.search_count', params: [[], {}] };
    expect(JSON.parse((await raw(call, session)).text)).toEqual({ id: 1, result: 1 });
    const unknown = { ...call, method: 'model.party.party.read', params: [[1], ['nope'], {}] };
    expect((await raw(unknown, session)).status).toBe(200);
    const withVersion = await raw({ ...unknown, jsonrpc: '2.0' }, session);
    expect([withVersion.status, withVersion.type]).toEqual([500, expect.stringContaining('text/html')]);
    expect((await raw({ ...call, params: [[]] }, session)).text).toContain('Missing context argument');
    expect(await tryton.count('party.party', [])).toBe(1);
  });

  it('tells refusals under status 200; code and name of a warning are told on, texts are not', async () => {
    const user = await tryton.create('sale.sale', [{}]).catch((error: unknown) => error);
    expect(user).toMatchObject({ code: 'SYSTEM_REJECTED', details: { system: 'Tryton', systemCode: 'USER_ERROR' } });
    const program = await tryton
      .searchRead('party.party', [], record, ['secret-field'])
      .catch((error: unknown) => error);
    expect(program).toMatchObject({ code: 'SYSTEM_REJECTED', details: { systemCode: 'UNEXPECTED' } });
    expect(JSON.stringify([user, program, String(program)])).not.toContain('secret-field');
  });

  it('opens a new session when the old one has ended, once for all who need it', async () => {
    await tryton.count('party.party', []);
    // A new password, be it the old one, ends sessions as idle time does.
    const { user } = await tryton.identity();
    await tryton.write('res.user', [user], { password: server.password });
    const before = tryton.statistics().exchanges;
    const counts = await Promise.all([1, 2, 3].map(() => tryton.count('party.party', [])));
    expect(counts).toEqual([1, 1, 1]);
    // Three that are turned away, one login, its preferences, three that are answered.
    expect(tryton.statistics().exchanges - before).toBe(8);
  });

  it('takes a session that ends while requests are served for what it is, and no call for done or not done that may be either', async () => {
    const reader = openWorldAgain();
    const writer = openWorldAgain();
    const { user } = await tryton.identity();
    let known = await tryton.count('product.category', []);
    for (let round = 0; round < 3; round += 1) {
      let over = false;
      const read = async () => {
        for (; !over; ) await reader.count('party.party', []);
      };
      const write = async () => {
        for (; !over; ) {
          const made = await writer.create('product.category', [{ name: 'Made' }]).catch((error: unknown) => error);
          if (Array.isArray(made)) known += 1;
          else expect(made).toMatchObject({ code: 'SYSTEM_UNAVAILABLE', details: { reason: 'session-ended' } });
        }
      };
      const all = Promise.all([read(), read(), read(), write(), write()]);
      await pause(500);
      await tryton.write('res.user', [user], { password: server.password });
      await pause(500);
      over = true;
      await all;
    }
    // What was answered was done; what was not known was done or not.
    expect(await tryton.count('product.category', [])).toBeGreaterThanOrEqual(known);
    await Promise.all([reader.close(), writer.close()]);
  });

  it('tries no login for a while after one was refused: each makes the next slower', async () => {
    const wrong = createTrytonClient({ baseUrl: server.server.url, database: world.database, user: 'admin', password: 'wrong', timeoutMillis: 120_000 }); // biome-ignore format: one thought
    const refusal = { code: 'SYSTEM_REJECTED', details: { systemCode: 'LOGIN_REFUSED' } };
    await expect(wrong.count('party.party', [])).rejects.toMatchObject(refusal);
    const exchanges = wrong.statistics().exchanges;
    await expect(wrong.count('party.party', [])).rejects.toMatchObject(refusal);
    expect(wrong.statistics().exchanges).toBe(exchanges);
    await wrong.close();
  });

  it('says nothing when a button may not be pressed: only the state tells', async () => {
    const [sale = 0] = await tryton.create('sale.sale', [{ party: 1, currency: 1, invoice_method: 'order', shipment_method: 'order' }]); // biome-ignore format: one thought
    const state = async () => (await tryton.searchRead('sale.sale', [['id', '=', sale]], z.object({ state: z.string() }), ['state']))[0]?.state; // biome-ignore format: one thought
    await tryton.press('sale.sale', 'cancel', [sale]);
    expect(await state()).toBe('cancelled');
    expect(await tryton.press('sale.sale', 'quote', [sale])).toBeNull();
    expect(await state()).toBe('cancelled');
  });

  it('takes a reference twice: who creates has to look first', async () => {
    const sale = { party: 1, currency: 1, invoice_method: 'order', shipment_method: 'order', reference: 'ord_1' };
    const made = await tryton.create('sale.sale', [sale, sale]);
    expect(await tryton.count('sale.sale', [['reference', '=', 'ord_1']])).toBe(made.length);
    expect(made).toHaveLength(2);
  });

  it('hides what is out of use, has no date before the first change, and amounts of any scale', async () => {
    const { product, template } = await putProduct('A1');
    const row = z.object({ id, active: flag, ...changeDates });
    const fields = ['active', 'create_date', 'write_date'];
    const [list = 0] = await tryton.create('product.price_list', [{ name: 'HALF', ...lines }]);
    const [fresh] = await tryton.searchRead('product.price_list', [], row, fields);
    expect(fresh).toMatchObject({ id: list, active: true, write_date: null, create_date: expect.any(Date) });
    const [priced] = await tryton.searchRead('product.product', [], z.object({ sale_price_uom: decimalText }), ['sale_price_uom'], { context: { price_list: list, quantity: 1 } }); // biome-ignore format: one thought
    expect(priced?.sale_price_uom).toMatch(/^60\.00+$/);

    // A list price is its template's: the variant does not know that it costs something else.
    const marks = () =>
      Promise.all(['product.product', 'product.template'].map((model) => readChangeMark(tryton, [model])));
    const [variants, templates] = await marks();
    await tryton.write('product.template', [template], { list_price: decimal('125') });
    const [sameVariants, otherTemplates] = await marks();
    expect(sameVariants).toBe(variants);
    expect(otherTemplates).not.toBe(templates);

    expect(await readVariants(tryton)).toHaveLength(1);
    await tryton.write('product.product', [product], { active: false });
    expect(await readVariants(tryton)).toEqual([]);
    expect(await tryton.searchRead('product.product', [['active', 'in', [true, false]]], row, fields)).toMatchObject([{ active: false, write_date: expect.any(Date) }]); // biome-ignore format: one thought
  });
});

describe('a Tryton that does not answer', () => {
  it('is waited for no longer than the budget while it is frozen, and is there again afterwards, with its sessions', async () => {
    const impatient = createTrytonClient({ baseUrl: server.server.url, database: world.database, user: 'admin', password: server.password, timeoutMillis: 60_000 }); // biome-ignore format: one thought
    await impatient.count('party.party', []);
    process.kill(server.server.pid, 'SIGSTOP');
    const hurried = new AbortController();
    try {
      const asked = impatient.count('party.party', [], { signal: hurried.signal });
      setTimeout(() => hurried.abort(), 200);
      await expect(asked).rejects.toMatchObject({ code: 'REQUEST_ABORTED' });
    } finally {
      process.kill(server.server.pid, 'SIGCONT');
    }
    expect(await impatient.count('party.party', [])).toBe(1);
    await impatient.close();
  });
});

describe('what warehouses do there', () => {
  it('ships nothing that was not assigned, although it would', async () => {
    const { product } = await putProduct('B1');
    const warehouse = await addWarehouse(tryton, { code: 'EAST', name: 'East' });
    const site = (await readSites(tryton)).find(({ code }) => code === 'EAST');
    if (!site) throw new Error('no site');
    await countStock(tryton, warehouse, [{ product, quantity: 3 }]);
    const onHand = async () => Object.fromEntries(await readOnHand(tryton, site));
    const move = (reference: string, delta: number) => moveBetween(tryton, { reference, site, sku: 'B1', delta }, {});
    expect(await move('too-much', -4)).toBe('not-enough');
    expect(await onHand()).toEqual({ B1: 3 });
    const first = await move('some', -2);
    expect(await move('some', -2)).toEqual(first);
    expect(await onHand()).toEqual({ B1: 1 });
    expect(await move('unknown', 1)).toEqual(expect.objectContaining({ moves: [expect.any(Number)] }));
    expect(await moveBetween(tryton, { reference: 'x', site, sku: 'NOPE', delta: 1 }, {})).toBe('unknown-product');
  });
});
