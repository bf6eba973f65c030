import type { Knex } from 'knex';
import { prepared } from '../../../platform/db/query.ts';
import { allocationRows, lineRows, orderRow } from '../commands/insert-order.ts';
import type { PlaceResult } from '../commands/place.ts';
import type { Draft } from './draft.ts';
import type { CaptureRequest } from './request.ts';

/** A request of a batch with its plan. */
export interface Member {
  readonly request: CaptureRequest;
  readonly draft: Draft;
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
    'select i, kind, result, placed_at from orders.place_orders(?::json, ?::json, ?::json, ?::json, ?::json, ?::json)',
    [claims, orders, lines, takes, withheld, events].map((rows) => JSON.stringify(members.flatMap(rows))),
  );
}

/** What PostgreSQL's JSON cannot hold: the null character and halves of surrogate pairs, in JavaScript's spelling. */
const UNSTORABLE = /\\u0000|\\ud[89a-f]/;

/** Whether a member can go in the JSON of a batch. One that cannot would make the whole statement fail. */
export function isStorable({ request, draft }: Member): boolean {
  return !UNSTORABLE.test(JSON.stringify([request.key.key, request.input, draft.events, request.caller.customerId]));
}

type Rows = (member: Member, i: number) => object | object[];

const claims: Rows = ({ request: { key }, draft }, i) => {
  const answer: PlaceResult = { orderId: draft.order.id, refusals: [] };
  return { i, scope: key.scope, key: key.key, hash: key.hash.toString('hex'), answer };
};

const orders: Rows = ({ draft }, i) => ({ ...orderRow(draft.order, i), reservation_id: draft.reservationId });

const lines: Rows = ({ draft }, i) => lineRows(draft.order, i);

const takes: Rows = ({ draft }, i) => allocationRows(draft.order, i);

const withheld: Rows = ({ draft }, i) => draft.withheld.map((kept) => ({ i, ...kept }));

const events: Rows = ({ draft }, i) => draft.events.map((event) => ({ i, ...event }));
