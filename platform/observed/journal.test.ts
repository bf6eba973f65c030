import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { type ObservedJournal, openObservedJournal } from './journal.ts';

let database: TestDatabase;
let journal: ObservedJournal;
beforeAll(async () => {
  database = await createTestDatabase(['integration']);
  journal = openObservedJournal(database.knex, 'shop');
});
afterAll(() => database.drop());

const gone = (key: string) => ({ gone: key });
const see = async (stream: string, seen: Record<string, unknown>, look = journal.begin(stream)) =>
  (await look).settleAll<unknown>(new Map(Object.entries(seen)), gone);
const changes = async (stream: string, after = 0) =>
  (await journal.read(stream, after, 100)).map(({ position, key, body }) => [position, key, body]);

describe('the journal of what was observed', () => {
  it('numbers what is new, different or gone, and nothing else', async () => {
    await see('goods', { a: { price: 1 }, b: { price: 2, title: 'B' } });
    await see('goods', { a: { price: 1 }, b: { title: 'B', price: 2 } });
    expect(await changes('goods')).toEqual([[1, 'a', { price: 1 }], [2, 'b', { price: 2, title: 'B' }]]); // biome-ignore format: one thought
    await see('goods', { b: { price: 3 }, c: {} });
    expect(await changes('goods', 2)).toEqual([[3, 'b', { price: 3 }], [4, 'c', {}], [5, 'a', { gone: 'a' }]]); // biome-ignore format: one thought
    await see('goods', { b: { price: 3 }, c: {} });
    await see('goods', { a: { price: 1 }, b: { price: 3 }, c: {} });
    expect(await changes('goods', 5)).toEqual([[6, 'a', { price: 1 }]]);
    expect(await journal.head('goods')).toBe(6);
    expect(await journal.head('nothing')).toBe(0);
  });

  it('does not take what was seen by a look that began before one that was taken', async () => {
    const early = journal.begin('prices');
    await early;
    await see('prices', { a: 2 });
    expect(await see('prices', { a: 1 }, early)).toBe(false);
    expect(await changes('prices')).toEqual([[1, 'a', 2]]);
  });

  it('gives each change one number, whoever writes at the same time, and shows none before a lower one', async () => {
    const writers = Array.from({ length: 12 }, (_, index) =>
      journal.write('ledger', async ({ find, put }) => {
        const [last] = await find<number>('balance', ['x']);
        const balance = (last?.body ?? 0) + 1;
        await put('balance', new Map([['x', balance]]));
        return put('ledger', new Map([[`booking ${index}`, { balance }]]));
      }),
    );
    expect((await Promise.all(writers)).sort((a, b) => a - b)).toEqual(writers.map((_, index) => index + 1));
    expect((await changes('ledger')).map(([position, , body]) => [position, body])).toEqual(
      writers.map((_, index) => [index + 1, { balance: index + 1 }]),
    );
  });

  it('keeps systems apart', async () => {
    const other = openObservedJournal(database.knex, 'other');
    await (await other.begin('goods')).settleAll<unknown>(new Map([['a', 'theirs']]), gone);
    expect((await other.read('goods', 0, 10)).map(({ position }) => position)).toEqual([1]);
    expect((await journal.find('goods', ['a'])).map(({ body }) => body)).toEqual([{ price: 1 }]);
  });
});
