import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { changeWork, type Units } from './events.ts';
import { type FulfillmentOrder, type FulfillmentOrderLine, mayBeTakenBack, remainingUnits } from './model.ts';
import { WORK_COLUMNS } from './rows.ts';
import { lockWork, readLines } from './work.ts';

/** What becomes of some units of work that was taken back. Units that no part names stay work of the same node. */
export interface WithdrawalPart {
  /** CANCEL takes them out of the order; the others open them anew in this state. */
  readonly becomes: 'CANCEL' | 'OPEN' | 'ON_HOLD' | 'SCHEDULED';
  /** The node that gets them; the one that has them unless told. */
  readonly locationId?: string;
  /** For SCHEDULED, RFC 3339. */
  readonly fulfilAt?: string;
  /** All units unless told. */
  readonly lines?: readonly { readonly lineId: string; readonly quantity: number }[];
}

export interface Withdrawal {
  /** What asked for it: the same request again asks nobody twice. */
  readonly key: string;
  /** Class of the reason; for a cancellation, of its. */
  readonly reason: string;
  readonly parts: readonly WithdrawalPart[];
}

/** Units of order lines. */
export interface LineUnits {
  readonly lineId: string;
  readonly quantity: number;
}

/**
 * Takes work back. Work that no node was asked to do is taken back at once; otherwise the node is to be asked, and decides.
 * The caller holds the row's lock and has checked that {@link mayBeTakenBack}.
 */
export async function withdrawWork(
  trx: Knex.Transaction,
  work: FulfillmentOrder,
  lines: readonly FulfillmentOrderLine[],
  { key, reason, parts }: Withdrawal,
): Promise<void> {
  const atOnce = work.requestStatus === 'UNSUBMITTED';
  await query(
    trx,
    'insert into fulfillment.withdrawal (fulfillment_order_id, key, reason, parts, state) values (?, ?, ?, ?::jsonb, ?)',
    [work.id, key, reason, JSON.stringify(parts), atOnce ? 'ACCEPTED' : 'REQUESTED'],
  );
  if (!atOnce) return changeWork(trx, work, { status: work.status, requestStatus: 'CANCELLATION_REQUESTED' }, lines);
  await query(
    trx,
    `with line as (
       update fulfillment.fulfillment_order_line set short = quantity - shipped where fulfillment_order_id = ?
       returning order_line_id, quantity
     )
     update fulfillment.work_component c set short = line.quantity * c.per_unit - c.shipped
     from line where c.fulfillment_order_id = ? and c.order_line_id = line.order_line_id`,
    [work.id, work.id],
  );
  await changeWork(trx, work, { status: 'CANCELLED', requestStatus: 'CLOSED' }, lines, unitsOf(lines));
}

/**
 * Asks the nodes to stop working on units of an order that are to be cancelled: work whose node has not begun comes first.
 * @returns units that somebody is asked to give back; the rest left, or its node said no before
 */
export async function withdrawUnits(
  trx: Knex.Transaction,
  orderId: string,
  {
    key,
    reason,
    lines: wanted,
  }: { readonly key: string; readonly reason: string; readonly lines: readonly LineUnits[] },
): Promise<number> {
  const works = await query<FulfillmentOrder>(
    trx,
    `select ${WORK_COLUMNS} from fulfillment.fulfillment_order f where f.order_id = ? order by f.id for update`,
    [orderId],
  );
  const asked = await query<{ parts: readonly WithdrawalPart[] }>(
    trx,
    `select w.parts from fulfillment.withdrawal w join fulfillment.fulfillment_order f on f.id = w.fulfillment_order_id
     where w.key = ? and f.order_id = ?`,
    [key, orderId],
  );
  if (asked.length > 0) return sum(asked.flatMap(({ parts }) => parts.flatMap((part) => part.lines ?? [])));
  const left = new Map(wanted.map((line) => [line.lineId, line.quantity]));
  const eager = works.filter(mayBeTakenBack).sort((a, b) => rank(a) - rank(b));
  for (const work of eager) {
    const lines = await readLines(trx, work.id);
    const units = unitsOf(lines).flatMap(({ lineId, quantity }) => {
      const taken = Math.min(quantity, left.get(lineId) ?? 0);
      left.set(lineId, (left.get(lineId) ?? 0) - taken);
      return taken > 0 ? [{ lineId, quantity: taken }] : [];
    });
    if (units.length > 0)
      await withdrawWork(trx, work, lines, { key, reason, parts: [{ becomes: 'CANCEL', lines: units }] });
  }
  return sum(wanted) - [...left.values()].reduce((total, units) => total + units, 0);
}

