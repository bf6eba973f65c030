import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { newId } from '../../platform/ids.ts';
import { changeWork } from './events.ts';
import { meet } from './meeting.ts';
import type { FulfillmentOrder, FulfillmentOrderLine, WorkComponent } from './model.ts';
import { type LineOutcome, readOutcomes } from './parcel-units.ts';
import type { NodeLine } from './port.ts';
import { expectReturnParcel, type ReturnParcel } from './return-parcels.ts';
import { WORK_COLUMNS } from './rows.ts';
import { expirePickups, readWithdrawal, refuseWithdrawal, withdrawUnits } from './withdrawals.ts';
import { lockWork, readComponents, readLines } from './work.ts';

export interface OpenRequest {
  /** Names the sourcing decision: the same decision again returns the same work. */
  readonly key: string;
  readonly orderId: string;
  readonly channelCode: string;
  readonly customerId: string | null;
  readonly deliveryMethod: string;
  readonly serviceLevel: string | null;
  readonly groups: readonly {
    readonly locationId: string;
    readonly lines: readonly {
      readonly lineId: string;
      readonly sku: string;
      readonly quantity: number;
      /** What the node has to pick for one unit, when the line is a bundle. */
      readonly components?: readonly { readonly sku: string; readonly perUnit: number }[];
    }[];
  }[];
  /** How the work begins: OPEN unless told. SCHEDULED needs `fulfilAt`, RFC 3339. */
  readonly opening?: { readonly status: 'OPEN' | 'ON_HOLD' | 'SCHEDULED'; readonly fulfilAt?: string };
  /** When the goods are to have left the node. Absent or null when nothing was promised. */
  readonly shipBy?: Date | null;
  /** Work that ended, whose units these are. */
  readonly replaces?: string;
  readonly traceId: string;
}

/** Work as it goes to a node: a bundle is a line per component. */
export interface SubmittedWork {
  readonly fulfillmentOrderId: string;
  readonly orderId: string;
  readonly locationId: string;
  readonly deliveryMethod: FulfillmentOrder['deliveryMethod'];
  readonly serviceLevel: string | null;
  readonly lines: readonly (NodeLine & { readonly orderLineId: string })[];
}

/** What the nodes have of an order. */
export interface OrderWork {
  readonly open: readonly { readonly locationId: string; readonly lineId: string; readonly quantity: number }[];
  /** Locations that refused work of the order or were short of it, and when they last did, by the node's clock. */
  readonly gaveBack: readonly { readonly locationId: string; readonly at: Date }[];
}

export interface ShipmentRecord {
  readonly shipmentId: string;
  readonly orderId: string;
  readonly locationId: string;
  readonly shippedAt: Date;
  readonly lines: readonly {
    readonly lineId: string;
    readonly sku: string;
    readonly quantity: number;
    /** Units of the order line in earlier shipments; the same whenever it is asked. */
    readonly shippedBefore: number;
  }[];
  readonly packages: readonly { readonly carrier: string; readonly trackingNumber: string }[];
  /** What became of its units, parcel by parcel. */
  readonly outcomes: readonly LineOutcome[];
}

