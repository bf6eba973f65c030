import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../../../platform/db/query.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/database.ts';
import { createExceptionDesk, type ExceptionDesk, loadOwnership } from '../../operations/index.ts';
import { type ChannelClocks, loadChannelClocks } from './clocks.ts';
import { escalateDuties } from './escalate.ts';
import { createDutyConsumption } from './keep.ts';
import { readShipBy } from './ship-by.ts';

type DutyEvent = Parameters<ReturnType<typeof createDutyConsumption>['handler']>[0];

const clocks: ChannelClocks = new Map([
  [
    'AMAZON',
    [
      { kind: 'ACKNOWLEDGE', withinHours: 4, escalateBeforeHours: 1 },
      { kind: 'SHIP', withinHours: 48, escalateBeforeHours: 12 },
      { kind: 'ANSWER_CANCELLATION', withinHours: 24, escalateBeforeHours: 6 },
    ],
  ],
]);
const { signal } = new AbortController();
let database: TestDatabase;
let desk: ExceptionDesk;
let events = 0;

beforeAll(async () => {
  database = await createTestDatabase(['integration', 'orders']);
  desk = createExceptionDesk({ knex: database.knex, owners: loadOwnership() });
});
afterAll(() => database.drop());

const hear = (event: object) =>
  createDutyConsumption({ knex: database.knex, clocks, connections: new Map(), settle: desk.resolveIn }).handler(
    { id: `e${++events}`, source: '/commerce/order', sequence: `abcdefgh-${String(events).padStart(16, '0')}`, traceId: 'f'.repeat(32), version: events, ...event } as DutyEvent, // biome-ignore format: one thought
    signal,
  );
const placed = (orderId: string, channelCode = 'AMAZON', id = `placed ${orderId}`) =>
  hear({ id, type: 'order-placed.v1', subject: orderId, channelCode, occurredAt: '2026-11-23T09:00:00.000Z', data: { orderId } }); // biome-ignore format: one thought
const moved = (orderId: string, status: string) =>
  hear({ type: 'order-status-changed.v1', subject: orderId, channelCode: 'AMAZON', occurredAt: '2026-11-23T10:00:00.000Z', data: { orderId, status } }); // biome-ignore format: one thought
const look = (at: string) =>
  escalateDuties({ knex: database.knex, clocks, report: desk.raiseIn }, new Date(`2026-11-${at}:00Z`));
const told = (orderId: string) =>
  query<Record<string, unknown>>(
    database.knex,
    `select operation, state, attempts, owner, cause, deadline, message from integration.exception where order_id = ? order by operation`,
    [orderId],
  );

describe('the time that a channel gives', () => {
  it('starts once per order, of channels that give one', async () => {
    await placed('ord_1');
    await placed('ord_1');
    await placed('ord_w', 'WEB');
    const stored = await query(database.knex, 'select order_id, kind, due_at, escalate_at from orders.channel_duty order by kind'); // biome-ignore format: one thought
    expect(stored).toEqual([
      { order_id: 'ord_1', kind: 'ACKNOWLEDGE', due_at: new Date('2026-11-23T13:00:00Z'), escalate_at: new Date('2026-11-23T12:00:00Z') }, // biome-ignore format: a table
      { order_id: 'ord_1', kind: 'SHIP', due_at: new Date('2026-11-25T09:00:00Z'), escalate_at: new Date('2026-11-24T21:00:00Z') }, // biome-ignore format: a table
    ]);
  });

  it('is told of before it is up, once, to the team that can do something', async () => {
    expect(await look('23T11:59')).toBe(0);
    expect(await look('23T12:00')).toBe(1);
    expect(await look('23T12:30')).toBe(0);
    expect(await told('ord_1')).toEqual([
      {
        operation: 'duty:acknowledge-order',
        state: 'OPEN',
        attempts: 1,
        owner: 'order-desk',
        cause: 'DEADLINE',
        deadline: new Date('2026-11-23T13:00:00Z'),
        message:
          'AMAZON expects it by 2026-11-23T13:00:00.000Z, and the order desk has not accepted the order yet. Look at the order and at its other exceptions: a hold or the order desk stops it.',
      },
    ]);
  });

  it('is told of once more when it is over', async () => {
    expect(await look('23T13:00')).toBe(1);
    expect(await look('23T14:00')).toBe(0);
    expect(await told('ord_1')).toMatchObject([{ attempts: 2, message: expect.stringContaining('The time is over.') }]);
  });

  it('stops when the order got there, and what was told of it closes', async () => {
    await moved('ord_1', 'ACCEPTED');
    expect(await told('ord_1')).toMatchObject([{ state: 'RESOLVED' }]);
    await moved('ord_1', 'PARTIALLY_SHIPPED');
    expect(await look('24T21:00')).toBe(1);
    expect(await told('ord_1')).toMatchObject([{}, { operation: 'duty:ship-order', state: 'OPEN', owner: 'warehouse-systems' }]); // biome-ignore format: one thought
    await moved('ord_1', 'SHIPPED');
    expect(await told('ord_1')).toMatchObject([{}, { state: 'RESOLVED' }]);
    expect(await look('30T00:00')).toBe(0);
  });

  it('is told of once by workers that look at the same moment, and not at all of what was cancelled', async () => {
    await placed('ord_2');
    await placed('ord_3');
    await moved('ord_3', 'CANCELLED');
    const looks = await Promise.all(Array.from({ length: 4 }, () => look('23T12:00')));
    expect(looks.reduce((sum, each) => sum + each, 0)).toBe(1);
    expect(await told('ord_2')).toMatchObject([{ attempts: 1 }]);
    expect(await told('ord_3')).toEqual([]);
  });

  it('is not started anew by a replay', async () => {
    await moved('ord_2', 'SHIPPED');
    const before = await query(database.knex, 'select * from orders.channel_duty order by order_id, kind');
    await placed('ord_2');
    await moved('ord_2', 'ACCEPTED');
    expect(await query(database.knex, 'select * from orders.channel_duty order by order_id, kind')).toEqual(before);
  });
});

