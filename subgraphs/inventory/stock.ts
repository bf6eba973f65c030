import type { Knex } from 'knex';
import { writeEvents } from '../../events/outbox.ts';
import { groupBy } from '../../platform/batch.ts';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError } from '../../platform/errors.ts';
import { locationsById } from './locations.ts';
import type { StockSource } from './port.ts';
import { applyOwnBookings } from './projection.ts';
import { countPutAside } from './unsellable.ts';

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

/** Where the units of an order may come from. */
export interface OrderSources {
  readonly nodes: readonly { readonly locationId: string; readonly code: string; readonly priority: number }[];
  /** Committed to the order's lines and not gone yet. */
  readonly own: readonly Allocation[];
  /** What the order's channel could take at each node, as of the warehouse's last word about it. */
  readonly free: readonly (Omit<Allocation, 'lineId'> & { readonly raisedAt: Date | null })[];
  /** Units that wait for stock; `locationId` when only that one may serve them. */
  readonly waiting: readonly (LineUnits & { readonly sku: string; readonly locationId: string | null })[];
  /** Of what it waits for: how much of what is free its channel may have, of all nodes together or of that one. */
  readonly most: readonly { readonly sku: string; readonly locationId: string | null; readonly quantity: number }[];
}

export interface StockMove {
  readonly key: string;
  readonly orderId: string;
  readonly moves: readonly (LineUnits & {
    readonly sku: string;
    /** Null: the units wait, or are to wait. */
    readonly from: string | null;
    readonly to: string | null;
  })[];
  /** Told with the units that get a node. */
  readonly announce?: { readonly explanation: string; readonly channelCode: string; readonly traceId: string };
}

/** An order in the queue of those who wait for a SKU. */
export interface WaitingOrder {
  readonly orderId: string;
  /** Since when, to the microsecond. */
  readonly since: string;
}

/** Committed stock, for those who move orders. */
export interface Stock {
  /** What is committed to an order and has not left yet, per line and node. */
  allocationsOf(orderId: string): Promise<Allocation[]>;

  /**
   * Where the order's units are and could be: at the nodes that serve orders without a location, and at those that
   * hold units of it already. Units as they are sold: a bundle counts as one.
   */
  sourcesOf(orderId: string, skus: readonly string[]): Promise<OrderSources>;

  /** What people call a location; its id when it is not known. */
  codeOf(locationId: string): Promise<string>;

  /**
   * The order with the oldest promise, or the one `after` another, that waits for this SKU, alone or in a bundle, and whose
   * channel may have some of what is there. Null: nobody does.
   */
  nextWaiting(sku: string, after: WaitingOrder | null): Promise<WaitingOrder | null>;

  /**
   * Moves units of an order between nodes and the queue of those who wait (`null`): all of them, or none when they are
   * not where they are taken from or what they need is gone. One decision per `key`, also a refusal. `announce` tells
   * others of units that waited and have a node now, in the same transaction.
   * @returns whether they moved, now or before
   */
  move(request: StockMove): Promise<boolean>;

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

  /** Has the warehouse count returned units that are not for sale. Once per `key`; no balance changes. */
  putAside(
    receipt: {
      readonly key: string;
      readonly locationId: string;
      readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly condition: string }[];
    },
    signal: AbortSignal,
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

async function moveUnits(trx: Knex.Transaction, { key, orderId, moves, announce }: StockMove): Promise<boolean> {
  const [row] = await query<{ outcome: 'MOVED' | 'KNOWN' | 'REFUSED' }>(
    trx,
    'select inventory.move_order(?, ?, ?::text[], ?::text[], ?::int[], ?::text[], ?::text[]) as outcome',
    [
      key,
      orderId,
      moves.map((move) => move.lineId),
      moves.map((move) => move.sku),
      moves.map((move) => move.quantity),
      moves.map((move) => move.from),
      moves.map((move) => move.to),
    ],
  );
  const lines = moves.flatMap(({ lineId, sku, quantity, from, to }) =>
    from === null && to !== null ? [{ lineId, sku, locationId: to, quantity }] : [],
  );
  if (announce && row?.outcome === 'MOVED' && lines.length > 0) {
    await writeEvents(trx, [
      {
        type: 'backorder-allocated.v1',
        subject: key,
        version: 1,
        channelCode: announce.channelCode,
        traceId: announce.traceId,
        data: { decisionId: key, orderId, lines, explanation: announce.explanation },
      },
    ]);
  }
  return row?.outcome !== 'REFUSED';
}

export function createStock(deps: { knex: Knex; source: StockSource }): Stock {
  const { knex, source } = deps;
  const locationOf = async (locationId: string) => {
    const location = (await locationsById(knex, [locationId])).get(locationId);
    if (!location) throw new CommerceError('NOT_FOUND', 'there is no such location', { locationId });
    return location;
  };
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

    async sourcesOf(orderId, skus) {
      const rows = await query<{
        kind: 'OWN' | 'FREE' | 'WAITING' | 'MAY';
        lineId: string;
        sku: string;
        locationId: string;
        quantity: number;
        raisedAt: Date | null;
      }>(
        knex,
        `select kind, line_id as "lineId", sku, location_id as "locationId", quantity,
                case when kind = 'FREE' then inventory.raised_at(sku, location_id) end as "raisedAt"
         from inventory.order_sources(?, ?::text[]) order by kind, line_id, sku, location_id`,
        [orderId, skus],
      );
      const own: Allocation[] = [];
      const free: OrderSources['free'][number][] = [];
      const waiting: OrderSources['waiting'][number][] = [];
      const most: OrderSources['most'][number][] = [];
      for (const { kind, lineId, sku, locationId, quantity, raisedAt } of rows) {
        if (kind === 'OWN') own.push({ lineId, sku, locationId, quantity });
        else if (kind === 'FREE') free.push({ sku, locationId, quantity, raisedAt });
        else if (kind === 'MAY') most.push({ sku, locationId, quantity });
        else waiting.push({ lineId, sku, locationId, quantity });
      }
      const nodes = await query<OrderSources['nodes'][number]>(
        knex,
        `select id as "locationId", code, priority from inventory.location where shippable or id = any (?::text[])
         order by priority, code`,
        [own.map((row) => row.locationId)],
      );
      return { nodes, own, free, waiting, most };
    },

    codeOf: async (locationId) => (await locationsById(knex, [locationId])).get(locationId)?.code ?? locationId,

    async nextWaiting(sku, after) {
      const [next] = await query<WaitingOrder>(
        knex,
        'select order_id as "orderId", since::text from inventory.next_waiting(?, ?, ?)',
        [sku, after?.since ?? null, after?.orderId ?? null],
      );
      return next ?? null;
    },

    move: (request) => inTransaction(knex, (trx) => moveUnits(trx, request)),

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

    async putAside(receipt, signal) {
      const location = await locationOf(receipt.locationId);
      const lines = receipt.lines.map((line, index) => ({ ...line, lineRef: String(index + 1) }));
      await source.putAside({ key: receipt.key, siteCode: location.code, lines }, signal);
      await countPutAside(
        knex,
        receipt.key,
        lines.map((line) => ({ ...line, locationId: location.id })),
      );
    },

    async returnToStock(receipt, signal) {
      const location = await locationOf(receipt.locationId);
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