/** The fulfillment domain's records for the orchestrator. Every command may be repeated. */
export function createFulfillmentBook(knex: Knex) {
  return {
    /** Creates one piece of work per location. @returns ids in the order of the groups */
    open: (request: OpenRequest): Promise<readonly string[]> => inTransaction(knex, (trx) => open(trx, request)),

    /** Marks work as asked of its node and says what to ask. Null when its units were withdrawn, or it is to wait. */
    submit: (fulfillmentOrderId: string): Promise<SubmittedWork | null> =>
      inTransaction(knex, (trx) => submit(trx, fulfillmentOrderId)),

    /** What the nodes have of an order: units of its lines in work that goes on, and who gave units of it back. */
    async workOf(orderId: string): Promise<OrderWork> {
      const open = await query<OrderWork['open'][number]>(
        knex,
        `select f.location_id as "locationId", l.order_line_id as "lineId", sum(l.quantity - l.shipped - l.short)::int as quantity
         from fulfillment.fulfillment_order f join fulfillment.fulfillment_order_line l on l.fulfillment_order_id = f.id
         where f.order_id = ? and f.status not in ('CLOSED', 'CANCELLED', 'INCOMPLETE') and l.quantity > l.shipped + l.short
         group by 1, 2 order by 1, 2`,
        [orderId],
      );
      const gaveBack = await query<OrderWork['gaveBack'][number]>(
        knex,
        `select f.location_id as "locationId", max(coalesce(f.gave_back_at, f.updated_at)) as at
         from fulfillment.fulfillment_order f
         where f.order_id = ? and (f.request_status = 'REJECTED'
           -- What was taken back from a node, it did not refuse.
           or not exists (select from fulfillment.withdrawal w where w.fulfillment_order_id = f.id and w.state = 'ACCEPTED')
           and exists (select from fulfillment.fulfillment_order_line l where l.fulfillment_order_id = f.id and l.short > 0))
         group by 1 order by 1`,
        [orderId],
      );
      return { open, gaveBack };
    },

    /** Pieces of work given to each node on its present day, by its own calendar. */
    async workToday(
      nodes: readonly { readonly locationId: string; readonly timeZone: string }[],
    ): Promise<ReadonlyMap<string, number>> {
      const rows = await query<{ id: string; count: number }>(
        knex,
        `select node.id, count(f.id)::int as count
         from unnest(?::text[], ?::text[]) as node(id, zone)
         join fulfillment.fulfillment_order f on f.location_id = node.id
           and f.created_at >= date_trunc('day', now(), node.zone) and f.status <> 'CANCELLED'
         group by node.id`,
        [nodes.map((node) => node.locationId), nodes.map((node) => node.timeZone)],
      );
      return new Map(rows.map((row) => [row.id, row.count]));
    },

    /** Work of an order that no node was asked to do yet, oldest first. */
    async unsubmitted(orderId: string): Promise<readonly string[]> {
      const rows = await query<{ id: string }>(
        knex,
        `select id from fulfillment.fulfillment_order
         where order_id = ? and status = 'OPEN' and request_status = 'UNSUBMITTED' order by created_at, id`,
        [orderId],
      );
      return rows.map((row) => row.id);
    },

    /** The node's own number of work. Null until the node told of it. */
    async nodeReferenceOf(fulfillmentOrderId: string): Promise<string | null> {
      const [work] = await query<{ reference: string | null }>(
        knex,
        'select node_reference as reference from fulfillment.fulfillment_order where id = ?',
        [fulfillmentOrderId],
      );
      return work?.reference ?? null;
    },

    /** Asks the nodes to give back units that are to be cancelled. One effect per `key`. @returns how many units that is */
    withdrawUnits: (orderId: string, request: Parameters<typeof withdrawUnits>[2]): Promise<number> =>
      inTransaction(knex, (trx) => withdrawUnits(trx, orderId, request)),

    /** The node does not give work back. */
    refuseWithdrawal: (fulfillmentOrderId: string) =>
      inTransaction(knex, (trx) => refuseWithdrawal(trx, fulfillmentOrderId)),

    /** What becomes of the units of work that was taken back. Null when its node gave it back by itself. */
    withdrawalOf: (fulfillmentOrderId: string) => readWithdrawal(knex, fulfillmentOrderId),

    /** Opens scheduled work whose time has come. @returns how many pieces */
    openScheduled: (now: Date): Promise<number> => inTransaction(knex, (trx) => openScheduled(trx, now)),

    /** Has goods put back that wait at counters since before a time. @returns how many pieces of work */
    expirePickups: (before: Date): Promise<number> => inTransaction(knex, (trx) => expirePickups(trx, before, BATCH)),

    /** Notes a parcel that is to come back, so that its scans move its return. Repeating it changes nothing. */
    expectReturnParcel: (parcel: ReturnParcel): Promise<void> =>
      inTransaction(knex, async (trx) => {
        await meet(trx, [parcel]);
        await expectReturnParcel(trx, parcel);
      }),

    async readShipment(shipmentId: string): Promise<ShipmentRecord | null> {
      const [shipment] = await query<{ orderId: string; locationId: string; shippedAt: Date }>(
        knex,
        'select order_id as "orderId", location_id as "locationId", shipped_at as "shippedAt" from fulfillment.shipment where id = ?',
        [shipmentId],
      );
      if (!shipment) return null;
      const lines = await query<ShipmentRecord['lines'][number]>(
        knex,
        `select l.order_line_id as "lineId", l.sku, l.quantity,
           (select coalesce(sum(e.quantity), 0)::int from fulfillment.shipment_line e join fulfillment.shipment es on es.id = e.shipment_id
            where e.order_line_id = l.order_line_id and (es.created_at, es.id) < (s.created_at, s.id)) as "shippedBefore"
         from fulfillment.shipment_line l join fulfillment.shipment s on s.id = l.shipment_id
         where l.shipment_id = ? order by l.order_line_id`,
        [shipmentId],
      );
      const packages = await query<ShipmentRecord['packages'][number]>(
        knex,
        'select carrier, tracking_number as "trackingNumber" from fulfillment.package where shipment_id = ? order by position',
        [shipmentId],
      );
      const outcomes = (await readOutcomes(knex, [shipmentId])).get(shipmentId) ?? [];
      return { shipmentId, ...shipment, lines, packages, outcomes };
    },
  };
}