describe('when the goods of an order are to leave', () => {
  const shipBy = (orderId: string, by: ChannelClocks = clocks) => readShipBy(database.knex, orderId, by);
  beforeAll(() =>
    query(
      database.knex,
      `insert into orders.customer_order (id, number, channel_code, channel_kind, channel_name, stage, status, revision, currency_code,
         tax_included, subtotal_minor, tax_minor, grand_total_minor, payment_status, delivery_method, trace_id, placed_at, updated_at)
       select 'ord_' || code, code, code, 'MARKETPLACE', code, 'VALIDATED', 'VALIDATED', 1, 'GBP', true, 1, 0, 1, 'AUTHORIZED', 'SHIPPING', 't', at, at
       from unnest(array['AMAZON', 'WEB']) as channel (code), (select '2026-11-23T08:59:59Z'::timestamptz as at) placed`,
    ),
  );

  it('is known before the clock is started, as it will be watched; then as it is watched, whatever the file says later', async () => {
    const at = new Date('2026-11-25T08:59:59Z');
    expect(await shipBy('ord_AMAZON')).toEqual(at);
    await placed('ord_AMAZON');
    expect(await shipBy('ord_AMAZON')).toEqual(at);
    expect(await shipBy('ord_AMAZON', new Map())).toEqual(at);
    const stored = await query(database.knex, "select due_at from orders.channel_duty where order_id = 'ord_AMAZON' and kind = 'SHIP'"); // biome-ignore format: one thought
    expect(stored).toEqual([{ due_at: at }]);
  });

  it("is nobody's affair where the channel expects nothing", async () => {
    expect(await shipBy('ord_WEB')).toBeNull();
    expect(await shipBy('ord_none')).toBeNull();
  });
});

describe('config/channel-duties.yaml', () => {
  it('is as it comes', () => {
    expect(loadChannelClocks()).toEqual(clocks);
  });

  it.each([
    [
      'channels: { AMAZON: { acknowledge: { within: 4, escalateBefore: 4 } } }',
      /AMAZON.acknowledge: escalateBefore must be less/,
    ],
    ['channels: { AMAZON: { answer: { within: 4, escalateBefore: 1 } } }', /AMAZON: Unrecognized key: "answer"/],
    ['channels: { AMAZON: { ship: { within: -1, escalateBefore: 1 } } }', /AMAZON.ship.within/],
    ['channels: [', /cannot be read as YAML: line 1/],
  ])('is refused with its place: %s', async (text, message) => {
    const folder = await mkdtemp(join(tmpdir(), 'duties-'));
    try {
      const file = join(folder, 'channel-duties.yaml');
      writeFileSync(file, text);
      expect(() => loadChannelClocks(file)).toThrow(message);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
