import type { Knex } from 'knex';
import { type Caller, maySee } from '../../../platform/caller.ts';
import { query } from '../../../platform/db/query.ts';
import { writeTimeline } from '../change.ts';
import type { OrderRefusal, ReturnRefusal } from '../errors.ts';
import { type DeliveryMethod, ownershipOf } from '../model.ts';
import { type ConditionRow, type ReturnLineRow, type ReturnRow, toCondition, toReturn, toReturnLine } from '../rows.ts';
import type { ReturnState } from '../states.ts';
import {
  availableReturnTransitions,
  type OrderReturn,
  type ReturnCondition,
  type ReturnLine,
  type ReturnTransition,
  type ReturnUnits,
  refundStatusOf,
  unitsOf,
} from './model.ts';

/** A return as a command finds it: its rows and its order's are locked until the transaction ends. */
export interface FoundReturn {
  readonly return: OrderReturn;
  readonly channelCode: string;
  readonly lines: readonly ReturnLine[];
  readonly conditions: readonly ReturnCondition[];
  readonly units: ReturnUnits;
}

/** What a command on a return did; safe to store as the answer of its idempotency key. */
export interface ReturnResult<Code extends string> {
  readonly returnId: string | null;
  readonly refusals: readonly ReturnRefusal<Code>[];
}

/** Locks a return and its order. Null when there is none. */
export async function lockReturn(trx: Knex.Transaction, returnId: string): Promise<FoundReturn | null> {
  return (await findReturn(trx, returnId))?.found ?? null;
}

/**
 * Runs a command on a return that the caller may see and that may take this step now; refuses it otherwise, with what
 * the return would allow.
 */
export async function stepOf<Code extends string>(
  trx: Knex.Transaction,
  caller: Caller,
  returnId: string,
  step: ReturnTransition,
  run: (found: FoundReturn) => Promise<readonly OrderRefusal<Code>[]>,
): Promise<ReturnResult<Code | 'NOT_FOUND' | 'ILLEGAL_TRANSITION'>> {
  const known = await findReturn(trx, returnId);
  if (!known || !maySee(caller, known.ownership))
    return { returnId: null, refusals: [{ code: 'NOT_FOUND', field: ['returnId'], message: 'There is no such return.' }] }; // biome-ignore format: one thought
  const { found } = known;
  const allowed = availableReturnTransitions(found.return, found.units);
  if (!allowed.includes(step)) {
    const message = `The return is ${found.return.state}; what can be done with it now: ${allowed.join(', ') || 'nothing'}.`;
    return {
      returnId,
      refusals: [{ code: 'ILLEGAL_TRANSITION', field: ['returnId'], message, availableTransitions: allowed }],
    };
  }
  const refusals = await run(found);
  return { returnId, refusals: refusals.map((refusal) => ({ ...refusal, availableTransitions: allowed })) };
}

/** Moves a return to a state, or leaves it there, and says so on its order's timeline. */
export async function moveReturn(
  trx: Knex.Transaction,
  found: FoundReturn,
  state: ReturnState,
  note: { readonly traceId: string; readonly message: string; readonly system?: string },
): Promise<void> {
  await query(trx, 'update orders.return set state = ?, look = true where id = ?', [state, found.return.id]);
  await writeTimeline(trx, found.return.orderId, note.traceId, [
    {
      type: `RETURN_${state}`,
      system: note.system ?? 'commerce',
      message: `Return ${found.return.number} ${note.message}`,
    },
  ]);
}

/** Brings the refund's status in line with the units. The last write of every command that moved some. */
export async function saveRefundStatus(trx: Knex.Transaction, returnId: string): Promise<FoundReturn | null> {
  const now = await lockReturn(trx, returnId);
  if (!now) return null;
  const { state, closing } = now.return;
  const over = closing || state === 'RESOLVED' || state === 'CLOSED' || state === 'REJECTED';
  await query(trx, 'update orders.return set refund_status = ?, look = true where id = ?', [
    refundStatusOf(now.units, over),
    returnId,
  ]);
  return now;
}

async function findReturn(trx: Knex.Transaction, returnId: string) {
  const [row] = await query<
    ReturnRow & { channel_code: string; customer_id: string | null; delivery_method: DeliveryMethod }
  >(
    trx,
    `select r.*, o.channel_code, o.customer_id, o.delivery_method
     from orders.return r join orders.customer_order o on o.id = r.order_id where r.id = ? for update of o, r`,
    [returnId],
  );
  if (!row) return null;
  const lines = (
    await query<ReturnLineRow>(trx, 'select * from orders.return_line where return_id = ? order by position', [
      returnId,
    ])
  ).map(toReturnLine);
  const conditions = (
    await query<ConditionRow>(
      trx,
      `select c.* from orders.return_condition c join orders.return_line l on l.id = c.return_line_id
       where l.return_id = ? order by l.position, c.location_id, c.disposition`,
      [returnId],
    )
  ).map(toCondition);
  const ownership = ownershipOf({
    channel: { code: row.channel_code },
    customerId: row.customer_id,
    deliveryMethod: row.delivery_method,
  });
  const found: FoundReturn = {
    return: toReturn(row),
    channelCode: row.channel_code,
    lines,
    conditions,
    units: unitsOf(lines, conditions),
  };
  return { found, ownership };
}