async function open(trx: Knex.Transaction, request: OpenRequest): Promise<string[]> {
  const opening = request.opening ?? { status: 'OPEN' };
  const lines = request.groups.flatMap((group) =>
    group.lines.map((line, index) => ({ ...line, position: index + 1, locationId: group.locationId })),
  );
  const components = lines.flatMap(({ lineId, locationId, components = [] }) =>
    components.map((component) => ({ ...component, lineId, locationId })),
  );
  await query(
    trx,
    `with f as (
       insert into fulfillment.fulfillment_order (id, order_id, channel_code, customer_id, location_id, status, request_status, delivery_method, service_level, source_key, trace_id, fulfil_at, ship_by)
       select n.id, ?, ?, ?, n.location_id, ?, 'UNSUBMITTED', ?, ?, ?, ?, ?, ? from unnest(?::text[], ?::text[]) as n(id, location_id)
       on conflict (source_key, location_id) do nothing returning id, location_id
     ), l as (
       insert into fulfillment.fulfillment_order_line (id, fulfillment_order_id, position, order_line_id, sku, quantity)
       select n.id, f.id, n.position, n.line_id, n.sku, n.quantity
       from f join unnest(?::text[], ?::text[], ?::int[], ?::text[], ?::text[], ?::int[]) as n(id, location_id, position, line_id, sku, quantity)
         on n.location_id = f.location_id
     )
     insert into fulfillment.work_component (fulfillment_order_id, line_ref, order_line_id, sku, per_unit)
     select f.id, n.line_id || '/' || n.sku, n.line_id, n.sku, n.per_unit
     from f join unnest(?::text[], ?::text[], ?::text[], ?::int[]) as n(location_id, line_id, sku, per_unit) on n.location_id = f.location_id`,
    [
      request.orderId,
      request.channelCode,
      request.customerId,
      opening.status,
      request.deliveryMethod,
      request.serviceLevel,
      request.key,
      request.traceId,
      opening.fulfilAt ?? null,
      request.shipBy ?? null,
      request.groups.map(() => newId('fulfillmentOrder')),
      request.groups.map((group) => group.locationId),
      lines.map(() => newId('fulfillmentOrderLine')),
      lines.map((line) => line.locationId),
      lines.map((line) => line.position),
      lines.map((line) => line.lineId),
      lines.map((line) => line.sku),
      lines.map((line) => line.quantity),
      components.map((component) => component.locationId),
      components.map((component) => component.lineId),
      components.map((component) => component.sku),
      components.map((component) => component.perUnit),
    ],
  );
  const work = await query<FulfillmentOrder>(
    trx,
    `select ${WORK_COLUMNS} from fulfillment.fulfillment_order f where f.source_key = ? for update`,
    [request.key],
  );
  for (const created of work.filter((row) => row.revision === 0)) {
    await changeWork(
      trx,
      created,
      { status: opening.status, requestStatus: 'UNSUBMITTED' },
      await readLines(trx, created.id),
    );
  }
  if (request.replaces !== undefined) {
    await query(
      trx,
      'insert into fulfillment.successor (work_id, successor_id) select ?, unnest(?::text[]) on conflict do nothing',
      [request.replaces, work.map((row) => row.id)],
    );
  }
  const idByLocation = new Map(work.map((row) => [row.locationId, row.id]));
  return request.groups.flatMap((group) => idByLocation.get(group.locationId) ?? []);
}

/** Pieces of work that one round of housekeeping takes. */
const BATCH = 200;

async function openScheduled(trx: Knex.Transaction, now: Date): Promise<number> {
  const due = await query<FulfillmentOrder>(
    trx,
    `select ${WORK_COLUMNS} from fulfillment.fulfillment_order f where f.status = 'SCHEDULED' and f.fulfil_at <= ?
     order by f.fulfil_at limit ? for update skip locked`,
    [now, BATCH],
  );
  for (const work of due)
    await changeWork(trx, work, { status: 'OPEN', requestStatus: work.requestStatus }, await readLines(trx, work.id));
  return due.length;
}

async function submit(trx: Knex.Transaction, fulfillmentOrderId: string): Promise<SubmittedWork | null> {
  const work = await lockWork(trx, fulfillmentOrderId);
  if (!work || work.status === 'CANCELLED' || work.status === 'ON_HOLD' || work.status === 'SCHEDULED') return null;
  const lines = await readLines(trx, work.id);
  const components = await readComponents(trx, work.id);
  if (work.requestStatus === 'UNSUBMITTED')
    await changeWork(trx, work, { status: work.status, requestStatus: 'SUBMITTED' }, lines);
  return {
    fulfillmentOrderId: work.id,
    orderId: work.orderId,
    locationId: work.locationId,
    deliveryMethod: work.deliveryMethod,
    serviceLevel: work.serviceLevel,
    // What was asked, not what is left: a repeated request must be the same request.
    lines: lines.flatMap((line) => (line.quantity > 0 ? linesForNode(line, components) : [])),
  };
}

/** What the node is asked to pick for a line: its own goods, or so many whole sets of its components. */
function linesForNode(line: FulfillmentOrderLine, components: readonly WorkComponent[]): SubmittedWork['lines'] {
  const { orderLineId, sku, quantity } = line;
  const parts = components.filter((component) => component.orderLineId === orderLineId);
  if (parts.length === 0) return [{ lineRef: orderLineId, orderLineId, sku, quantity }];
  return parts.map((part) => ({
    lineRef: part.lineRef,
    orderLineId,
    sku: part.sku,
    quantity: quantity * part.perUnit,
    set: { ref: orderLineId, perSet: part.perUnit },
  }));
}
