import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { CommerceError } from '../../platform/errors.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { ask, callerOf } from '../../test/helpers/subgraph.ts';
import { type MemoryStockSource, memoryStockSource } from './adapters/memory.ts';
import { createFeedReader } from './feed-reader.ts';
import { createInventorySubgraph } from './index.ts';
import { at, commit, differences, emptyStock, position } from './sample-stock.ts';

let database: TestDatabase;
let knex: Knex;
let source: MemoryStockSource;
const { signal } = new AbortController();

beforeAll(async () => {
  database = await createTestDatabase(['inventory', 'integration']);
  knex = database.knex;
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptyStock(knex);
  await query(knex, 'truncate integration.idempotency_key');
  source = memoryStockSource({
    sites: [{ code: 'EAST', name: 'East', kind: 'WAREHOUSE' }],
    skus: ['BOLT', 'NUT'],
    stock: [{ siteCode: 'EAST', sku: 'BOLT', onHand: 10 }],
  });
  await readFeed();
});

function readFeed() {
  const unexpected = async () => {
    throw new Error('nothing is missing or rejected here');
  };
  return createFeedReader({ knex, source, name: 'wms', onRejected: unexpected, onGap: unexpected }).readNext(0, signal);
}

const ADJUST = `mutation($input: InventoryAdjustInput!) { inventoryAdjust(input: $input) {
  position { id location { code } onHand reserved committed available asOf } userErrors { code field } } }`;

const warehouse = callerOf({ contract: 'warehouse', clientId: 'warehouse-key', channel: null });
let keys = 0;

async function adjust(input: Record<string, unknown>, caller = warehouse) {
  const answer = await ask(
    createInventorySubgraph({ knex, source }),
    ADJUST,
    { input: { idempotencyKey: `k${++keys}`, sku: 'BOLT', locationId: at('EAST'), reason: 'CORRECTION', ...input } },
    caller,
  );
  return { ...answer, payload: answer.data?.inventoryAdjust };
}
const refusal = (code: string, ...field: string[]) => ({
  position: null,
  userErrors: [{ code, field: ['input', ...field] }],
});
const head = async () => (await source.changes(0, { limit: 1, waitSeconds: 0 }, signal)).head;

