import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { query } from '../../platform/db/query.ts';
import { startFulfillment, type TestFulfillment } from '../../test/helpers/fulfillment.ts';
import { ask, callerOf } from '../../test/helpers/subgraph.ts';
import { applyNodeEvents } from './node-events.ts';
import type { NodeEvent, NodeUnits } from './port.ts';

const signal = new AbortController().signal;
const warehouse = callerOf({ contract: 'warehouse', clientId: 'warehouse', channel: null });

let world: TestFulfillment;
beforeAll(async () => {
  world = await startFulfillment();
});
afterAll(() => world.stop());

const bolts = (quantity: number): NodeUnits => ({ lineRef: 'KIT/BOLT', sku: 'BOLT', quantity });
const nuts = (quantity: number): NodeUnits => ({ lineRef: 'KIT/NUT', sku: 'NUT', quantity });
const kits = { units: { KIT: 3, WASHER: 1 }, bundles: { KIT: { BOLT: 2, NUT: 4 } } };

let position = 90_000;
const left = (workId: string, issued: NodeUnits[], short: NodeUnits[] = []): NodeEvent => {
  position++;
  const parcel = { carrier: 'UPS', trackingNumber: `T${position}`, sscc: null, lines: issued };
  const packages = issued.length > 0 ? [parcel] : [];
  const event = { position, kind: 'ISSUED', fulfillmentOrderId: workId, nodeReference: 'N', reason: null } as const;
  return { ...event, occurredAt: new Date(), packages, issued, short };
};
const apply = (...events: NodeEvent[]) => world.database.knex.transaction((trx) => applyNodeEvents(trx, events));

const linesOf = (workId: string) =>
  query(
    world.database.knex,
    'select sku, shipped, short from fulfillment.fulfillment_order_line where fulfillment_order_id = ? order by sku',
    [workId],
  );
const shipmentsOf = (workId: string) =>
  query<{ sku: string; quantity: number; parcels: string[] }>(
    world.database.knex,
    `select l.sku, l.quantity, array(select tracking_number from fulfillment.package p where p.shipment_id = s.id order by position) as parcels
     from fulfillment.shipment s join fulfillment.shipment_line l on l.shipment_id = s.id where s.fulfillment_order_id = ? order by s.created_at`,
    [workId],
  );
const handedBack = async (workId: string) =>
  (
    await query<{ handed: object[] }>(
      world.database.knex,
      `select data -> 'handedBack' as handed from integration.outbox where subject = ? order by version`,
      [workId],
    )
  ).flatMap((row) => row.handed);

