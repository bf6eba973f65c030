import { afterEach, describe, expect, it } from '@jest/globals';
import { type MiraklWorld, startMirakl } from '../../test/helpers/mirakl.ts';
import { readCsv, writeCsv } from './csv.ts';
import { list, workOn } from './simulator/offers.ts';
import { buy } from './simulator/shop.ts';

const { signal } = new AbortController();
let world: MiraklWorld;
afterEach(() => world.stop());

async function all<Entry>(pages: AsyncIterable<readonly Entry[]>): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}
const sell = (...ids: string[]) => {
  for (const id of ids) buy(world.shop, id, [{ sku: 'A', quantity: 1, price: 10 }]);
};

describe("Mirakl's orders", () => {
  it('are read over all pages, and none is missed when one that was told changes meanwhile', async () => {
    world = await startMirakl();
    sell('1', '2', '3', '4', '5');
    const found: string[] = [];
    for await (const page of world.client.changedOrders(new Date(0), signal)) {
      found.push(...page.map((order) => (order as { order_id: string }).order_id));
      const [first] = world.shop.orders.values();
      if (first) first.updatedAt = new Date();
    }
    expect(found).toEqual(['1', '2', '3', '4', '5']);
    expect(world.mirakl.answers).toEqual({ '200 OR11': 3 });
  });

  it('are refused for a wrong key, which is not told to anybody', async () => {
    world = await startMirakl({}, { apiKey: 'wrong-secret' });
    const refusal = await all(world.client.changedOrders(new Date(0), signal)).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'SYSTEM_REJECTED', details: { status: 401 } });
    expect(JSON.stringify(refusal)).not.toMatch(/wrong-secret/);
  });

  it('that it does not know are a refusal, one that it tells in another shape is not taken', async () => {
    world = await startMirakl();
    await expect(world.client.order('9', signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED', details: { systemCode: 'ORDER_NOT_FOUND' } }); // biome-ignore format: one thought
    sell('1');
    Object.assign(world.shop.orders.get('1')?.head ?? {}, { currency_iso_code: 978 });
    await expect(world.client.order('1', signal)).rejects.toMatchObject({ code: 'SYSTEM_BAD_RESPONSE' });
  });
});

describe('a message to Mirakl', () => {
  it('that was not answered is not sent again by itself', async () => {
    world = await startMirakl();
    sell('1');
    world.mirakl.loseAnswers(1);
    await expect(world.client.answer('1', [{ id: '1-1', accepted: true }], signal)).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' }); // biome-ignore format: one thought
    expect(world.mirakl.answers['204 OR21']).toBe(1);
    expect(world.shop.orders.get('1')?.lines[0]?.state).toBe('SHIPPING');
  });

  it('with one wrong entry is refused as a whole', async () => {
    world = await startMirakl();
    buy(world.shop, '1', [{ sku: 'A', quantity: 1, price: 10 }, { sku: 'B', quantity: 1, price: 10 }]); // biome-ignore format: one thought
    await expect(world.client.answer('1', [{ id: '1-1', accepted: true }, { id: 'no', accepted: true }], signal)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED', details: { status: 400 } }); // biome-ignore format: one thought
    expect(world.shop.orders.get('1')?.lines.map(({ state }) => state)).toEqual(['WAITING_ACCEPTANCE', 'WAITING_ACCEPTANCE']); // biome-ignore format: one thought
  });
});

describe('an import', () => {
  const rows = [['offer-sku', 'quantity', 'update-delete'], ['A;1', '3', 'update'], ['No"ne', '4', 'update']]; // biome-ignore format: a table

  it('is accepted before it is applied, and says then what it did not apply', async () => {
    world = await startMirakl();
    list(world.offers, ['A;1']);
    world.offers.works = false;
    const id = await world.client.startImport('stock', rows, signal);
    expect(await world.client.importOutcome('stock', id, signal)).toBeNull();
    expect(world.offers.offers.get('A;1')?.quantity).toBe(0);
    workOn(world.offers, id);
    expect(await world.client.importOutcome('stock', id, signal)).toEqual({ refused: new Map([['No"ne', 'THE_OFFER_DOES_NOT_EXIST']]) }); // biome-ignore format: one thought
    expect(world.offers.offers.get('A;1')?.quantity).toBe(3);
  });

  it('that failed applied nothing, and a state that nobody knows is not guessed at', async () => {
    world = await startMirakl();
    const id = await world.client.startImport('pricing', [['offer-sku', 'price']], signal);
    const found = world.offers.imports.get(id) as unknown as { status: string };
    found.status = 'FAILED';
    expect(await world.client.importOutcome('pricing', id, signal)).toEqual({ refused: null });
    found.status = 'MELTED';
    await expect(world.client.importOutcome('pricing', id, signal)).rejects.toMatchObject({ code: 'SYSTEM_BAD_RESPONSE' }); // biome-ignore format: one thought
  });

  it('is asked for no more often than is published, however often anybody wants to know', async () => {
    let now = 0;
    const published = { stockStatus: { burst: 1, perSecond: 1 / 15 }, pricingStatus: { burst: 1, perSecond: 1 / 60 }, report: { burst: 1, perSecond: 1 / 60 } }; // biome-ignore format: one thought
    world = await startMirakl({}, { rates: published, now: () => now });
    world.offers.works = false;
    const id = await world.client.startImport('stock', rows, signal);
    const ask = () => world.client.importOutcome('stock', id, signal);
    for (; now < 120_000 && (await ask()) === null; now += 1_000) if (now === 59_000) workOn(world.offers, id);
    // At 0, 15, 30, 45 and 60 s.
    expect(now).toBe(60_000);
    expect(world.mirakl.answers).toMatchObject({ '200 STO02': 5, '200 STO03': 1 });
  });
});

describe('a file with semicolons', () => {
  it('leads there and back, whatever is in its fields', async () => {
    world = await startMirakl();
    const rows = [['a', 'b;"c"'], ['', 'two\nlines'], ['last', '']]; // biome-ignore format: a table
    expect(readCsv(writeCsv(rows))).toEqual(rows);
    expect(readCsv('\uFEFFoffer-sku;quantity\r\n1;2;\r\n\r\n')).toEqual([['offer-sku', 'quantity'], ['1', '2', '']]); // biome-ignore format: one thought
    expect(() => readCsv('"open')).toThrow();
  });
});
