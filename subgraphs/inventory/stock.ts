import type { Knex } from 'knex';
import { groupBy } from '../../platform/batch.ts';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError } from '../../platform/errors.ts';
import { locationsById } from './locations.ts';
import type { StockSource } from './port.ts';
import { applyOwnBookings } from './projection.ts';

/** Units of an order line. */
export interface LineUnits {
  readonly lineId: string;
  /** 1 to 1,000,000. */
  readonly quantity: number;
}

/** Units of a component in one bundle. */
export interface Component {
  readonly sku: string;
  readonly perUnit: number;
}

export interface Allocation extends LineUnits {
  readonly sku: string;
  readonly locationId: string;
}

/** Committed stock, for those who move orders. */
export interface Stock {
  /** What is committed to an order and has not left yet, per line and node. */
  allocationsOf(orderId: string): Promise<Allocation[]>;

  /**
   * Gives committed stock of order lines back; of one location only when it is named. More than is committed is not given.
   * @returns what was given back
   */
  release(
    orderId: string,
    lines: readonly LineUnits[],
    locationId?: string,
  ): Promise<{ lineId: string; locationId: string; quantity: number }[]>;

  /**
   * Moves the committed stock of an order's units away from a node that gave them back, to nodes that have them.
   * An order for one location only is served by no other. One decision per `key`: a repetition gives the same rows.
   * @returns where each unit went; `locationId` null for units that no node has
   */
  reassign(request: {
    readonly key: string;
    readonly orderId: string;
    readonly lines: readonly (LineUnits & {
      /** Of bundles: units of components that left the node without the rest. They are not given back; what remains is. */
      readonly loose?: readonly { readonly sku: string; readonly quantity: number }[];
    })[];
    readonly refusedLocationId: string;
  }): Promise<{ lineId: string; locationId: string | null; quantity: number }[]>;

  /**
   * What those of the order lines that are bundles consist of, as it was when their stock was committed at a location;
   * with null, what their goods that left consisted of. Lines that are no bundles are not in the answer.
   */
  componentsOf(lineIds: readonly string[], locationId: string | null): Promise<Map<string, Component[]>>;

  /**
   * Remembers which order line each line of a fulfillment order works for. The warehouse's goods issue names the
   * fulfillment order and its line; with this the feed knows whose stock left. Call it when the work is created;
   * repeating it changes nothing. In SQL: `inventory.assign_work`.
   */
  assignWork(
    fulfillmentOrderId: string,
    lines: readonly { readonly lineRef: string; readonly orderLineId: string }[],
  ): Promise<void>;

  /**
   * Puts sellable units that came back on the shelf, in the warehouse system first. One effect per `key`.
   * @throws CommerceError NOT_FOUND for an unknown location, and what the warehouse system's port throws
   */
  returnToStock(
    receipt: {
      readonly key: string;
      readonly locationId: string;
      readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
    },
    signal: AbortSignal,
  ): Promise<void>;
}

export function createStock(deps: { knex: Knex; source: StockSource }): Stock {
  const { knex, source } = deps;
  return {
    allocationsOf: (orderId) =>
      query<Allocation>(
        knex,
        `select line.order_line_id as "lineId", line.sku, line.location_id as "locationId",
                sum(line.quantity - line.consumed - line.released)::int as quantity
         from inventory.reservation join inventory.reservation_line line on line.reservation_id = reservation.id
         where reservation.order_id = ? and line.state = 'COMMITTED'
         group by 1, 2, 3 order by min(line.id)`,
        [orderId],
      ),

    release: (orderId, lines, locationId) =>
      inTransaction(knex, (trx) =>
        query(
          trx,
          'select line_id as "lineId", location_id as "locationId", quantity from inventory.release_order(?, ?::text[], ?::int[], ?)',
          [orderId, lines.map((line) => line.lineId), lines.map((line) => line.quantity), locationId ?? null],
        ),
      ),

    reassign: (request) =>
      inTransaction(knex, (trx) =>
        query(
          trx,
          'select line_id as "lineId", location_id as "locationId", quantity from inventory.reassign_order(?, ?, ?::text[], ?::int[], ?, ?::jsonb)',
          [
            request.key,
            request.orderId,
            request.lines.map((line) => line.lineId),
            request.lines.map((line) => line.quantity),
            request.refusedLocationId,
            JSON.stringify(
              request.lines.flatMap(({ lineId, loose = [] }) => loose.map((units) => ({ lineId, ...units }))),
            ),
          ],
        ),
      ),

    async componentsOf(lineIds, locationId) {
      const rows = await query<Component & { lineId: string }>(
        knex,
        'select order_line_id as "lineId", sku, per_unit as "perUnit" from inventory.components_of_lines(?::text[], ?)',
        [lineIds, locationId],
      );
      return new Map(
        [...groupBy(rows, (row) => row.lineId)].map(([lineId, parts]) => [
          lineId,
          parts.map(({ sku, perUnit }) => ({ sku, perUnit })),
        ]),
      );
    },

    async assignWork(fulfillmentOrderId, lines) {
      await query(knex, 'select inventory.assign_work(?, ?::text[], ?::text[])', [
        fulfillmentOrderId,
        lines.map((line) => line.lineRef),
        lines.map((line) => line.orderLineId),
      ]);
    },

    async returnToStock(receipt, signal) {
      const location = (await locationsById(knex, [receipt.locationId])).get(receipt.locationId);
      if (!location)
        throw new CommerceError('NOT_FOUND', 'there is no such location', { locationId: receipt.locationId });
      const bookings = await source.receiveReturn(
        {
          key: receipt.key,
          siteCode: location.code,
          lines: receipt.lines.map((line, index) => ({ ...line, lineRef: String(index + 1) })),
        },
        signal,
      );
      await inTransaction(knex, (trx) => applyOwnBookings(trx, bookings));
    },
  };
}
