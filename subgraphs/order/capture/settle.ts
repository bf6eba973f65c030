import type { Knex } from 'knex';
import { prepared } from '../../../platform/db/query.ts';
import { recipesOf, takeRows } from '../../../platform/supply/rows.ts';
import { lineRows, orderRow } from '../commands/insert-order.ts';
import { type PlaceResult, placedResult } from '../commands/place.ts';
import type { Draft, Refused } from './draft.ts';
import type { CaptureRequest } from './request.ts';

/** A request of a batch with its plan. */
export interface Member {
  readonly request: CaptureRequest;
  readonly draft: Draft;
}

/** A request of a batch that is refused. */
export interface RefusedMember {
  readonly request: CaptureRequest;
  readonly refused: Refused;
}

/** What became of a member. Whoever has no row was not touched. */
export interface SettledRow {
  /** Place of the member in the batch. */
  readonly i: number;
  readonly kind: 'DONE' | 'REPLAY' | 'CONFLICT';
  /** The stored answer, with REPLAY. */
  readonly result: PlaceResult | null;
  /** With DONE. */
  readonly placed_at: Date | null;
}

/**
 * Writes the orders of a batch, with their stock, events and idempotency records, in one statement that is its own
 * transaction: no lock outlives it, and none is held while this process thinks.
 */
export function settle(knex: Knex, members: readonly Member[]): Promise<SettledRow[]> {
  return prepared<SettledRow>(
    knex,
    'select i, kind, result, placed_at from orders.place_orders(?::json, ?::json, ?::json, ?::json, ?::json, ?::json, ?::json)',
    [claims, places, orders, lines, takes, withheld, events].map((rows) => JSON.stringify(members.flatMap(rows))),
  );
}

/** Keeps the refusals of a batch under their keys, in one statement. An order that its channel placed before is not touched. */
export function refuse(knex: Knex, members: readonly RefusedMember[]): Promise<SettledRow[]> {
  const claims = members.map(({ request, refused }, i) => claim(request, refusalAnswer(refused), i));
  const orders = members.map(({ request: { channel, input } }, i) => ({
    i,
    channel_code: channel.code,
    channel_order_id: input.channelOrderId ?? null,
  }));
  return prepared<SettledRow>(
    knex,
    'select i, kind, result, null::timestamptz as placed_at from orders.refuse_orders(?::json, ?::json)',
    [claims, orders].map((rows) => JSON.stringify(rows)),
  );
}

export function refusalAnswer({ refusals }: Refused): PlaceResult {
  return { orderId: null, refusals };
}

function claim({ key }: CaptureRequest, answer: PlaceResult, i: number): object {
  return { i, scope: key.scope, key: key.key, hash: key.hash.toString('hex'), answer };
}

type Rows = (member: Member, i: number) => object | object[];

const claims: Rows = ({ request, draft }, i) => claim(request, placedResult(draft.order), i);

/** What is asked of every order several times on the way: what few have is left out, so that it is read fast. */
const places: Rows = ({ draft: { order, reservationId, holdId, reacquires, recipes } }, i) => ({
  i,
  id: order.id,
  reservation_id: reservationId,
  channel_code: order.channel.code,
  ...(order.channelOrderId === null ? {} : { channel_order_id: order.channelOrderId }),
  ...(holdId === null ? {} : { hold_id: holdId }),
  ...(reacquires === null ? {} : { reacquires }),
  ...(recipes.size === 0 ? {} : { recipes: recipesOf(recipes) }),
});

const orders: Rows = ({ draft }, i) => orderRow(draft.order, i);

const lines: Rows = ({ draft }, i) => lineRows(draft.order, i);

/** What is committed, sets as their parts; and, without a location, what is waited for. */
const takes: Rows = ({ draft: { order, recipes } }, i) => {
  const skuOf = new Map(order.lines.map((line) => [line.id, line.sku]));
  const taken = order.allocations.flatMap(({ lineId, locationId, quantity }, index) => {
    const sku = skuOf.get(lineId) ?? '';
    const take = { item: sku, source: locationId, units: quantity };
    return takeRows(take, { i, line_id: lineId }, recipes.get(sku) ?? null, index + 1);
  });
  const waits = order.lines.filter((line) => line.backordered > 0);
  return [...taken, ...waits.map((line) => ({ i, line_id: line.id, sku: line.sku, quantity: line.backordered }))];
};

const withheld: Rows = ({ draft }, i) => [...draft.withheld].map(([sku, units]) => ({ i, sku, units }));

const events: Rows = ({ draft }, i) => draft.events.map((event) => ({ i, ...event }));
