import type { Knex } from 'knex';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { parseMoney } from '../../../platform/money.ts';
import { fingerprint } from '../../kit/fingerprint.ts';
import { Refusal, referenceReused } from '../../kit/refusal.ts';
import type { DeskOrder, DeskOrderRequest, MarketplaceOrderRequest } from '../wire.ts';
import { requireDeskOrder } from './desk-orders.ts';

export interface Intake {
  readonly order: DeskOrder;
  /** False when the request was a repetition. */
  readonly created: boolean;
}

/**
 * Registers the client's order once per client reference. When a marketplace has left the same order at the desk
 * (same channel, number and goods), the client takes that one over instead of making a second.
 *
 * @param acknowledgeAfterMillis 0 acknowledges it at once
 * @throws Refusal 409 REFERENCE_REUSED, 409 CHANNEL_ORDER_KNOWN, 409 POSITIONS_DIFFER
 */
export async function registerDeskOrder(
  knex: Knex,
  request: DeskOrderRequest,
  acknowledgeAfterMillis: number,
): Promise<Intake> {
  const known = await ownOrder(knex, request);
  if (known) return known;
  const deskNo = await insertOrder(knex, {
    ...request,
    origin: 'CLIENT',
    clientFingerprint: fingerprint(request),
    marketplaceFingerprint: null,
    acknowledgeAfterMillis,
  });
  if (deskNo !== null) return { order: await requireDeskOrder(knex, deskNo), created: true };
  // Someone was first: this request a second time, or the channel's number is taken.
  return (await ownOrder(knex, request)) ?? takeOver(knex, request, acknowledgeAfterMillis);
}

/**
 * Stores a marketplace's order once per marketplace and number. It is acknowledged when the client has imported it.
 *
 * @throws Refusal 409 REFERENCE_REUSED
 */
export async function receiveMarketplaceOrder(knex: Knex, request: MarketplaceOrderRequest): Promise<Intake> {
  const { marketplace, marketplaceOrderNo, ...rest } = request;
  const marketplaceFingerprint = fingerprint(request);
  const deskNo = await insertOrder(knex, {
    ...rest,
    origin: 'MARKETPLACE',
    clientRef: null,
    clientFingerprint: null,
    marketplaceFingerprint,
    channelRef: marketplace,
    channelOrderNo: marketplaceOrderNo,
    acknowledgeAfterMillis: null,
  });
  if (deskNo !== null) return { order: await requireDeskOrder(knex, deskNo), created: true };
  const known = await repeated(
    knex,
    'marketplace',
    'channel_ref = ? and channel_order_no = ?',
    [marketplace, marketplaceOrderNo],
    marketplaceFingerprint,
  );
  if (!known) throw new Error('an order that exists cannot be found');
  return known;
}

const ownOrder = (knex: Knex, request: DeskOrderRequest): Promise<Intake | null> =>
  repeated(knex, 'client', 'client_ref = ?', [request.clientRef], fingerprint(request));

/** The order that was made of this request before. Null when there is none. @throws Refusal 409 when it says something else */
async function repeated(
  knex: Knex,
  sender: 'client' | 'marketplace',
  condition: string,
  bindings: readonly string[],
  expected: string,
): Promise<Intake | null> {
  const { rows } = await knex.raw<{ rows: { desk_no: string; fingerprint: string | null }[] }>(
    `select desk_no, ${sender}_fingerprint as fingerprint from oms.desk_order where ${condition}`,
    [...bindings],
  );
  const [known] = rows;
  if (!known) return null;
  if (known.fingerprint !== expected) throw referenceReused(bindings.join(' '));
  return { order: await requireDeskOrder(knex, known.desk_no), created: false };
}

type NewOrder = Omit<DeskOrderRequest, 'clientRef'> & {
  readonly origin: DeskOrder['origin'];
  readonly clientRef: string | null;
  readonly clientFingerprint: string | null;
  readonly marketplaceFingerprint: string | null;
  /** Null: never by itself. */
  readonly acknowledgeAfterMillis: number | null;
};

/**
 * One statement, so that the feed's counter is locked for no longer than its commit takes.
 *
 * @returns number of the new order, null when its reference or its channel's number exists
 */
