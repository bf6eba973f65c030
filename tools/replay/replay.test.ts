import { beforeEach, describe, expect, it } from '@jest/globals';
import type { OrderLine } from '../../systems/sample-data/order-lines.ts';
import { ShopInMemory } from '../../test/helpers/shop-in-memory.ts';
import { renderAccount } from './account.ts';
import { PlatformSilent } from './api.ts';
import { createProgress } from './progress.ts';
import { type Replayed, replay } from './replay.ts';

const silent = createProgress({ write: () => true });

const run = (shop: ShopInMemory, lines: readonly OrderLine[], stallMillis = 1_000): Promise<Replayed> =>
  replay(lines, { shop, progress: silent, width: 3, pauseMillis: 0, stallMillis });

const account = ({ outcomes, orders }: Replayed) => renderAccount(outcomes.all(), orders);

const outcomesOf = ({ outcomes }: Replayed) =>
  outcomes
    .all()
    .map(({ line, outcome }) => [
      line.lineNo,
      outcome.kind === 'done' ? outcome.deed : outcome.kind === 'refused' ? outcome.code : outcome.why,
    ]);

let lineNo: number;
beforeEach(() => {
  lineNo = 1;
});

/** The next line of the file: six lanterns for customer 1 on the given invoice, unless told otherwise. */
function line(invoiceNo: string, change: Partial<OrderLine> = {}): OrderLine {
  lineNo += 1;
  return {
    lineNo,
    invoiceNo,
    stockCode: '71053',
    description: 'WHITE METAL LANTERN',
    quantity: 6,
    invoiceDate: '2010-12-01T08:26:00Z',
    unitPricePence: 339,
    customerId: '1',
    country: 'United Kingdom',
    ...change,
  };
}

const voucher = { customerId: '', unitPricePence: 0, description: '' };

/** One of everything that the real file holds. */
function smallFile(): OrderLine[] {
  return [
    line('500001'),
    line('500001', { stockCode: 'POST' }),
    line('500001', { stockCode: '85123a', quantity: 40 }),
    line('500002', { ...voucher, quantity: 5 }),
    line('500003', { ...voucher, quantity: -3 }),
    line('500004', { ...voucher, quantity: -9_000 }),
    line('500005', { customerId: '2', country: 'EIRE' }),
    line('500005', { customerId: '2', country: 'EIRE', stockCode: '21134' }),
    line('C500006', { quantity: -2 }),
    line('C500006', { quantity: -3 }),
    line('C500007', { customerId: '2', quantity: -6 }),
    line('C500007', { customerId: '2', stockCode: '21134', quantity: -6 }),
    line('C500008', { customerId: '9', quantity: -1 }),
  ];
}

/** The articles that the shop has, and how the orders fare: 500005 is with a node before anybody can cancel it. */
function smallShop(): ShopInMemory {
  return new ShopInMemory({ stock: { main: { '71053': 10, '85123A': 1 }, second: { '71053': 1 } }, quick: ['500005'] });
}

describe('a replay', () => {
  it('settles every line and leaves the shop with what the file says', async () => {
    const shop = smallShop();
    const replayed = await run(shop, smallFile());
    expect(outcomesOf(replayed)).toEqual([
      [2, 'ORDERED'],
      [3, 'NOT_GOODS'],
      [4, 'ORDERED'],
      [5, 'STOCK_FOUND'],
      [6, 'WRITTEN_OFF'],
      [7, 'NOT_IN_STOCK'],
      [8, 'ORDERED'],
      [9, 'NOT_IN_CATALOGUE'],
      [10, 'CANCELLED'],
      [11, 'CANCELLED'],
      [12, 'RETURNED'],
      [13, 'PURCHASE_REFUSED'],
      [14, 'NO_EARLIER_PURCHASE'],
    ]);
    expect([...replayed.orders]).toEqual([['DELIVERED', 2]]);
    expect(shop.placed()).toEqual({
      '500001': { customerId: '1', countryCode: 'GB', lines: [['2', '71053', 6, '3.39'], ['4', '85123A', 40, '3.39']], cancelled: 5, returned: 0 },
      '500005': { customerId: '2', countryCode: 'IE', lines: [['8', '71053', 6, '3.39']], cancelled: 0, returned: 6 },
    }); // biome-ignore format: a table
    // 10 + 5 found − 3 written off − 12 sold + 5 cancelled + 6 returned; 85123A: 41 received for the 40 and the 2 withheld.
    expect(shop.stockAt('main')).toEqual({ '71053': 13, '85123A': 2 });
  });

  it('changes nothing when it is repeated, and ends with the same account', async () => {
    const shop = smallShop();
    const lines = smallFile();
    const first = await run(shop, lines);
    const effects = shop.effects;
    const second = await run(shop, lines);
    expect(shop.effects).toBe(effects);
    expect(account(second)).toBe(account(first));
    expect(account(first)).toContain('8 done + 5 refused + 0 open = 13 lines');
  });

  it('goes on after it was stopped at any call, before or after the platform did its part', async () => {
    const lines = smallFile();
    const whole = smallShop();
    const wanted = account(await run(whole, lines));
    expect(whole.calls).toBeGreaterThan(20);
    for (let call = 1; call <= whole.calls; call += 1) {
      for (const moment of ['before', 'after'] as const) {
        const shop = smallShop();
        shop.stop = { call, moment };
        await expect(run(shop, lines)).rejects.toThrow(PlatformSilent);
        shop.stop = null;
        expect(account(await run(shop, lines))).toBe(wanted);
        expect(shop.placed()).toEqual(whole.placed());
        expect(shop.stockAt('main')).toEqual(whole.stockAt('main'));
      }
    }
  });

  it('does not receive stock for orders that are placed already', async () => {
    const shop = smallShop();
    const lines = smallFile();
    await run(shop, lines);
    const before = shop.stockAt('main');
    await run(shop, [...lines, line('500009', { quantity: 20 })]);
    expect(shop.stockAt('main')).toEqual({ ...before, '71053': 2 });
  });
});