describe('a bundle in the work of a node', () => {
  it('is a line per component, in whole sets; units that were withdrawn are not asked for', async () => {
    const id = await world.open({ ...kits, orderId: 'ord_kits' });
    await query(world.database.knex, "select fulfillment.withdraw_unsubmitted('ord_kits', array['KIT'], array[1])");
    const work = await world.book.submit(id);
    expect(work?.lines).toEqual([
      { lineRef: 'KIT/BOLT', orderLineId: 'KIT', sku: 'BOLT', quantity: 4, set: { ref: 'KIT', perSet: 2 } },
      { lineRef: 'KIT/NUT', orderLineId: 'KIT', sku: 'NUT', quantity: 8, set: { ref: 'KIT', perSet: 4 } },
      { lineRef: 'WASHER', orderLineId: 'WASHER', sku: 'WASHER', quantity: 1 },
    ]);
    expect(await world.book.submit(id)).toEqual(work);
  });

  it('has left when its last component has; the parcels before it belong to its shipment', async () => {
    const id = await world.submitted(kits);
    const first = left(id, [bolts(4)]);
    expect(await apply(first, first)).toEqual([]);
    expect(await shipmentsOf(id)).toEqual([]);
    const second = left(id, [nuts(8)]);
    expect(await apply(second, first, second)).toEqual([]);
    expect(await shipmentsOf(id)).toEqual([
      { sku: 'KIT', quantity: 2, parcels: [first, second].map((event) => event.packages[0]?.trackingNumber) },
    ]);
    const rest = left(id, [bolts(2), nuts(4)]);
    await apply(rest);
    expect((await shipmentsOf(id)).at(-1)).toMatchObject({ quantity: 1, parcels: [rest.packages[0]?.trackingNumber] });
    expect(await linesOf(id)).toEqual([
      { sku: 'KIT', shipped: 3, short: 0 },
      { sku: 'WASHER', shipped: 0, short: 0 },
    ]);
  });

  it('is lost when a part of it is, and so are no more than there must be', async () => {
    const id = await world.submitted(kits);
    const first = left(id, [bolts(2)]);
    const second = left(id, [bolts(2)]);
    const third = left(id, [nuts(8), { lineRef: 'WASHER', sku: 'WASHER', quantity: 1 }]);
    await apply(first, second, third);
    const [shipment] = await query<{ id: string }>(world.database.knex, 'select id from fulfillment.shipment where fulfillment_order_id = ?', [id]); // biome-ignore format: one thought
    const missing = async () =>
      (await world.book.readShipment(shipment?.id ?? ''))?.outcomes.flatMap(({ lineId, lost, stranded }) =>
        lost + stranded > 0 ? [{ lineId, lost, stranded }] : [],
      );
    const end = (event: NodeEvent, status: string) => query(world.database.knex, 'update fulfillment.package set status = ? where tracking_number = ?', [status, event.packages[0]?.trackingNumber ?? '']); // biome-ignore format: one thought
    expect(await missing()).toEqual([]);
    await end(first, 'LOST');
    expect(await missing()).toEqual([{ lineId: 'KIT', lost: 1, stranded: 0 }]);
    await end(second, 'CANCELLED');
    expect(await missing()).toEqual([{ lineId: 'KIT', lost: 1, stranded: 1 }]);
    await end(third, 'LOST');
    expect(await missing()).toEqual([
      { lineId: 'KIT', lost: 2, stranded: 0 },
      { lineId: 'WASHER', lost: 1, stranded: 0 },
    ]);
    // Nobody told what was in which: it may have been in any, and all of them are over.
    await query(world.database.knex, 'update fulfillment.package_line set line_ref = null');
    expect((await missing())?.map(({ lost }) => lost)).toEqual([2, 1]);
    await end(first, 'DELIVERED');
    expect(await missing()).toEqual([]);
  });

  it('is given back whole when a component is missing', async () => {
    const id = await world.submitted(kits);
    const event = left(id, [bolts(4), nuts(8)], [bolts(2), nuts(4)]);
    expect(await apply(event)).toEqual([]);
    expect(await linesOf(id)).toMatchObject([{ sku: 'KIT', shipped: 2, short: 1 }, { sku: 'WASHER' }]);
    expect(await handedBack(id)).toEqual([{ lineId: 'KIT', sku: 'KIT', quantity: 1 }]);
    const [work] = await query(world.database.knex, 'select status from fulfillment.fulfillment_order where id = ?', [id]); // biome-ignore format: one thought
    expect(work).toEqual({ status: 'INCOMPLETE' });
  });

  it('of which only a part left is told to the exception desk, and its loose parts to whoever moves the stock', async () => {
    const id = await world.submitted(kits);
    const broken = left(id, [bolts(5), nuts(8)], [bolts(1), nuts(4)]);
    const [unusable, ...others] = await apply(broken);
    expect(unusable).toMatchObject({ event: broken, loose: [{ lineId: 'KIT', sku: 'BOLT', quantity: 1 }] });
    expect(others).toEqual([]);
    expect(await handedBack(id)).toEqual([
      { lineId: 'KIT', sku: 'KIT', quantity: 1, loose: [{ sku: 'BOLT', quantity: 1 }] },
    ]);
    expect(await apply(broken)).toEqual([]);
  });

  it('refused by the node is given back whole, less nothing', async () => {
    const id = await world.submitted(kits);
    await apply({ ...left(id, []), kind: 'REFUSED', reason: 'NO_STOCK' });
    expect(await handedBack(id)).toEqual([
      { lineId: 'KIT', sku: 'KIT', quantity: 3 },
      { lineId: 'WASHER', sku: 'WASHER', quantity: 1 },
    ]);
  });

  it('is shipped by staff in bundles, and leaves the node in components', async () => {
    const id = await world.submitted(kits);
    const run = async (field: string, input: object, fields: string) => {
      const answer = await ask(
        world.subgraph,
        `mutation ($id: ID!, $input: ${field[0]?.toUpperCase()}${field.slice(1)}Input!) { answer: ${field}(fulfillmentOrderId: $id, input: $input) { ${fields} } }`,
        { id, input: { idempotencyKey: `${id}-${field}-${position++}`, ...input } },
        warehouse,
      );
      expect(answer.errors).toBeUndefined();
      // biome-ignore lint/suspicious/noExplicitAny: a test reads what the answer holds
      return (answer.data as any).answer;
    };
    const { fulfillmentOrder } = await run(
      'fulfillmentOrderAccept',
      {},
      'fulfillmentOrder { lines { id remaining variant { sku } } }',
    );
    const kit = fulfillmentOrder.lines.find((line: { variant: { sku: string } }) => line.variant.sku === 'KIT');
    const box = (quantity: number) => ({
      packages: [{ carrier: 'UPS', trackingNumber: `B${id}-${quantity}`, lines: [{ fulfillmentOrderLineId: kit.id, quantity }] }],
    }); // biome-ignore format: one thought
    const fields = 'fulfillmentOrder { lines { remaining } } userErrors { code }';
    expect((await run('fulfillmentOrderShip', box(4), fields)).userErrors).toEqual([{ code: 'QUANTITY_EXCEEDS_REMAINING' }]); // biome-ignore format: one thought
    expect(await run('fulfillmentOrderShip', box(2), fields)).toEqual({
      fulfillmentOrder: { lines: [{ remaining: 1 }, { remaining: 1 }] },
      userErrors: [],
    });
    const { entries } = await world.nodes.events(0, 0, signal);
    expect(entries.filter((event) => event.fulfillmentOrderId === id).at(-1)?.issued).toEqual([bolts(4), nuts(8)]);
  });
});
