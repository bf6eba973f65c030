import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import { startFulfillment, type TestFulfillment } from '../../test/helpers/fulfillment.ts';
import { applyNodeEvents } from './node-events.ts';
import { confirmArrival, settleUntracked } from './untracked.ts';

let world: TestFulfillment;
const settled: string[] = [];
let position = 1_000;
beforeAll(async () => {
  world = await startFulfillment();
});
afterAll(() => world.stop());
beforeEach(() => {
  world.reported.length = 0;
  settled.length = 0;
});

/** Work that left some hours ago, in a parcel or without one. @returns id of the shipment */
async function left({ hoursAgo, trackingNumber, deliveryMethod = 'SHIPPING' }: { hoursAgo: number; trackingNumber?: string; deliveryMethod?: string }): Promise<string> {
  const fulfillmentOrderId = await world.submitted({ units: { BOLT: 2 }, deliveryMethod });
  const units = [{ lineRef: 'BOLT', sku: 'BOLT', quantity: 2 }];
  const packages = trackingNumber ? [{ carrier: 'UPS', trackingNumber, sscc: null, lines: units }] : [];
  const event = { position: ++position, kind: deliveryMethod === 'SHIPPING' ? 'ISSUED' : 'PICKED_UP', fulfillmentOrderId, nodeReference: 'N', occurredAt: new Date(Date.now() - hoursAgo * 3_600_000), reason: null, packages, issued: units, short: [] } as const;
  expect(await world.database.knex.transaction((trx) => applyNodeEvents(trx, [event]))).toEqual([]);
  const [shipment] = await query<{ id: string }>(world.database.knex, 'select id from fulfillment.shipment where fulfillment_order_id = ?', [fulfillmentOrderId]);
  return shipment?.id ?? '';
} // biome-ignore format: a test's world

const hours = 72;
const look = (outcome: 'ASK' | 'ASSUME') =>
  settleUntracked({
    knex: world.database.knex,
    report: async (_, told) => void world.reported.push(told),
    settle: async (_, keys) => void settled.push(...keys),
    rule: { hours, outcome },
  });
const confirm = (key: string) => world.database.knex.transaction((trx) => confirmArrival(trx, key));
const stands = async (id: string) => {
  const [row] = await query<{ status: string; delivered: boolean }>(world.database.knex, 'select status, delivered_at is not null as delivered from fulfillment.shipment where id = ?', [id]); // biome-ignore format: one thought
  const told = (await world.book.readShipment(id))?.outcomes.map(({ delivered }) => delivered);
  return [row?.status, row?.delivered, told];
};
const changes = async (id: string) => (await query<{ status: string }>(world.database.knex, `select data ->> 'status' as status from integration.outbox where subject = ? and type = 'shipment-status-changed.v1' order by version`, [id])).map(({ status }) => status); // biome-ignore format: one thought

it('asks a person once about goods that left without a tracking number, and believes them', async () => {
  const [id, , parcel] = [
    await left({ hoursAgo: 73 }),
    await left({ hoursAgo: 71 }),
    await left({ hoursAgo: 73, trackingNumber: 'UNTRACKED-1' }),
  ];
  expect(await stands(id)).toEqual(['LABEL_CREATED', false, [0]]);
  expect([await look('ASK'), await look('ASK')]).toEqual([1, 0]);
  expect(world.reported).toMatchObject([{ key: `untracked:${id}`, operation: 'shipment:untracked', orderId: expect.any(String), message: expect.stringMatching(/^2 × BOLT left without/) }]); // biome-ignore format: one thought
  expect(await confirm(`untracked:${parcel}`)).toBeNull();
  expect(await confirm(`untracked:${id}`)).toBe(2);
  expect(await stands(id)).toEqual(['DELIVERED', true, [2]]);
  expect(await changes(id)).toEqual(['LABEL_CREATED', 'DELIVERED']);
  expect(await confirm(`untracked:${id}`)).toBeNull();
});

it('takes them to be delivered where that is the rule, also those that it asked about before', async () => {
  const asked = await left({ hoursAgo: 100 });
  await look('ASK');
  const young = await left({ hoursAgo: 71 });
  const parcel = await left({ hoursAgo: 100, trackingNumber: 'UNTRACKED-2' });
  expect([await look('ASSUME'), await look('ASSUME')]).toEqual([1, 0]);
  expect(settled).toEqual([`untracked:${asked}`]);
  expect(await stands(asked)).toEqual(['DELIVERED', true, [2]]);
  for (const id of [young, parcel]) expect(await stands(id)).toEqual(['LABEL_CREATED', false, [0]]);
});

it('asks nobody about goods that the buyer took along', async () => {
  const id = await left({ hoursAgo: 100, deliveryMethod: 'PICK_UP' });
  expect(await stands(id)).toEqual(['DELIVERED', true, [2]]);
  expect(await look('ASK')).toBe(0);
});
