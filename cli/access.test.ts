import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { createAuthenticate } from '../gateway/access/authenticate.ts';
import { query } from '../platform/db/query.ts';
import { stockCatalogue } from '../test/helpers/catalogue.ts';
import { createTestDatabase, type TestDatabase } from '../test/helpers/database.ts';
import { commands } from './commands.ts';
import { runCommandLine } from './run.ts';

let database: TestDatabase;
const before = process.env.DATABASE_URL;
beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment', 'settlement']);
  process.env.DATABASE_URL = database.url;
  await database.knex.raw(`
    insert into product.listed_price (price_list, currency_code, product_id, amount_minor)
    values ('WEB', 'GBP', 'p1', 100)`);
});
afterAll(async () => {
  if (before === undefined) delete process.env.DATABASE_URL;
  else process.env.DATABASE_URL = before;
  await database.drop();
});

let out: string[];
let notes: string[];
beforeEach(() => {
  out = [];
  notes = [];
});
const run = (...words: string[]) =>
  runCommandLine(commands, words, {
    out: (line) => void out.push(line),
    note: (line) => void notes.push(line),
    style: (_, text) => text,
  });
const said = () => [...out, ...notes].join('\n');
const NOWHERE = ['--url', 'http://127.0.0.1:9'];

it('adds a channel that can be used at once, and shows its key once and alone', async () => {
  const code = await run(
    'channel',
    'add',
    'WEB-FR',
    '--kind',
    'storefront',
    '--price-list',
    'WEB',
    '--safety-stock',
    '2',
    ...NOWHERE,
  );
  expect({ code, said: said() }).toEqual({ code: 0, said: expect.stringContaining('No gateway answers') });
  expect(out).toEqual([expect.stringMatching(/^csk_[0-9a-f]{10}_/)]);
  const key = out[0] ?? '';
  expect(notes.join('\n')).not.toContain(key);
  const authenticate = createAuthenticate({ knex: database.knex, production: true });
  expect((await authenticate({ 'x-api-key': key }, 't')).caller).toMatchObject({
    contract: 'storefront',
    clientId: 'web-fr',
    channel: { code: 'WEB-FR', kind: 'STOREFRONT', priceList: 'WEB', currencyCode: 'GBP', safetyStock: 2 },
    scopes: ['customer-data:read'],
  });
  const rows = await query<{ text: string }>(database.knex, 'select k::text as text from integration.api_key k');
  expect(rows.some(({ text }) => text.includes(key.slice(16)))).toBe(false);
});

it('is told which of our SKUs a marketplace means, and refuses one that nobody knows', async () => {
  await stockCatalogue(database.knex, [{ sku: 'MAPPED-SKU', title: 'Mapped', prices: {} }]);
  await query(database.knex, "insert into integration.channel (code, name, kind, price_list, currency_code, safety_stock) values ('MAPPED', 'Market', 'MARKETPLACE', 'WEB', 'GBP', 0)"); // biome-ignore format: one statement
  expect(await run('channel', 'map', 'MAPPED', 'WM-1', 'NOTHING')).toBe(1);
  expect(said()).toContain('There is no SKU NOTHING in the catalogue');
  expect(await run('channel', 'map', 'WEB-FR', 'WM-1', 'MAPPED-SKU')).toBe(1);
  expect(await run('channel', 'map', 'MAPPED', 'WM-1', 'MAPPED-SKU')).toBe(0);
  const rows = await query(database.knex, "select channel_sku as theirs, sku from orders.channel_sku where channel_code = 'MAPPED'"); // biome-ignore format: one statement
  expect(rows).toEqual([{ theirs: 'WM-1', sku: 'MAPPED-SKU' }]);
});

it('refuses a channel that there is, and changes nothing', async () => {
  expect(await run('channel', 'add', 'WEB-FR', '--kind', 'marketplace', '--price-list', 'WEB', ...NOWHERE)).toBe(1);
  expect(said()).toContain('There is a channel WEB-FR already');
  expect(await run('key', 'list', '--json')).toBe(0);
  expect(out).toHaveLength(1);
});

it('says clearly when the price list is not in the catalogue, and creates nothing', async () => {
  expect(await run('channel', 'add', 'EBAY', '--kind', 'marketplace', ...NOWHERE)).toBe(1);
  expect(said()).toContain('The catalogue has no price list EBAY in GBP');
  expect(said()).toContain('WEB in GBP (1 products)');
  expect(await query(database.knex, "select 1 from integration.channel where code = 'EBAY'")).toEqual([]);
  expect(await run('channel', 'add', 'EBAY', '--kind', 'marketplace', '--without-prices', ...NOWHERE)).toBe(0);
});

it('creates, lists and revokes keys', async () => {
  expect(await run('key', 'create', '--client', 'auditor', '--contract', 'operations', '--no-scopes')).toBe(0);
  const [key = ''] = out;
  const authenticate = createAuthenticate({ knex: database.knex, production: true });
  expect((await authenticate({ 'x-api-key': key }, 't')).caller).toMatchObject({ clientId: 'auditor', scopes: [] });
  expect(await run('key', 'list')).toBe(0);
  expect(out.join('\n')).toContain(`${key.slice(0, 14)}  auditor  operations  back office  no scopes`);
  expect(out.slice(1).join('\n')).not.toContain(key);
  expect(await run('key', 'revoke', key)).toBe(0);
  const later = createAuthenticate({ knex: database.knex, production: true });
  await expect(later({ 'x-api-key': key }, 't')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(await run('key', 'revoke', key)).toBe(1);
});

it.each([
  [['key', 'create', '--client', 'x', '--contract', 'storefront'], 2, 'needs a channel'],
  [['key', 'create', '--client', 'x', '--contract', 'storefront', '--channel', 'GONE'], 1, 'There is no channel GONE'],
  [['key', 'create', '--client', 'x', '--contract', 'nothing'], 2, 'There is no contract nothing'],
  [['key', 'create', '--client', 'x', '--contract', 'finance', '--scope', 'all'], 2, 'There is no scope all'],
  [['channel', 'add', 'web fr', '--kind', 'storefront'], 2, 'A channel code is'],
  [['channel', 'add', 'WEB-DE', '--kind', 'storefront', '--safety-stock', 'few'], 2, '--safety-stock'],
])('%j ends with %i', async (words, code, text) => {
  expect(await run(...words)).toBe(code);
  expect(said()).toContain(text);
});

it('says that nothing was recorded yet rather than write an empty export', async () => {
  expect(await run('schema', 'usage', 'export', '--output', '-')).toBe(1);
  expect(said()).toContain('No gateway has recorded usage');
});

it.each([
  ['--safety-stock', '-3', 'units from 0'],
  ['--safety-stock', '1.5', 'units from 0'],
  ['--acknowledgement-hours', '0', 'hours from 1'],
])('says what %s takes when it is given %s', async (option, value, expected) => {
  const code = await run('channel', 'add', 'NO', '--kind', 'storefront', option, value, '--without-prices');
  expect({ code, said: said() }).toEqual({ code: 2, said: expect.stringContaining(`${option} takes ${expected}`) });
});