/**
 * The node will not give the work back: it goes on. What it said in the meantime stays.
 * @returns the request that asked for it, and how many units it wanted cancelled; null when none was refused
 */
export async function refuseWithdrawal(
  trx: Knex.Transaction,
  fulfillmentOrderId: string,
): Promise<{ readonly key: string; readonly units: number } | null> {
  const work = await lockWork(trx, fulfillmentOrderId);
  if (!work) return null;
  await query(trx, `update fulfillment.withdrawal set state = 'REJECTED' where fulfillment_order_id = ? and state = 'REQUESTED'`, [work.id]); // biome-ignore format: one thought
  if (work.requestStatus === 'CANCELLATION_REQUESTED') {
    const next = { status: work.status, requestStatus: 'CANCELLATION_REJECTED' } as const;
    await changeWork(trx, work, next, await readLines(trx, work.id));
  }
  const [refused] = await query<Pick<Withdrawal, 'key' | 'parts'>>(
    trx,
    `select key, parts from fulfillment.withdrawal where fulfillment_order_id = ? and state = 'REJECTED'`,
    [work.id],
  );
  if (!refused) return null;
  const cancelled = refused.parts.filter((part) => part.becomes === 'CANCEL');
  return { key: refused.key, units: sum(cancelled.flatMap((part) => part.lines ?? [])) };
}

/** What becomes of the units of work that was taken back. Null when it was not: a node gave it back by itself. */
export async function readWithdrawal(
  knex: Knex,
  fulfillmentOrderId: string,
): Promise<Pick<Withdrawal, 'key' | 'reason' | 'parts'> | null> {
  const [row] = await query<Pick<Withdrawal, 'key' | 'reason' | 'parts'>>(
    knex,
    `select key, reason, parts from fulfillment.withdrawal where fulfillment_order_id = ? and state = 'ACCEPTED'`,
    [fulfillmentOrderId],
  );
  return row ?? null;
}

/**
 * Has goods put back that waited for their buyer since before a time; their units are to be cancelled.
 * @returns how many pieces of work that is, at most `limit`
 */
export async function expirePickups(trx: Knex.Transaction, before: Date, limit: number): Promise<number> {
  const expired = await query<FulfillmentOrder>(
    trx,
    `select ${WORK_COLUMNS} from fulfillment.fulfillment_order f
     where f.status = 'READY_FOR_PICKUP' and f.request_status = 'ACCEPTED' and f.ready_at < ?
     order by f.ready_at limit ? for update skip locked`,
    [before, limit],
  );
  for (const work of expired) {
    const withdrawal = {
      key: `pickup-expired:${work.id}`,
      reason: 'PICKUP_EXPIRED',
      parts: [{ becomes: 'CANCEL' }],
    } as const;
    await withdrawWork(trx, work, await readLines(trx, work.id), withdrawal);
  }
  return expired.length;
}

/** Work that no node was asked to do yet is the cheapest to take back, work on the counter the dearest. */
function rank({ status, requestStatus }: FulfillmentOrder): number {
  if (requestStatus === 'UNSUBMITTED') return 0;
  return status === 'OPEN' ? 1 : status === 'READY_FOR_PICKUP' ? 3 : 2;
}

function unitsOf(lines: readonly FulfillmentOrderLine[]): Units[] {
  return lines.flatMap((line) => {
    const quantity = remainingUnits(line);
    return quantity > 0 ? [{ lineId: line.orderLineId, sku: line.sku, quantity }] : [];
  });
}

const sum = (lines: readonly LineUnits[]) => lines.reduce((total, line) => total + line.quantity, 0);
