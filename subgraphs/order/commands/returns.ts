import type { Knex } from 'knex';
import { recordAction } from '../../../platform/audit/audit.ts';
import { type Caller, maySee } from '../../../platform/caller.ts';
import { query } from '../../../platform/db/query.ts';
import { newId } from '../../../platform/ids.ts';
import { changeOrder, lockOrder, writeTimeline } from '../change.ts';
import type {
  OrderRefusal,
  ReturnAuthorizeErrorCode,
  ReturnReceiveErrorCode,
  ReturnRequestErrorCode,
} from '../errors.ts';
import {
  type DeliveryMethod,
  type Disposition,
  type OrderReturn,
  ownershipOf,
  RETURN_EXPIRY_DAYS,
  RETURN_WINDOW_DAYS,
  type ReturnLine,
  returnWindowOpen,
} from '../model.ts';
import { type ReturnLineRow, type ReturnRow, toReturn, toReturnLine } from '../rows.ts';
import { mayMove, RETURN_TRANSITIONS, type ReturnState } from '../states.ts';

export interface ReturnResult<Code extends string> {
  readonly returnId: string | null;
  readonly refusals: readonly OrderRefusal<Code>[];
}

export interface ReturnRequestInput {
  readonly lines: readonly {
    readonly orderLineId: string;
    readonly quantity: number;
    readonly reason: string;
    readonly note?: string | null;
  }[];
}

export interface ReturnReceiveInput {
  readonly locationId: string;
  readonly lines: readonly {
    readonly returnLineId: string;
    readonly quantity: number;
    readonly disposition: Disposition;
  }[];
}

/** Asks for permission to send delivered units back. Units already in another open return do not count again. */
export async function requestReturn(
  trx: Knex.Transaction,
  caller: Caller,
  orderId: string,
  input: ReturnRequestInput,
  now: Date,
): Promise<ReturnResult<ReturnRequestErrorCode>> {
  const found = await lockOrder(trx, orderId);
  if (!found || !maySee(caller, ownershipOf(found.order))) {
    return refuse(null, 'NOT_FOUND', ['orderId'], 'There is no such order.');
  }
  if (input.lines.length === 0 || input.lines.length > 1_000)
    return refuse(null, 'NOT_RETURNABLE', ['input', 'lines'], 'A return has 1 to 1,000 lines.');
  if (!returnWindowOpen(found.order, now)) {
    return refuse(
      null,
      'RETURN_PERIOD_ENDED',
      ['orderId'],
      `Returns are possible for ${RETURN_WINDOW_DAYS} days after delivery.`,
    );
  }
  const pending = await pendingUnits(trx, orderId);
  for (const [index, wish] of input.lines.entries()) {
    const line = found.lines.find((candidate) => candidate.id === wish.orderLineId);
    if (!line)
      return refuse(null, 'NOT_FOUND', ['input', 'lines', String(index), 'orderLineId'], 'The order has no such line.');
    const taken = (pending.get(line.id) ?? 0) + Math.max(0, wish.quantity);
    pending.set(line.id, taken);
    if (wish.quantity < 1 || taken > line.quantities.delivered - line.quantities.returned) {
      return refuse(
        null,
        'QUANTITY_EXCEEDS_DELIVERED',
        ['input', 'lines', String(index), 'quantity'],
        'Only delivered units that are in no other return can come back.',
      );
    }
  }
  const returnId = newId('return');
  const skus = new Map(found.lines.map((line) => [line.id, line.sku]));
  const rows = await query<{ number: string }>(
    trx,
    `with r as (
       insert into orders.return (id, number, order_id, state, refund_status, requested_at, expires_at)
       values (?, 'R' || nextval('orders.return_number'), ?, 'REQUESTED', 'NONE', now(), now() + ? * interval '1 day') returning id, number
     ), l as (
       insert into orders.return_line (id, return_id, position, order_line_id, sku, quantity, reason, note)
       select n.id, r.id, n.position, n.order_line_id, n.sku, n.quantity, n.reason, n.note
       from r, unnest(?::text[], ?::text[], ?::text[], ?::int[], ?::text[], ?::text[]) with ordinality
         as n(id, order_line_id, sku, quantity, reason, note, position)
     )
     select number from r`,
    [
      returnId,
      orderId,
      RETURN_EXPIRY_DAYS,
      input.lines.map(() => newId('returnLine')),
      input.lines.map((line) => line.orderLineId),
      input.lines.map((line) => skus.get(line.orderLineId) ?? ''),
      input.lines.map((line) => line.quantity),
      input.lines.map((line) => line.reason),
      input.lines.map((line) => line.note ?? null),
    ],
  );
  await writeTimeline(trx, orderId, caller.traceId, [
    { type: 'RETURN_REQUESTED', system: 'commerce', message: `Return ${rows[0]?.number ?? ''} requested` },
  ]);
  return { returnId, refusals: [] };
}

