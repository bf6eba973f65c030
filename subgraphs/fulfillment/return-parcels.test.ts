import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import { startFulfillment, type TestFulfillment } from '../../test/helpers/fulfillment.ts';
import { ask, callerOf } from '../../test/helpers/subgraph.ts';

let world: TestFulfillment;
const { signal } = new AbortController();

beforeAll(async () => {
  world = await startFulfillment();
});
afterAll(() => world.stop());

const parcel = (trackingNumber: string) => ({
  returnId: `ret_${trackingNumber}`,
  orderId: 'ord_1',
  channelCode: 'WEB',
  carrier: 'UPS',
  trackingNumber,
  traceId: '0'.repeat(32),
});

async function scan(trackingNumber: string, ...statuses: string[]): Promise<void> {
  for (const status of statuses) {
    const at = { occurredAt: new Date(), location: null, message: null };
    world.carrier.scan({ carrier: 'ups', trackingNumber, status, statusDetail: null, ...at });
  }
  await world.trackingFeed.catchUp(signal);
}

const told = async (trackingNumber: string) =>
  (
    await query<{ version: number; status: string }>(
      world.database.knex,
      `select version, data ->> 'status' as status from integration.outbox
       where type = 'return-parcel-moved.v1' and subject = ? order by position`,
      [`ret_${trackingNumber}:${trackingNumber}`],
    )
  ).map(({ version, status }) => `${version} ${status}`);

it('tells of a return parcel only what is news: never twice, never backwards', async () => {
  await world.book.expectReturnParcel(parcel('B1'));
  await scan('B1', 'pre_transit', 'in_transit', 'in_transit', 'out_for_delivery', 'in_transit', 'delivered');
  await world.book.expectReturnParcel(parcel('B1'));
  expect(await told('B1')).toEqual(['1 IN_TRANSIT', '2 OUT_FOR_DELIVERY', '3 DELIVERED']);
});

it('gives a return parcel the scans that came before it was known', async () => {
  await scan('B2', 'in_transit', 'failure');
  expect(await told('B2')).toEqual([]);
  await world.book.expectReturnParcel(parcel('B2'));
  expect((await told('B2'))[0]).toBe('1 IN_TRANSIT');
  expect(world.failures).toEqual([]);
});

it('takes the scan of a return label that somebody records, and says that it did', async () => {
  await world.book.expectReturnParcel(parcel('B3'));
  const record = async (trackingNumber: string, eventId: string) =>
    (
      await ask(
        world.subgraph,
        'mutation ($input: TrackingEventRecordInput!) { trackingEventRecord(input: $input) { shipment { id } userErrors { code } } }',
        {
          input: {
            carrier: 'ups',
            trackingNumber,
            eventId,
            status: 'in_transit',
            occurredAt: new Date().toISOString(),
          },
        },
        callerOf({ contract: 'warehouse', clientId: 'warehouse', channel: null }),
      )
    ).data;
  const taken = { trackingEventRecord: { shipment: null, userErrors: [] } };
  expect(await record('B3', 'by-hand-1')).toEqual(taken);
  expect(await record('B3', 'by-hand-1')).toEqual(taken);
  expect(await told('B3')).toEqual(['1 IN_TRANSIT']);
  expect(await record('B4', 'by-hand-2')).toEqual({
    trackingEventRecord: { shipment: null, userErrors: [{ code: 'UNKNOWN_TRACKING_NUMBER' }] },
  });
});