describe('inventoryAdjust', () => {
  it('books a difference in the warehouse and shows it at once; the feed then changes nothing', async () => {
    await commit(knex, 'o1', [['BOLT', 3]]);
    expect((await adjust({ delta: 24, reason: 'RECEIPT' })).payload).toEqual({
      position: {
        id: expect.stringMatching(/^pos_/),
        location: { code: 'EAST' },
        onHand: 34,
        reserved: 0,
        committed: 3,
        available: 31,
        asOf: expect.any(String),
      },
      userErrors: [],
    });
    expect(await readFeed()).toBe(1);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([34, 0, 3, 31]);
    expect(await query(knex, "select kind, on_hand_delta from inventory.movement where kind <> 'ALLOCATION'")).toEqual([
      { kind: 'SNAPSHOT', on_hand_delta: 10 },
      { kind: 'ADJUSTMENT', on_hand_delta: 24 },
    ]);
    expect(await differences(knex)).toEqual([]);
  });

  it('books a count, also below what is committed, and of a SKU that was never there', async () => {
    await commit(knex, 'o1', [['BOLT', 3]]);
    expect((await adjust({ setTo: 2, reason: 'CYCLE_COUNT' })).payload).toMatchObject({
      position: { onHand: 2, committed: 3, available: 0 },
    });
    expect((await adjust({ setTo: 7, sku: 'NUT' })).payload).toMatchObject({ position: { onHand: 7, available: 7 } });
  });

  it('is refused when the position moved since the count', async () => {
    expect((await adjust({ delta: 1 })).payload).toMatchObject({ userErrors: [] }); // booking 2
    const asked = jest.spyOn(source, 'adjust');
    expect((await adjust({ setTo: 117, sourceSequence: '1' })).payload).toEqual(
      refusal('STALE_SEQUENCE', 'sourceSequence'),
    );
    expect(asked).not.toHaveBeenCalled();
    expect((await adjust({ setTo: 117, sourceSequence: '2' })).payload).toMatchObject({ position: { onHand: 117 } });
    asked.mockRestore();
  });

  it('is refused by the warehouse when it moved there and we have not heard yet', async () => {
    source.issue({ siteCode: 'EAST', sku: 'BOLT', quantity: 1, reference: 'till', lineRef: '1' }); // booking 2, unread
    expect((await adjust({ setTo: 117, sourceSequence: '1' })).payload).toEqual(
      refusal('STALE_SEQUENCE', 'sourceSequence'),
    );
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 0, 10]);
  });

  it.each<[Record<string, unknown>, ReturnType<typeof refusal>]>([
    [{ delta: -11 }, refusal('NEGATIVE_STOCK')],
    [{ setTo: -1 }, refusal('NEGATIVE_STOCK', 'setTo')],
    [{ delta: 1, sku: 'NOPE' }, refusal('UNKNOWN_SKU', 'sku')],
    [{ delta: 1, locationId: 'loc_nowhere' }, refusal('UNKNOWN_LOCATION', 'locationId')],
    [{}, refusal('INVALID_INPUT', 'delta')],
    [{ delta: 1, setTo: 1 }, refusal('INVALID_INPUT', 'delta')],
    [{ delta: 0 }, refusal('INVALID_INPUT', 'delta')],
    [{ delta: -1, reason: 'RECEIPT' }, refusal('INVALID_INPUT', 'delta')],
    [{ delta: 1_000_001 }, refusal('INVALID_INPUT', 'delta')],
    [{ setTo: 100_000_001 }, refusal('INVALID_INPUT', 'setTo')],
    [{ setTo: 1, sourceSequence: 'x' }, refusal('INVALID_INPUT', 'sourceSequence')],
    [{ setTo: 1, sourceSequence: '9'.repeat(30) }, refusal('INVALID_INPUT', 'sourceSequence')],
  ])('refuses %j and books nothing', async (input, expected) => {
    expect((await adjust(input)).payload).toEqual(expected);
    expect(await head()).toBe(1);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 0, 10]);
  });

  it.each(['sku', 'locationId'])('refuses a %s that no database holds, and books nothing', async (field) => {
    const { errors } = await adjust({ delta: 1, [field]: '\0' });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: `input.${field}` });
    expect(await head()).toBe(1);
  });

  it('books once per key and client, and answers the repetition without asking the warehouse', async () => {
    const input = { idempotencyKey: 'same', delta: 5 };
    const first = await adjust(input);
    const asked = jest.spyOn(source, 'adjust');
    const again = await adjust(input);
    expect(again.payload).toEqual(first.payload);
    expect([again.extensions, asked.mock.calls.length]).toEqual([{ idempotentReplay: true }, 0]);
    expect((await adjust({ ...input, delta: 6 })).payload).toEqual(refusal('IDEMPOTENCY_CONFLICT', 'idempotencyKey'));
    asked.mockRestore();
    expect(await head()).toBe(2);
    await adjust(input, { ...warehouse, clientId: 'partner-key' });
    expect(await head()).toBe(3);
  });

  it('books once though the first attempt lost the answer', async () => {
    const lost = {
      ...source,
      adjust: async (...args: Parameters<typeof source.adjust>) => {
        await source.adjust(...args);
        throw new CommerceError('SYSTEM_TIMEOUT', 'WMS did not answer within 800 ms');
      },
    };
    const input = { idempotencyKey: 'lost', sku: 'BOLT', locationId: at('EAST'), reason: 'CORRECTION', delta: 5 };
    const failed = await ask(createInventorySubgraph({ knex, source: lost }), ADJUST, { input }, warehouse);
    expect(failed.errors?.[0]?.extensions.code).toBe('SYSTEM_TIMEOUT');
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([10, 0, 0, 10]);
    expect((await adjust(input)).payload).toMatchObject({ position: { onHand: 15 }, userErrors: [] });
    expect(await head()).toBe(2);
  });

  it('locks no stock while the warehouse is asked', async () => {
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const slow = {
      ...source,
      adjust: async (...args: Parameters<typeof source.adjust>) => {
        await asked;
        return source.adjust(...args);
      },
    };
    const input = { idempotencyKey: 'slow', sku: 'BOLT', locationId: at('EAST'), reason: 'CORRECTION', delta: 5 };
    const running = ask(createInventorySubgraph({ knex, source: slow }), ADJUST, { input }, warehouse);
    expect((await commit(knex, 'o1', [['BOLT', 10]]))[0]?.[0]).toBe('ALLOCATED');
    answer();
    expect((await running).data?.inventoryAdjust).toMatchObject({ position: { onHand: 15, committed: 10 } });
  });
});
