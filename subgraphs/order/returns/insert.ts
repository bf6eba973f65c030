import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { newId } from '../../../platform/ids.ts';
import type { RefundMoment } from './model.ts';

export interface ReturnRequestInput {
  readonly lines: readonly {
    readonly orderLineId: string;
    readonly quantity: number;
    readonly reason: string;
    readonly note?: string | null;
  }[];
}

/** Units as they are written down in a return. */
export type Wish = ReturnRequestInput['lines'][number] & { readonly sku: string; readonly refund: RefundMoment };

/** Writes a requested return down. @returns its number */
export async function insertReturn(
  trx: Knex.Transaction,
  returnId: string,
  orderId: string,
  wishes: readonly Wish[],
  expireAfterDays: number,
): Promise<string> {
  const [row] = await query<{ number: string }>(
    trx,
    `with r as (
       insert into orders.return (id, number, order_id, state, refund_status, requested_at, expires_at)
       values (?, 'R' || nextval('orders.return_number'), ?, 'REQUESTED', 'NONE', now(), now() + ? * interval '1 day') returning id, number
     ), l as (
       insert into orders.return_line (id, return_id, position, order_line_id, sku, quantity, reason, note, refund_on)
       select n.id, r.id, n.position, n.order_line_id, n.sku, n.quantity, n.reason, n.note, n.refund_on
       from r, unnest(?::text[], ?::text[], ?::text[], ?::int[], ?::text[], ?::text[], ?::text[]) with ordinality
         as n(id, order_line_id, sku, quantity, reason, note, refund_on, position)
     )
     select number from r`,
    [
      returnId,
      orderId,
      expireAfterDays,
      wishes.map(() => newId('returnLine')),
      wishes.map((wish) => wish.orderLineId),
      wishes.map((wish) => wish.sku),
      wishes.map((wish) => wish.quantity),
      wishes.map((wish) => wish.reason),
      wishes.map((wish) => wish.note ?? null),
      wishes.map((wish) => wish.refund),
    ],
  );
  return row?.number ?? '';
}
