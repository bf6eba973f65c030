import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newDelivery, startWarehouse, type Warehouse, warehouseSeed } from '../../test/helpers/warehouse.ts';

/** At DC1 staff decide what becomes of work that they have begun; the floor's pace never comes. */
let house: Warehouse;
beforeAll(async () => {
  const sites = warehouseSeed.sites.map((site) => ({ ...site, cancelMode: site.code === 'DC1' ? ('MANUAL' as const) : ('AUTOMATIC' as const) })); // biome-ignore format: one thought
  house = await startWarehouse({ paceMillis: 3_600_000, seed: { ...warehouseSeed, sites } });
});
afterAll(() => house.stop());

async function packed(site = 'DC1'): Promise<string> {
  const { deliveryNo } = await house.wms.createDelivery(newDelivery({ site }));
  await house.database.knex.raw(`update wms.delivery set status = 'PACKED' where delivery_no = ?`, [deliveryNo]);
  return deliveryNo;
}

/** What staff press. */
async function answer(deliveryNo: string, granted: boolean): Promise<number> {
  const response = await fetch(`${house.system.url}/outbound-deliveries/${deliveryNo}/answer-cancellation`, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.system.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ granted }),
  });
  return response.status;
}
const eventsOf = async (deliveryNo: string) => (await house.events(deliveryNo)).map(({ event }) => event);
const dueAt = async (deliveryNo: string) =>
  (await house.database.knex('wms.delivery').where({ delivery_no: deliveryNo }).first()).due_at;

it('asks staff about work that they have begun, once, and it stands still until they answer', async () => {
  const deliveryNo = await packed();
  expect(await house.wms.cancelDelivery(deliveryNo)).toMatchObject({ status: 'PACKED', cancellation: 'ASKED' });
  expect(await house.wms.cancelDelivery(deliveryNo)).toMatchObject({ status: 'PACKED', cancellation: 'ASKED' });
  expect(await dueAt(deliveryNo)).toBeNull();
  expect(await eventsOf(deliveryNo)).toEqual(['RECEIVED']);
  expect(await answer(deliveryNo, true)).toBe(200);
  expect(await answer(deliveryNo, true)).toBe(200);
  expect(await house.wms.delivery(deliveryNo)).toMatchObject({ status: 'CANCELLED', reasonCode: 'WITH_CONSENT' });
  expect(await eventsOf(deliveryNo)).toEqual(['RECEIVED', 'CANCELLED']);
  expect(await answer(deliveryNo, false)).toBe(409);
});

it('goes on when they say no, tells of it, and does not ask again', async () => {
  const deliveryNo = await packed();
  await house.wms.cancelDelivery(deliveryNo);
  expect(await answer(deliveryNo, false)).toBe(200);
  expect(await answer(deliveryNo, false)).toBe(200);
  expect(await dueAt(deliveryNo)).toBeInstanceOf(Date);
  expect(await eventsOf(deliveryNo)).toEqual(['RECEIVED', 'CANCELLATION_DENIED']);
  await expect(house.wms.cancelDelivery(deliveryNo)).rejects.toMatchObject({
    details: expect.objectContaining({ systemCode: 'PICKING_STARTED' }),
  });
  expect(await answer(deliveryNo, true)).toBe(409);
});

it('does not ask where nobody decides such things, and nobody who was not asked can answer', async () => {
  const elsewhere = await packed('ST2');
  await expect(house.wms.cancelDelivery(elsewhere)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
  expect(await answer(await packed(), true)).toBe(409);
});
