import type { Knex } from 'knex';
import { writeEvents } from '../../events/outbox.ts';
import { query } from '../../platform/db/query.ts';
import { newId } from '../../platform/ids.ts';
import { shipmentStatusEvent, type Units } from './events.ts';
import { type FulfillmentOrder, isCollected } from './model.ts';
import type { NodeEvent } from './port.ts';
import type { ShipmentStatus } from './states.ts';
import { adoptScans } from './tracking.ts';

/**
 * Records goods that left with one event of a node: shipment, packages, and the events that tell of them.
 * Goods that the buyer took along are delivered at once.
 */
export async function createShipment(
  trx: Knex.Transaction,
  work: FulfillmentOrder,
  event: NodeEvent,
  issued: readonly Units[],
): Promise<void> {
  const shipmentId = newId('shipment');
  const status: ShipmentStatus = isCollected(work.deliveryMethod) ? 'DELIVERED' : 'LABEL_CREATED';
  const packages = [...(await takeWaitingPackages(trx, work.id)), ...event.packages].map((parcel) => ({ ...parcel, id: newId('package') })); // biome-ignore format: one thought
  const contents = packages.flatMap((parcel) =>
    parcel.lines.map((line, index) => ({
      packageId: parcel.id,
      position: index + 1,
      sku: line.sku,
      quantity: line.quantity,
      lineRef: line.lineRef,
    })),
  );
  await query(
    trx,
    `with s as (
       insert into fulfillment.shipment (id, fulfillment_order_id, order_id, channel_code, customer_id, location_id, status, revision, node_event, shipped_at, delivered_at)
       values (?, ?, ?, ?, ?, ?, ?, 2, ?, ?, ?)
     ), l as (
       insert into fulfillment.shipment_line (shipment_id, order_line_id, sku, quantity)
       select ?, n.* from unnest(?::text[], ?::text[], ?::int[]) as n(line_id, sku, quantity)
     ), p as (
       insert into fulfillment.package (id, shipment_id, position, carrier, tracking_number, sscc, status)
       select n.id, ?, n.position, n.carrier, n.tracking_number, n.sscc, 'LABEL_CREATED'
       from unnest(?::text[], ?::text[], ?::text[], ?::text[]) with ordinality as n(id, carrier, tracking_number, sscc, position)
     )
     insert into fulfillment.package_line (package_id, position, sku, quantity, line_ref)
     select * from unnest(?::text[], ?::int[], ?::text[], ?::int[], ?::text[])`,
    [
      shipmentId,
      work.id,
      work.orderId,
      work.channelCode,
      work.customerId,
      work.locationId,
      status,
      String(event.position),
      event.occurredAt,
      status === 'DELIVERED' ? event.occurredAt : null,
      shipmentId,
      issued.map((units) => units.lineId),
      issued.map((units) => units.sku),
      issued.map((units) => units.quantity),
      shipmentId,
      packages.map((parcel) => parcel.id),
      packages.map((parcel) => parcel.carrier),
      packages.map((parcel) => parcel.trackingNumber),
      packages.map((parcel) => parcel.sscc),
      contents.map((line) => line.packageId),
      contents.map((line) => line.position),
      contents.map((line) => line.sku),
      contents.map((line) => line.quantity),
      contents.map((line) => line.lineRef),
    ],
  );
  const shipment = {
    id: shipmentId,
    orderId: work.orderId,
    customerId: work.customerId,
    channelCode: work.channelCode,
  };
  await writeEvents(trx, [
    {
      type: 'shipment-dispatched.v1',
      subject: shipmentId,
      version: 1,
      channelCode: work.channelCode,
      traceId: work.traceId,
      data: {
        shipmentId,
        orderId: work.orderId,
        fulfillmentOrderId: work.id,
        lines: issued,
        packages: packages.map(({ carrier, trackingNumber, lines }) => ({
          carrier,
          trackingNumber,
          contents: lines.map(({ sku, quantity }) => ({ sku, quantity })),
        })),
      },
    },
    shipmentStatusEvent(shipment, 2, null, status, work.traceId, event.occurredAt),
  ]);
  await adoptScans(trx, shipmentId, packages);
}

/** Packages that left before a bundle was complete. */
async function takeWaitingPackages(trx: Knex.Transaction, workId: string): Promise<NodeEvent['packages']> {
  const rows = await query<{ packages: NodeEvent['packages'] }>(
    trx,
    `with waiting as (
       select node_event, packages from fulfillment.component_event where fulfillment_order_id = ? and packages <> '[]' order by node_event for update
     ), taken as (
       update fulfillment.component_event e set packages = '[]' from waiting where e.fulfillment_order_id = ? and e.node_event = waiting.node_event
     )
     select packages from waiting order by length(node_event), node_event`,
    [workId, workId],
  );
  return rows.flatMap((row) => row.packages);
}
