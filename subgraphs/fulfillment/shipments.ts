import type { Knex } from 'knex';
import type { NewEvent } from '../../events/outbox.ts';
import { query } from '../../platform/db/query.ts';
import { newId } from '../../platform/ids.ts';
import { shipmentStatusEvent, type Units } from './events.ts';
import { type FulfillmentOrder, isCollected } from './model.ts';
import type { NodeEvent } from './port.ts';
import type { ShipmentStatus } from './states.ts';

/** Goods that left with one event of a node, to be recorded. */
export interface NewShipment {
  readonly id: string;
  readonly work: FulfillmentOrder;
  readonly event: NodeEvent;
  readonly status: ShipmentStatus;
  readonly issued: readonly Units[];
  readonly packages: readonly (NodeEvent['packages'][number] & { readonly id: string })[];
}

/**
 * The shipment of goods that left with one event of a node. Goods that the buyer took along are delivered at once.
 * @param packages those of the event, behind those that left before a bundle was complete
 */
export function newShipment(
  work: FulfillmentOrder,
  event: NodeEvent,
  issued: readonly Units[],
  packages: NodeEvent['packages'],
): NewShipment {
  return {
    id: newId('shipment'),
    work,
    event,
    status: isCollected(work.deliveryMethod) ? 'DELIVERED' : 'LABEL_CREATED',
    issued,
    packages: packages.map((parcel) => ({ ...parcel, id: newId('package') })),
  };
}

/** The events that tell of a new shipment. */
export function shipmentEvents({ id, work, event, status, issued, packages }: NewShipment): NewEvent[] {
  const { orderId, customerId, channelCode, traceId } = work;
  return [
    {
      type: 'shipment-dispatched.v1',
      subject: id,
      version: 1,
      channelCode,
      traceId,
      data: {
        shipmentId: id,
        orderId,
        fulfillmentOrderId: work.id,
        lines: issued,
        packages: packages.map(({ carrier, trackingNumber, lines }) => ({
          carrier,
          trackingNumber,
          contents: lines.map(({ sku, quantity }) => ({ sku, quantity })),
        })),
      },
    },
    shipmentStatusEvent({ id, orderId, customerId, channelCode }, 2, null, status, traceId, event.occurredAt),
  ];
}

/** Stores shipments with their packages. One statement, whatever the number. */
export async function insertShipments(trx: Knex.Transaction, shipments: readonly NewShipment[]): Promise<void> {
  const units = shipments.flatMap(({ id, issued }) => issued.map((line) => ({ ...line, shipmentId: id })));
  const packages = shipments.flatMap((one) => one.packages.map((parcel, index) => ({ ...parcel, shipmentId: one.id, position: index + 1 }))); // biome-ignore format: one thought
  const contents = packages.flatMap(({ id, lines }) => lines.map((line, index) => ({ ...line, packageId: id, position: index + 1 }))); // biome-ignore format: one thought
  await query(
    trx,
    `with s as (
       insert into fulfillment.shipment (id, fulfillment_order_id, order_id, channel_code, customer_id, location_id, status, revision, node_event, shipped_at, delivered_at, untracked)
       select id, work_id, order_id, channel_code, customer_id, location_id, status, 2, node_event, at, case when status = 'DELIVERED' then at end, untracked
       from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[], ?::text[])
         as n(id, work_id, order_id, channel_code, customer_id, location_id, status, node_event, at, untracked)
     ), l as (
       insert into fulfillment.shipment_line (shipment_id, order_line_id, sku, quantity)
       select * from unnest(?::text[], ?::text[], ?::text[], ?::int[])
     ), p as (
       insert into fulfillment.package (id, shipment_id, position, carrier, tracking_number, sscc, status)
       select n.*, 'LABEL_CREATED' from unnest(?::text[], ?::text[], ?::int[], ?::text[], ?::text[], ?::text[]) as n
     )
     insert into fulfillment.package_line (package_id, position, sku, quantity, line_ref)
     select * from unnest(?::text[], ?::int[], ?::text[], ?::int[], ?::text[])`,
    [
      shipments.map(({ id }) => id),
      shipments.map(({ work }) => work.id),
      shipments.map(({ work }) => work.orderId),
      shipments.map(({ work }) => work.channelCode),
      shipments.map(({ work }) => work.customerId),
      shipments.map(({ work }) => work.locationId),
      shipments.map(({ status }) => status),
      shipments.map(({ event }) => String(event.position)),
      shipments.map(({ event }) => event.occurredAt),
      shipments.map(({ status, packages: parcels }) => (status !== 'DELIVERED' && parcels.length === 0 ? 'WAITING' : null)), // biome-ignore format: one thought
      units.map(({ shipmentId }) => shipmentId),
      units.map(({ lineId }) => lineId),
      units.map(({ sku }) => sku),
      units.map(({ quantity }) => quantity),
      packages.map(({ id }) => id),
      packages.map(({ shipmentId }) => shipmentId),
      packages.map(({ position }) => position),
      packages.map(({ carrier }) => carrier),
      packages.map(({ trackingNumber }) => trackingNumber),
      packages.map(({ sscc }) => sscc),
      contents.map(({ packageId }) => packageId),
      contents.map(({ position }) => position),
      contents.map(({ sku }) => sku),
      contents.map(({ quantity }) => quantity),
      contents.map(({ lineRef }) => lineRef),
    ],
  );
}