/** Permits a requested return. Repeating it on a permitted one is refused, as the table says. */
export async function authorizeReturn(
  trx: Knex.Transaction,
  caller: Caller,
  returnId: string,
): Promise<ReturnResult<ReturnAuthorizeErrorCode>> {
  const found = await lockReturn(trx, caller, returnId);
  if (!found) return refuse(null, 'NOT_FOUND', ['returnId'], 'There is no such return.');
  if (!mayMove(RETURN_TRANSITIONS, found.return.state, 'AUTHORIZED'))
    return refuse(returnId, 'ILLEGAL_TRANSITION', ['returnId'], illegal(found.return.state));
  await query(
    trx,
    `update orders.return set state = 'AUTHORIZED', expires_at = now() + ? * interval '1 day' where id = ?`,
    [RETURN_EXPIRY_DAYS, returnId],
  );
  await writeTimeline(trx, found.return.orderId, caller.traceId, [
    { type: 'RETURN_AUTHORIZED', system: 'commerce', message: `Return ${found.return.number} authorised` },
  ]);
  await recordAction(trx, caller, { action: 'returnAuthorize', subject: returnId, reason: null });
  return { returnId, refusals: [] };
}

/** Records units that arrived. Restocking, credit memo and refund follow from the event. */
export async function receiveReturn(
  trx: Knex.Transaction,
  caller: Caller,
  returnId: string,
  input: ReturnReceiveInput,
): Promise<ReturnResult<ReturnReceiveErrorCode>> {
  const found = await lockReturn(trx, caller, returnId);
  if (!found) return refuse(null, 'NOT_FOUND', ['returnId'], 'There is no such return.');
  const received = new Map(found.lines.map((line) => [line.id, line.received]));
  for (const [index, arrival] of input.lines.entries()) {
    const line = found.lines.find((candidate) => candidate.id === arrival.returnLineId);
    if (!line)
      return refuse(
        returnId,
        'NOT_FOUND',
        ['input', 'lines', String(index), 'returnLineId'],
        'The return has no such line.',
      );
    const total = (received.get(line.id) ?? 0) + Math.max(0, arrival.quantity);
    received.set(line.id, total);
    if (arrival.quantity < 1 || total > line.quantity) {
      return refuse(
        returnId,
        'QUANTITY_EXCEEDS_AUTHORIZED',
        ['input', 'lines', String(index), 'quantity'],
        `At most ${line.quantity} units of this line were permitted.`,
      );
    }
  }
  const complete = found.lines.every((line) => received.get(line.id) === line.quantity);
  const state: ReturnState = complete ? 'RECEIVED' : 'PARTIALLY_RECEIVED';
  if (input.lines.length === 0 || !mayMove(RETURN_TRANSITIONS, found.return.state, state)) {
    return refuse(returnId, 'ILLEGAL_TRANSITION', ['returnId'], illegal(found.return.state));
  }
  await saveArrivals(trx, returnId, state, input);
  const arrivals = await arrivalsOf(trx, found, input);
  await changeOrder(trx, found.return.orderId, {
    key: null,
    returned: arrivals,
    timeline: [
      {
        type: 'RETURN_RECEIVED',
        system: 'commerce',
        message: `Return ${found.return.number}: ${arrivals.reduce((sum, line) => sum + line.quantity, 0)} units received`,
      },
    ],
    events: [
      {
        type: 'return-received.v1',
        data: { returnId, orderId: found.return.orderId, locationId: input.locationId, complete, lines: arrivals },
      },
    ],
    traceId: caller.traceId,
  });
  // Money is given back for what somebody says has arrived: who said so, and in what state it was.
  const dispositions = [...new Set(input.lines.map(({ disposition }) => disposition))].sort().join(', ');
  await recordAction(trx, caller, { action: 'returnReceive', subject: returnId, reason: dispositions });
  return { returnId, refusals: [] };
}

