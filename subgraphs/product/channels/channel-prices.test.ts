import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '../../../events/port.ts';
import type { Submission } from '../../../platform/channel-facts/channel.ts';
import { query } from '../../../platform/db/query.ts';
import { money } from '../../../platform/money.ts';
import { stockCatalogue } from '../../../test/helpers/catalogue.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { createExceptionDesk, loadOwnership } from '../../operations/index.ts';
import type { ItemPrice } from '../port.ts';
import { createChannelPrices } from './channel-prices.ts';
import { type PriceRules, whyHeld } from './judge.ts';

const { signal } = new AbortController();
const RULES: PriceRules = { least: '0.50', most: '900.00', largestChangePercent: 50, requires: ['TITLE'] };
let database: TestDatabase;
let code: string;
let number = 0;
let shown: Map<string, ItemPrice>;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment']);
  await stockCatalogue(database.knex, [
    { sku: 'LAMP', title: 'Lamp', prices: { LIST: { GBP: 1_000, USD: 7 } } },
    { sku: 'DEAR', title: 'Dear', prices: { LIST: { GBP: 1_000_000 } } },
    { sku: 'NAMELESS', title: '', prices: { LIST: { GBP: 500 } } },
    { sku: 'MISNUMBERED', title: 'Misnumbered', prices: { LIST: { GBP: 500 } } },
    { sku: 'OTHER', title: 'Other', prices: { WEB: { GBP: 500 } } },
  ]);
  await query(database.knex, "update product.variant set gtin = '4006381333932' where sku = 'MISNUMBERED'");
  await query(database.knex, "update product.variant set gtin = '4006381333931' where sku = 'LAMP'");
});
afterAll(() => database.drop());
beforeEach(async () => {
  code = `MARKET${++number}`;
  shown = new Map();
  await query(database.knex, "update product.price set amount_minor = 1000 where source_key = 'LAMP:LIST:GBP'");
  await query(database.knex, `insert into integration.channel (code, name, kind, price_list, currency_code, safety_stock) values (?, 'Market', 'MARKETPLACE', 'LIST', 'GBP', 0)`, [code]); // biome-ignore format: one statement
});

function telling(rules: Partial<PriceRules> = {}) {
  const desk = createExceptionDesk({ knex: database.knex, owners: loadOwnership() });
  const channel = {
    ways: [{ name: 'update', most: 100, burst: 100, perSecond: 100 }] as const,
    async tell({ items }: Submission<ItemPrice>) {
      for (const { item, value } of items) shown.set(item, value);
      return { kind: 'ENDED' as const, outcomes: items.map(({ item }) => ({ item, outcome: 'APPLIED' as const })) };
    },
    outcomeOf: async () => null,
    known: null,
  };
  const settings = { ...RULES, compareHours: 6, ...rules };
  return createChannelPrices({ knex: database.knex, channels: new Map([[code, { channel, settings }]]), report: desk.raiseIn, settle: desk.resolveIn, onFailure: () => undefined }); // biome-ignore format: one thought
}
async function changed(prices: ReturnType<typeof telling>, ...skus: string[]): Promise<number> {
  await prices.consumption.handler({ type: 'product-changed.v1', occurredAt: new Date().toISOString(), data: { productId: 'p', skus } } as unknown as StoredEvent<'product-changed.v1'>, signal); // biome-ignore format: one event
  return prices.teller.sendDue(code, signal);
}
const costs = (minor: number) => query(database.knex, "update product.price set amount_minor = ? where source_key = 'LAMP:LIST:GBP'", [minor]); // biome-ignore format: one statement
const held = () =>
  query<{ key: string; state: string; message: string }>(database.knex, "select key, state, message from integration.exception where channel_code = ? order by key, opened_at", [code]); // biome-ignore format: one statement