async function insertOrder(knex: Knex, order: NewOrder): Promise<string | null> {
  const { rows } = await knex.raw<{ rows: { desk_no: string }[] }>(
    `with inserted as (
       insert into oms.desk_order
         (origin, client_ref, client_fingerprint, marketplace_fingerprint, channel_ref, channel_order_no, currency,
          deliver_to, state, acknowledged_at, acknowledge_due_at, change_no)
       select ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ${ACKNOWLEDGEMENT}, oms.take_feed_numbers('desk_order', 1)
       from (select ?::float8 as delay) as acknowledgement
       on conflict do nothing
       returning desk_no
     ), positions as (
       insert into oms.position (desk_no, pos_no, pos_ref, item_code, qty, unit_price_minor)
       select desk_no, given.* from inserted, ${POSITIONS}
     )
     select desk_no from inserted`,
    [
      order.origin,
      order.clientRef,
      order.clientFingerprint,
      order.marketplaceFingerprint,
      order.channelRef,
      order.channelOrderNo,
      order.currency,
      order.deliverTo === null ? null : JSON.stringify(order.deliverTo),
      order.acknowledgeAfterMillis,
      ...positionColumns(order),
    ],
  );
  return rows[0]?.desk_no ?? null;
}

/** State, time of acknowledgement, and when the worker makes one; `delay` in milliseconds, 0 now, null never. */
const ACKNOWLEDGEMENT = `
  case delay when 0 then 'ACKNOWLEDGED' else 'RECEIVED' end,
  case delay when 0 then now() end,
  now() + delay * interval '1 millisecond'`;

const POSITIONS = `
  (select pos_no, pos_ref, item_code, qty, price
   from unnest(?::text[], ?::text[], ?::int[], ?::bigint[])
     with ordinality as columns (pos_ref, item_code, qty, price, pos_no)) as given`;

const positionColumns = ({ positions, currency }: Pick<DeskOrderRequest, 'positions' | 'currency'>) => [
  positions.map((one) => one.posRef),
  positions.map((one) => one.itemCode),
  positions.map((one) => one.qty),
  positions.map((one) => parseMoney(one.unitPrice, currency).amountMinor.toString()),
];

/** Makes the order that a marketplace left the client's own. */
async function takeOver(knex: Knex, request: DeskOrderRequest, acknowledgeAfterMillis: number): Promise<Intake> {
  return inTransaction(knex, async (trx) => {
    const { rows } = await trx.raw<{ rows: { desk_no: string }[] }>(
      'select desk_no from oms.desk_order where channel_ref = ? and channel_order_no = ? for no key update',
      [request.channelRef, request.channelOrderNo],
    );
    // The same request may have taken it over while this one waited for the lock.
    const own = await ownOrder(trx, request);
    if (own) return own;
    const order = await requireDeskOrder(trx, rows[0]?.desk_no ?? '');
    refuseOtherOrder(order, request);
    await trx.raw('delete from oms.position where desk_no = ?', [order.deskNo]);
    await trx.raw(
      `insert into oms.position (desk_no, pos_no, pos_ref, item_code, qty, unit_price_minor)
       select ?, given.* from ${POSITIONS}`,
      [order.deskNo, ...positionColumns(request)],
    );
    await trx.raw(
      `update oms.desk_order set client_ref = ?, client_fingerprint = ?,
         (state, acknowledged_at, acknowledge_due_at) =
           (select ${ACKNOWLEDGEMENT} from (select ?::float8 as delay) as acknowledgement),
         change_no = oms.take_feed_numbers('desk_order', 1)
       where desk_no = ?`,
      [request.clientRef, fingerprint(request), acknowledgeAfterMillis, order.deskNo],
    );
    return { order: await requireDeskOrder(trx, order.deskNo), created: true };
  });
}

function refuseOtherOrder(order: DeskOrder, request: DeskOrderRequest): void {
  const { deskNo } = order;
  if (order.clientRef !== null || order.state !== 'RECEIVED') {
    throw new Refusal(409, 'CHANNEL_ORDER_KNOWN', `${request.channelRef} order is ${deskNo}`, { deskNo });
  }
  const goods = (positions: DeskOrderRequest['positions']) =>
    positions
      .map(({ itemCode, qty }) => `${itemCode} ${qty}`)
      .sort()
      .join();
  if (goods(order.positions) !== goods(request.positions) || order.currency !== request.currency) {
    throw new Refusal(409, 'POSITIONS_DIFFER', `${deskNo} has other goods`, { deskNo });
  }
}
