import type { Knex } from 'knex';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { fingerprint } from '../../kit/fingerprint.ts';
import { Refusal, referenceReused, unknownRecord } from '../../kit/refusal.ts';
import type { CancellationNotice, DeskOrder, DispatchNotice, ReturnNotice } from '../wire.ts';
import { requireDeskOrder } from './desk-orders.ts';
import { deskStateOf, openQty } from './state.ts';

/** A message about an order that moves quantities of its positions. */
export type Notice =
  | { readonly kind: 'DISPATCH'; readonly body: DispatchNotice }
  | { readonly kind: 'CANCELLATION'; readonly body: CancellationNotice }
  | { readonly kind: 'RETURN'; readonly body: ReturnNotice };

type Position = DeskOrder['positions'][number];
interface Move {
  readonly posRef: string;
  readonly qty: number;
}

/** What each kind may move at most, and which column it adds to. */
const RULES = {
  DISPATCH: { column: 'dispatched', most: openQty },
  CANCELLATION: { column: 'cancelled', most: openQty },
  RETURN: { column: 'returned', most: ({ dispatched, returned }: Position) => dispatched - returned },
} as const;

/**
 * Takes a notice once per kind and reference, and moves the quantities it names: all of them or none. A dispatch also
 * acknowledges an order that the desk had not acknowledged yet.
 *
 * @throws Refusal 404 UNKNOWN_DESK_ORDER, 409 REFERENCE_REUSED, 422 UNKNOWN_POSITION, 422 MORE_THAN_OPEN, 409 NOTHING_OPEN
 */
export async function takeNotice(
  knex: Knex,
  deskNo: string,
  notice: Notice,
): Promise<{ order: DeskOrder; created: boolean }> {
  const created = await inTransaction(knex, async (trx) => {
    await lockOrder(trx, deskNo);
    const { rows } = await trx.raw<{ rows: unknown[] }>(
      `insert into oms.notice (kind, notice_ref, desk_no, fingerprint, body) values (?, ?, ?, ?, ?::jsonb)
       on conflict do nothing returning 1`,
      [notice.kind, notice.body.noticeRef, deskNo, fingerprint({ deskNo, ...notice }), JSON.stringify(notice.body)],
    );
    if (rows.length === 0) {
      await refuseReuse(trx, deskNo, notice);
      return false;
    }
    const before = await requireDeskOrder(trx, deskNo);
    await movePositions(trx, deskNo, notice.kind, movesOf(before, notice));
    await settleState(trx, deskNo, { acknowledge: notice.kind === 'DISPATCH' });
    return true;
  });
  return { order: await requireDeskOrder(knex, deskNo), created };
}

/**
 * Closes an order that is fully dispatched. Closing it again changes nothing.
 *
 * @throws Refusal 404 UNKNOWN_DESK_ORDER, 409 NOT_DISPATCHED
 */
export async function completeDeskOrder(knex: Knex, deskNo: string): Promise<DeskOrder> {
  await inTransaction(knex, async (trx) => {
    await lockOrder(trx, deskNo);
    const { state } = await requireDeskOrder(trx, deskNo);
    if (state === 'COMPLETED') return;
    if (state !== 'DISPATCHED') throw new Refusal(409, 'NOT_DISPATCHED', `${deskNo} is ${state}`);
    await trx.raw('update oms.desk_order set completed_at = now() where desk_no = ?', [deskNo]);
    await settleState(trx, deskNo, { acknowledge: false });
  });
  return requireDeskOrder(knex, deskNo);
}

async function lockOrder(trx: Knex.Transaction, deskNo: string): Promise<void> {
  const { rows } = await trx.raw<{ rows: unknown[] }>(
    'select 1 from oms.desk_order where desk_no = ? for no key update',
    [deskNo],
  );
  if (rows.length === 0) throw unknownRecord('DESK_ORDER', deskNo);
}

async function refuseReuse(trx: Knex.Transaction, deskNo: string, notice: Notice): Promise<void> {
  const { rows } = await trx.raw<{ rows: { fingerprint: string }[] }>(
    'select fingerprint from oms.notice where kind = ? and notice_ref = ?',
    [notice.kind, notice.body.noticeRef],
  );
  if (rows[0]?.fingerprint !== fingerprint({ deskNo, ...notice })) throw referenceReused(notice.body.noticeRef);
}

function movesOf(order: DeskOrder, notice: Notice): Move[] {
  const { most } = RULES[notice.kind];
  if (notice.body.positions === null) {
    const open = order.positions.map((one) => ({ posRef: one.posRef, qty: openQty(one) })).filter((one) => one.qty > 0);
    if (open.length === 0) throw new Refusal(409, 'NOTHING_OPEN', `nothing of ${order.deskNo} is open`);
    return open;
  }
  const known = new Map(order.positions.map((one) => [one.posRef, one]));
  for (const { posRef, qty } of notice.body.positions) {
    const position = known.get(posRef);
    if (!position) throw new Refusal(422, 'UNKNOWN_POSITION', `${order.deskNo} has no position ${posRef}`, { posRef });
    if (qty > most(position)) {
      throw new Refusal(422, 'MORE_THAN_OPEN', `position ${posRef} has less`, { posRef, open: most(position) });
    }
  }
  return [...notice.body.positions];
}

async function movePositions(
  trx: Knex.Transaction,
  deskNo: string,
  kind: Notice['kind'],
  moves: readonly Move[],
): Promise<void> {
  const { column } = RULES[kind];
  await trx.raw(
    `update oms.position set ${column} = ${column} + given.moved
     from unnest(?::text[], ?::int[]) as given (moved_ref, moved) where desk_no = ? and pos_ref = moved_ref`,
    [moves.map((one) => one.posRef), moves.map((one) => one.qty), deskNo],
  );
}

/** Derives the state anew and gives the order its next change number, last: the number locks the feed's counter. */
async function settleState(
  trx: Knex.Transaction,
  deskNo: string,
  { acknowledge }: { readonly acknowledge: boolean },
): Promise<void> {
  const { rows } = await trx.raw<{ rows: { completed: boolean }[] }>(
    'select completed_at is not null as completed from oms.desk_order where desk_no = ?',
    [deskNo],
  );
  const { positions, acknowledgedAt } = await requireDeskOrder(trx, deskNo);
  const state = deskStateOf(positions, {
    acknowledged: acknowledge || acknowledgedAt !== null,
    completed: rows[0]?.completed ?? false,
  });
  await trx.raw(
    `update oms.desk_order set state = ?,
       acknowledged_at = case when ?::boolean then coalesce(acknowledged_at, now()) else acknowledged_at end,
       change_no = oms.take_feed_numbers('desk_order', 1)
     where desk_no = ?`,
    [state, acknowledge, deskNo],
  );
}