describe('what a channel is told of prices', () => {
  it('is what its price list asks in its currency; what is wrong is held back with the reason, and the rest goes', async () => {
    const prices = telling();
    expect(await changed(prices, 'LAMP', 'DEAR', 'NAMELESS', 'MISNUMBERED', 'OTHER')).toBe(1);
    expect(Object.fromEntries(shown)).toEqual({ LAMP: { amount: '10.00', currencyCode: 'GBP' } });
    expect(
      (await held()).map(({ key, message }) => [key, /: (?<why>it[^.]*(?:\.\d+[^.]*)*)\./.exec(message)?.groups?.why]),
    ).toEqual([
      [`held-price:${code}:DEAR`, 'its price of 10000.00 is above 900.00'],
      [`held-price:${code}:MISNUMBERED`, 'its GTIN is no such number: the digits or the check digit are wrong'],
      [`held-price:${code}:NAMELESS`, 'it has no title'],
    ]);
    // The same again is not told again, and nobody is told twice.
    expect(await changed(prices, 'LAMP', 'DEAR')).toBe(0);
    expect(await held()).toHaveLength(3);
  });

  it('is held back when it changes too much, the channel keeps the old one, and goes when it is right again', async () => {
    const prices = telling();
    await changed(prices, 'LAMP');
    await costs(1_501);
    expect(await changed(prices, 'LAMP')).toBe(0);
    expect(shown.get('LAMP')?.amount).toBe('10.00');
    expect(await held()).toMatchObject([{ state: 'OPEN', message: expect.stringContaining('goes from 10.00 to 15.01, by more than 50 %') }]); // biome-ignore format: one thought
    await costs(1_500);
    expect(await changed(prices, 'LAMP')).toBe(1);
    expect(shown.get('LAMP')?.amount).toBe('15.00');
    expect(await held()).toMatchObject([{ state: 'RESOLVED' }]);
  });

  it('begins and ends with the dates of a price, without an event', async () => {
    const prices = telling();
    await changed(prices, 'LAMP');
    await query(database.knex, `insert into product.price (source_key, variant_id, price_list, currency_code, kind, min_quantity, valid_from, valid_to, amount_minor, tax_included, tax_basis_points)
      values (?, 'var_LAMP', 'LIST', 'GBP', 'SELLING', 1, now() - interval '1 second', now() + interval '1 hour', 800, true, 2000)`, [`sale-${code}`]); // biome-ignore format: one statement
    await prices.noteTurned(new Date(Date.now() - 60_000), new Date(Date.now() + 1_000));
    expect(await prices.teller.sendDue(code, signal)).toBe(1);
    expect(shown.get('LAMP')?.amount).toBe('8.00');
    await query(database.knex, 'delete from product.price where source_key = ?', [`sale-${code}`]);
  });

  it('is told again as a whole to a channel that cannot be asked, and what nobody changed is noted then', async () => {
    const prices = telling();
    expect(await prices.teller.compareDue(code, signal)).toBe(true);
    expect(await prices.teller.sendDue(code, signal)).toBe(1);
    expect(shown.get('LAMP')).toEqual({ amount: '10.00', currencyCode: 'GBP' });
    shown.clear();
    await query(database.knex, "update integration.channel_comparison set due_at = '-infinity'");
    await prices.teller.compareDue(code, signal);
    expect(await prices.teller.sendDue(code, signal)).toBe(1);
    expect(shown.get('LAMP')).toEqual({ amount: '10.00', currencyCode: 'GBP' });
  });

  it('is refused by rules in another form than the currency has', async () => {
    await expect(changed(telling({ least: '0.505' }), 'LAMP')).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  });
});

describe('what is held back', () => {
  const item = { sku: 'A', title: 'A', gtin: '00012345600012', price: money(1_000n, 'GBP') };
  const rules: PriceRules = { ...RULES, requires: ['TITLE', 'GTIN'] };
  it.each([
    ['nothing is wrong', {}, null, null],
    ['the price is zero', { price: money(0n, 'GBP') }, null, 'its price is 0.00'],
    ['the price is below the least', { price: money(49n, 'GBP') }, null, 'its price of 0.49 is below 0.50'],
    ['the currency changed', {}, money(1_000n, 'USD'), 'its price is in GBP, and was told in USD'],
    ['a GTIN is missing', { gtin: null }, null, 'it has no GTIN'],
    ['a GTIN has a wrong length', { gtin: '123456789' }, null, 'its GTIN is no such number: the digits or the check digit are wrong'],
    ['the price fell by half', { price: money(500n, 'GBP') }, money(1_000n, 'GBP'), null],
    ['the price fell by more', { price: money(499n, 'GBP') }, money(1_000n, 'GBP'), 'its price goes from 10.00 to 4.99, by more than 50 %'],
  ])('%s', (_, changes, told, why) => {
    expect(whyHeld({ ...item, ...changes }, rules, told)).toBe(why);
  }); // biome-ignore format: a table
});