describe('the platform', () => {
  it('may sell our stock to others in between: more is received', async () => {
    const shop = smallShop();
    shop.onPlace = () => shop.sellEverything();
    expect(outcomesOf(await run(shop, [line('500001'), line('500001')]))).toEqual([
      [2, 'ORDERED'],
      [3, 'ORDERED'],
    ]);
  });

  it('may refuse one line: the rest is ordered', async () => {
    const shop = smallShop();
    shop.refuseLines.add('3');
    const replayed = await run(shop, [line('500001'), line('500001'), line('500001')]);
    expect(outcomesOf(replayed)).toEqual([[2, 'ORDERED'], [3, 'PLATFORM_REFUSED'], [4, 'ORDERED']]); // biome-ignore format: a table
    expect(account(replayed)).toContain('INVALID_QUANTITY: not these');
    expect(
      account(
        await run(
          shop,
          replayed.outcomes.all().map((entry) => entry.line),
        ),
      ),
    ).toBe(account(replayed));
  });

  it('may refuse the whole order', async () => {
    const shop = smallShop();
    shop.refuseOrders.add('500001');
    const replayed = await run(shop, [line('500001'), line('500001'), line('C500002', { quantity: -1 })]);
    expect(outcomesOf(replayed).map(([, what]) => what)).toEqual([
      'PLATFORM_REFUSED',
      'PLATFORM_REFUSED',
      'PURCHASE_REFUSED',
    ]);
  });

  it('may have an order of this number with other lines: only what it has counts', async () => {
    const shop = smallShop();
    const lines = [line('500001'), line('500001', { stockCode: '85123A' })];
    await run(shop, lines.slice(0, 1));
    const replayed = await run(shop, lines);
    expect(outcomesOf(replayed)).toEqual([[2, 'ORDERED'], [3, 'PLATFORM_REFUSED']]); // biome-ignore format: a table
    expect(account(replayed)).toContain('DUPLICATE_CHANNEL_ORDER');
  });

  it('may hold another amount: the lines stay open', async () => {
    const shop = smallShop();
    shop.wrongBy = 1;
    expect(outcomesOf(await run(shop, [line('500001')]))).toEqual([
      [2, 'the order comes to 2035 pence instead of 2034'],
    ]);
  });

  it('may reject an order afterwards', async () => {
    const shop = smallShop();
    shop.endsAs.set('500001', 'REJECTED');
    expect(outcomesOf(await run(shop, [line('500001')]))).toEqual([[2, 'PLATFORM_REFUSED']]);
  });

  it('may never deliver: the lines and their return stay open, and the wait ends', async () => {
    const shop = smallShop();
    shop.endsAs.set('500005', 'SHIPPED');
    const replayed = await run(shop, [line('500005'), line('C500006', { quantity: -1 })], 20);
    expect(outcomesOf(replayed)).toEqual([
      [2, 'the order is SHIPPED, not delivered yet'],
      [3, 'the goods to return are not delivered yet: SHIPPED'],
    ]);
    shop.endsAs.delete('500005');
    expect(outcomesOf(await run(shop, replayed.outcomes.all().map((entry) => entry.line)))).toEqual([
      [2, 'ORDERED'],
      [3, 'RETURNED'],
    ]); // biome-ignore format: a table
  });
});