/** What arrived per order line, with the units that had come back before: a credit memo's tax share depends on it. */
async function arrivalsOf(
  trx: Knex.Transaction,
  found: { return: OrderReturn; lines: ReturnLine[] },
  input: ReturnReceiveInput,
) {
  const lineOf = new Map(found.lines.map((line) => [line.id, line]));
  const order = await lockOrder(trx, found.return.orderId);
  const returned = new Map(order?.lines.map((line) => [line.id, line.quantities.returned]) ?? []);
  return input.lines.map((arrival) => {
    const lineId = lineOf.get(arrival.returnLineId)?.orderLineId ?? '';
    const returnedBefore = returned.get(lineId) ?? 0;
    returned.set(lineId, returnedBefore + arrival.quantity);
    return {
      lineId,
      sku: lineOf.get(arrival.returnLineId)?.sku ?? '',
      quantity: arrival.quantity,
      disposition: arrival.disposition,
      returnedBefore,
    };
  });
}

async function saveArrivals(
  trx: Knex.Transaction,
  returnId: string,
  state: ReturnState,
  input: ReturnReceiveInput,
): Promise<void> {
  await query(
    trx,
    `update orders.return_line l set received = l.received + n.quantity, disposition = n.disposition
     from (select id, sum(quantity)::int as quantity, (array_agg(disposition order by position desc))[1] as disposition
           from unnest(?::text[], ?::int[], ?::text[]) with ordinality as u(id, quantity, disposition, position) group by id) n
     where l.id = n.id`,
    [
      input.lines.map((line) => line.returnLineId),
      input.lines.map((line) => line.quantity),
      input.lines.map((line) => line.disposition),
    ],
  );
  await query(
    trx,
    `update orders.return set state = ?, refund_status = case when refund_status = 'NONE' then 'PENDING' else refund_status end, location_id = ? where id = ?`,
    [state, input.locationId, returnId],
  );
}

/** Units per order line that are in returns not finished and not yet counted as returned. */
async function pendingUnits(trx: Knex.Transaction, orderId: string): Promise<Map<string, number>> {
  const rows = await query<{ order_line_id: string; units: string }>(
    trx,
    `select l.order_line_id, sum(l.quantity - l.received) as units from orders.return_line l join orders.return r on r.id = l.return_id
     where r.order_id = ? and r.state in ('REQUESTED', 'AUTHORIZED', 'LABEL_ISSUED', 'IN_TRANSIT', 'PARTIALLY_RECEIVED') group by l.order_line_id`,
    [orderId],
  );
  return new Map(rows.map((row) => [row.order_line_id, Number(row.units)]));
}

async function lockReturn(
  trx: Knex.Transaction,
  caller: Caller,
  returnId: string,
): Promise<{ return: OrderReturn; lines: ReturnLine[] } | null> {
  const returns = await query<
    ReturnRow & { channel_code: string; customer_id: string | null; delivery_method: DeliveryMethod }
  >(
    trx,
    `select r.*, o.channel_code, o.customer_id, o.delivery_method from orders.return r join orders.customer_order o on o.id = r.order_id where r.id = ? for update of o, r`,
    [returnId],
  );
  const row = returns[0];
  if (
    !row ||
    !maySee(
      caller,
      ownershipOf({
        channel: { code: row.channel_code },
        customerId: row.customer_id,
        deliveryMethod: row.delivery_method,
      }),
    )
  )
    return null;
  const lines = await query<ReturnLineRow>(
    trx,
    'select * from orders.return_line where return_id = ? order by position',
    [returnId],
  );
  return { return: toReturn(row), lines: lines.map(toReturnLine) };
}

function illegal(state: ReturnState): string {
  return `The return is ${state}; from there it can only become ${RETURN_TRANSITIONS[state].join(', ') || 'nothing else'}.`;
}

function refuse<Code extends string>(
  returnId: string | null,
  code: Code,
  field: readonly string[],
  message: string,
): ReturnResult<Code> {
  return { returnId, refusals: [{ code, field, message }] };
}
