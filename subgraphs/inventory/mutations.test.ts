import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import type { Caller } from '../../platform/caller.ts';
import type { Subgraph } from '../../platform/graphql/subgraph.ts';
import { createTestDatabase, type TestDatabase } from '../../test/helpers/database.ts';
import { ask, askEntities, callerOf, webChannel } from '../../test/helpers/subgraph.ts';
import { memoryStockSource } from './adapters/memory.ts';
import { createInventorySubgraph } from './index.ts';
import { at, commit, differences, emptyStock, letExpire, position, stockUp } from './sample-stock.ts';

let database: TestDatabase;
let knex: Knex;
let subgraph: Subgraph;

beforeAll(async () => {
  database = await createTestDatabase(['inventory', 'integration']);
  knex = database.knex;
  subgraph = createInventorySubgraph({ knex, source: memoryStockSource({ sites: [], skus: [], stock: [] }) });
});
afterAll(() => database.drop());
beforeEach(() => emptyStock(knex));

const withSafetyStock = (safetyStock: number): Caller => callerOf({ channel: { ...webChannel, safetyStock } });

describe('reservations', () => {
  const HOLD = `mutation($input: ReservationHoldInput!) { reservationHold(input: $input) {
    reservation { id state expiresAt lines { sku quantity variant { sku } } } userErrors { code message field sku availableQuantity } } }`;
  const RELEASE = `mutation($id: ID!) { reservationRelease(reservationId: $id) { reservation { id state } userErrors { code field } } }`;
  const EXTEND = `mutation($id: ID!, $input: ReservationExtendInput!) { reservationExtend(reservationId: $id, input: $input) {
    reservation { state expiresAt } userErrors { code field } } }`;

  interface HoldAnswer {
    reservation: { id: string; state: string; expiresAt: string } | null;
    userErrors: { code: string; sku: string | null; field: string[]; availableQuantity: number | null }[];
  }
  let keys = 0;
  const newKey = () => `key-${++keys}`;

  async function holdCart(input: Record<string, unknown>, caller: Caller = callerOf()) {
    const answer = await ask(subgraph, HOLD, { input: { idempotencyKey: newKey(), ...input } }, caller);
    return { ...answer, payload: answer.data?.reservationHold as HoldAnswer };
  }

  it('keep a cart for ten minutes unless told otherwise', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 }, NUT: { EAST: 5 } });
    const { payload } = await holdCart({
      lines: [
        { sku: 'NUT', quantity: 1 },
        { sku: 'BOLT', quantity: 2 },
        { sku: 'BOLT', quantity: 1 },
      ],
    });
    expect(payload).toEqual({
      reservation: {
        id: expect.stringMatching(/^rsv_/),
        state: 'HELD',
        expiresAt: expect.any(String),
        lines: [
          { sku: 'BOLT', quantity: 3, variant: { sku: 'BOLT' } },
          { sku: 'NUT', quantity: 1, variant: { sku: 'NUT' } },
        ],
      },
      userErrors: [],
    });
    const seconds = (Date.parse(payload.reservation?.expiresAt ?? '') - Date.now()) / 1_000;
    expect(Math.abs(seconds - 600)).toBeLessThan(5);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 3, 0, 2]);
  });

  it('withhold the channel safety stock', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    const { payload } = await holdCart({ lines: [{ sku: 'BOLT', quantity: 3 }] }, withSafetyStock(3));
    expect(payload.userErrors).toMatchObject([{ code: 'OUT_OF_STOCK', sku: 'BOLT', availableQuantity: 2 }]);
  });

  it('keep nothing when a line is short, unknown or makes no sense, and say so per line', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    const { payload } = await holdCart({
      lines: [
        { sku: 'BOLT', quantity: 6 },
        { sku: 'NOPE', quantity: 1 },
      ],
    });
    expect(payload).toEqual({
      reservation: null,
      userErrors: [
        {
          code: 'OUT_OF_STOCK',
          message: expect.any(String),
          field: ['input', 'lines', '0', 'quantity'],
          sku: 'BOLT',
          availableQuantity: 5,
        },
        {
          code: 'UNKNOWN_SKU',
          message: expect.any(String),
          field: ['input', 'lines', '1', 'sku'],
          sku: 'NOPE',
          availableQuantity: null,
        },
      ],
    });
    const invalid = await holdCart({ lines: [0, -1, 1_000_001, 1].map((quantity) => ({ sku: 'BOLT', quantity })) });
    expect(invalid.payload.userErrors.map(({ code, field }) => [code, field[2]])).toEqual([
      ['INVALID_QUANTITY', '0'],
      ['INVALID_QUANTITY', '1'],
      ['INVALID_QUANTITY', '2'],
    ]);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 0, 5]);
  });

  it('refuse a request that is malformed', async () => {
    const line = { sku: 'BOLT', quantity: 1 };
    for (const input of [
      { lines: [line], ttlSeconds: 0 },
      { lines: [line], ttlSeconds: 3601 },
      { lines: [] },
      { lines: [line], locationId: '\0' },
      { lines: [{ sku: '\0', quantity: 1 }] },
    ]) {
      expect((await holdCart(input)).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    }
    const emptyKey = await ask(subgraph, HOLD, { input: { idempotencyKey: '', lines: [line] } });
    expect(emptyKey.errors?.[0]?.extensions.code).toBe('IDEMPOTENCY_KEY_INVALID');
  });

  it('answer a repeated key with the first answer, and another input with a conflict', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    const input = { idempotencyKey: newKey(), lines: [{ sku: 'BOLT', quantity: 2 }], ttlSeconds: 60 };
    const first = await holdCart(input);
    const again = await holdCart(input);
    expect(again.payload).toEqual(first.payload);
    expect([first.extensions, again.extensions]).toEqual([undefined, { idempotentReplay: true }]);
    const other = await holdCart({ ...input, lines: [{ sku: 'BOLT', quantity: 1 }] });
    expect(other.payload).toMatchObject({
      reservation: null,
      userErrors: [{ code: 'IDEMPOTENCY_CONFLICT', field: ['input', 'idempotencyKey'] }],
    });
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 2, 0, 3]);
  });

  it('give the stock back once, and stay released', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    const { payload } = await holdCart({ lines: [{ sku: 'BOLT', quantity: 2 }] });
    const id = payload.reservation?.id;
    const released = { data: { reservationRelease: { reservation: { id, state: 'RELEASED' }, userErrors: [] } } };
    expect(await ask(subgraph, RELEASE, { id })).toEqual(released);
    expect(await ask(subgraph, RELEASE, { id })).toEqual(released);
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 0, 5]);
    expect(await differences(knex)).toEqual([]);
  });

  it('are not released when an order has them, and not found by another channel or customer', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    const { payload } = await holdCart({ lines: [{ sku: 'BOLT', quantity: 2 }] }, callerOf({ customerId: 'c1' }));
    const id = payload.reservation?.id ?? '';
    const others = [
      callerOf({ customerId: 'c2' }),
      callerOf({ channel: { ...webChannel, code: 'POS', kind: 'POINT_OF_SALE' } }),
    ];
    for (const caller of others) {
      expect((await ask(subgraph, RELEASE, { id }, caller)).data).toEqual({
        reservationRelease: { reservation: null, userErrors: [{ code: 'NOT_FOUND', field: ['reservationId'] }] },
      });
      expect(
        (await askEntities(subgraph, [{ __typename: 'Reservation', id }], '{ state }', caller)).data?._entities,
      ).toEqual([null]);
      expect((await ask(subgraph, EXTEND, { id, input: { idempotencyKey: newKey() } }, caller)).data).toEqual({
        reservationExtend: { reservation: null, userErrors: [{ code: 'NOT_FOUND', field: ['reservationId'] }] },
      });
    }
    await commit(knex, 'o1', [['BOLT', 2]], { reservation: id });
    const late = `mutation($id: ID!, $input: ReservationExtendInput!) { reservationExtend(reservationId: $id, input: $input) { userErrors { code message } } }`;
    expect(
      (await ask(subgraph, late, { id, input: { idempotencyKey: newKey() } }, callerOf({ customerId: 'c1' }))).data,
    ).toEqual({
      reservationExtend: {
        userErrors: [
          { code: 'NOT_HELD', message: 'The stock belongs to an order, which keeps it. There is nothing to extend.' },
        ],
      },
    });
    expect((await ask(subgraph, RELEASE, { id }, callerOf({ customerId: 'c1' }))).data).toEqual({
      reservationRelease: {
        reservation: { id, state: 'COMMITTED' },
        userErrors: [{ code: 'ALREADY_COMMITTED', field: ['reservationId'] }],
      },
    });
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 2, 3]);
  });

  it('say EXPIRED the instant their time is over, and cannot be extended any more', async () => {
    await stockUp(knex, { BOLT: { EAST: 5 } });
    const { payload } = await holdCart({ lines: [{ sku: 'BOLT', quantity: 2 }], ttlSeconds: 60 });
    const id = payload.reservation?.id ?? '';
    const extended = await ask(subgraph, EXTEND, { id, input: { idempotencyKey: newKey(), ttlSeconds: 600 } });
    expect(extended.data).toMatchObject({ reservationExtend: { reservation: { state: 'HELD' }, userErrors: [] } });
    const { expiresAt } = (extended.data?.reservationExtend as HoldAnswer | undefined)?.reservation ?? {
      expiresAt: '',
    };
    expect(Date.parse(expiresAt) - Date.parse(payload.reservation?.expiresAt ?? '')).toBeGreaterThan(500_000);
    await letExpire(knex, id);
    expect((await ask(subgraph, EXTEND, { id, input: { idempotencyKey: newKey() } })).data).toMatchObject({
      reservationExtend: { reservation: { state: 'EXPIRED' }, userErrors: [{ code: 'NOT_HELD' }] },
    });
    expect((await ask(subgraph, RELEASE, { id })).data).toMatchObject({ reservationRelease: { userErrors: [] } });
    expect(await position(knex, 'BOLT', at('EAST'))).toEqual([5, 0, 0, 5]);
  });
});
