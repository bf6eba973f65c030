import type { Knex } from 'knex';
import { groupBy } from '../../platform/batch.ts';
import type { Caller } from '../../platform/caller.ts';
import { query } from '../../platform/db/query.ts';
import { type Connection, type PageArgs, readPage, timeKey, toConnection } from '../../platform/graphql/connection.ts';
import type { FulfillmentOrder, FulfillmentOrderLine, Package, PackageLine, Shipment, TrackingEvent } from './model.ts';
import {
  PACKAGE_COLUMNS,
  PACKAGE_LINE_COLUMNS,
  SHIPMENT_COLUMNS,
  TRACKING_EVENT_COLUMNS,
  WORK_COLUMNS,
  WORK_LINE_COLUMNS,
} from './rows.ts';

export interface FulfillmentOrderFilter {
  readonly locationId?: string | null;
  readonly status?: readonly string[] | null;
  readonly requestStatus?: readonly string[] | null;
  readonly updatedSince?: string | null;
}

/** Set-based reads: one statement per call, whatever the number of keys. */
export function createFulfillmentReader(knex: Knex) {
  const byId = <Row extends { id: string }>(rows: readonly Row[]) => new Map(rows.map((row) => [row.id, row]));
  return {
    async workById(ids: readonly string[]): Promise<Map<string, FulfillmentOrder>> {
      return byId(
        await query<FulfillmentOrder>(
          knex,
          `select ${WORK_COLUMNS} from fulfillment.fulfillment_order f where f.id = any(?)`,
          [ids],
        ),
      );
    },
    async workByOrder(orderIds: readonly string[]): Promise<Map<string, FulfillmentOrder[]>> {
      const rows = await query<FulfillmentOrder>(
        knex,
        `select ${WORK_COLUMNS} from fulfillment.fulfillment_order f where f.order_id = any(?) order by f.created_at, f.id`,
        [orderIds],
      );
      return groupBy(rows, (row) => row.orderId);
    },
    /** Ids of the work that took over units of each. */
    async successorsByWork(ids: readonly string[]): Promise<Map<string, string[]>> {
      const rows = await query<{ id: string; successor: string }>(
        knex,
        'select work_id as id, successor_id as successor from fulfillment.successor where work_id = any(?) order by work_id, successor_id',
        [ids],
      );
      return new Map([...groupBy(rows, (row) => row.id)].map(([id, of]) => [id, of.map((row) => row.successor)]));
    },
    async linesByWork(ids: readonly string[]): Promise<Map<string, FulfillmentOrderLine[]>> {
      const rows = await query<FulfillmentOrderLine>(
        knex,
        `select ${WORK_LINE_COLUMNS} from fulfillment.fulfillment_order_line l where l.fulfillment_order_id = any(?) order by l.fulfillment_order_id, l.position`,
        [ids],
      );
      return groupBy(rows, (row) => row.fulfillmentOrderId);
    },
    async shipmentsById(ids: readonly string[]): Promise<Map<string, Shipment>> {
      return byId(
        await query<Shipment>(knex, `select ${SHIPMENT_COLUMNS} from fulfillment.shipment s where s.id = any(?)`, [
          ids,
        ]),
      );
    },
    async shipmentsByOrder(orderIds: readonly string[]): Promise<Map<string, Shipment[]>> {
      const rows = await query<Shipment>(
        knex,
        `select ${SHIPMENT_COLUMNS} from fulfillment.shipment s where s.order_id = any(?) order by s.shipped_at, s.id`,
        [orderIds],
      );
      return groupBy(rows, (row) => row.orderId);
    },
    async shipmentsByWork(ids: readonly string[]): Promise<Map<string, Shipment[]>> {
      const rows = await query<Shipment>(
        knex,
        `select ${SHIPMENT_COLUMNS} from fulfillment.shipment s where s.fulfillment_order_id = any(?) order by s.shipped_at, s.id`,
        [ids],
      );
      return groupBy(rows, (row) => row.fulfillmentOrderId);
    },
    async packagesByShipment(ids: readonly string[]): Promise<Map<string, Package[]>> {
      const rows = await query<Package>(
        knex,
        `select ${PACKAGE_COLUMNS} from fulfillment.package p where p.shipment_id = any(?) order by p.shipment_id, p.position`,
        [ids],
      );
      return groupBy(rows, (row) => row.shipmentId);
    },
    async linesByPackage(ids: readonly string[]): Promise<Map<string, PackageLine[]>> {
      const rows = await query<PackageLine>(
        knex,
        `select ${PACKAGE_LINE_COLUMNS} from fulfillment.package_line l where l.package_id = any(?) order by l.package_id, l.position`,
        [ids],
      );
      return groupBy(rows, (row) => row.packageId);
    },
    async trackingByPackage(ids: readonly string[]): Promise<Map<string, TrackingEvent[]>> {
      const rows = await query<TrackingEvent>(
        knex,
        `select ${TRACKING_EVENT_COLUMNS} from fulfillment.tracking_event t where t.package_id = any(?) order by t.package_id, t.occurred_at, t.id`,
        [ids],
      );
      return groupBy(rows, (row) => row.packageId);
    },

    /** Oldest first: the work that waits longest is on top. @throws CommerceError BAD_USER_INPUT for an unusable page */
    async queue(caller: Caller, filter: FulfillmentOrderFilter, args: PageArgs): Promise<Connection<FulfillmentOrder>> {
      const page = readPage(args, 2);
      const forward = page.direction === 'forward';
      const select = knex('fulfillment.fulfillment_order as f')
        .select(knex.raw(`${WORK_COLUMNS}, (extract(epoch from f.created_at) * 1000000)::bigint as "createdKey"`))
        .limit(page.size + 1)
        .orderBy([
          { column: 'f.created_at', order: forward ? 'asc' : 'desc' },
          { column: 'f.id', order: forward ? 'asc' : 'desc' },
        ]);
      if (caller.channel) select.where('f.channel_code', caller.channel.code);
      if (filter.locationId != null) select.where('f.location_id', filter.locationId);
      if (filter.status != null) select.whereIn('f.status', [...filter.status]);
      if (filter.requestStatus != null) select.whereIn('f.request_status', [...filter.requestStatus]);
      if (filter.updatedSince != null) select.where('f.updated_at', '>=', filter.updatedSince);
      if (page.cursor) {
        select.whereRaw(
          `(f.created_at, f.id) ${forward ? '>' : '<'} (to_timestamp(0) + (?::bigint * interval '1 microsecond'), ?)`,
          [timeKey(page.cursor[0]), String(page.cursor[1])],
        );
      }
      const rows = (await select) as (FulfillmentOrder & { createdKey: string })[];
      return toConnection(rows, page, { key: (row) => [row.createdKey, row.id], node: (row) => row });
    },
  };
}

export type FulfillmentReader = ReturnType<typeof createFulfillmentReader>;
