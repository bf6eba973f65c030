import type { Knex } from 'knex';
import { formatAmount } from '../../../platform/money.ts';
import type { DeskOrder } from '../wire.ts';

/**
 * Number of the newest entry of the feed; 0 when there is none. The feed's counter may be ahead of it: a repeated
 * request takes a number and stores nothing.
 */
export async function newestChange(knex: Knex): Promise<number> {
  const { rows } = await knex.raw<{ rows: { head: string }[] }>(
    'select coalesce(max(change_no), 0) as head from oms.desk_order',
  );
  return Number(rows[0]?.head);
}

interface DeskOrderRow {
  desk_no: string;
  origin: DeskOrder['origin'];
  client_ref: string | null;
  channel_ref: string;
  channel_order_no: string | null;
  currency: string;
  deliver_to: DeskOrder['deliverTo'];
  state: DeskOrder['state'];
  received_at: Date;
  acknowledged_at: Date | null;
  change_no: string;
  positions: (Omit<DeskOrder['positions'][number], 'unitPrice'> & { unitPriceMinor: string })[];
}

const SELECT = `
  select desk_order.*, (
    select jsonb_agg(jsonb_build_object(
      'posRef', pos_ref, 'itemCode', item_code, 'qty', qty, 'unitPriceMinor', unit_price_minor::text,
      'dispatched', dispatched, 'cancelled', cancelled, 'returned', returned) order by pos_no)
    from oms.position where position.desk_no = desk_order.desk_no) as positions
  from oms.desk_order`;

/** Null when the desk has no such order. */
export async function findDeskOrder(knex: Knex, by: 'desk_no' | 'client_ref', key: string): Promise<DeskOrder | null> {
  const { rows } = await knex.raw<{ rows: DeskOrderRow[] }>(`${SELECT} where ${by} = ?`, [key]);
  return rows[0] ? toDeskOrder(rows[0]) : null;
}

/** @throws Error when an order that was just written cannot be found */
export async function requireDeskOrder(knex: Knex, deskNo: string): Promise<DeskOrder> {
  const found = await findDeskOrder(knex, 'desk_no', deskNo);
  if (!found) throw new Error(`desk order ${deskNo} has vanished`);
  return found;
}

/** Orders changed after a number, oldest change first. @param origin null: whatever their origin */
export async function readDeskOrderChanges(
  knex: Knex,
  after: number,
  limit: number,
  origin: DeskOrder['origin'] | null,
): Promise<DeskOrder[]> {
  const { rows } = await knex.raw<{ rows: DeskOrderRow[] }>(
    `${SELECT} where change_no > ? and origin = coalesce(?, origin) order by change_no limit ?`,
    [after, origin, limit],
  );
  return rows.map(toDeskOrder);
}

function toDeskOrder(row: DeskOrderRow): DeskOrder {
  return {
    deskNo: row.desk_no,
    origin: row.origin,
    clientRef: row.client_ref,
    channelRef: row.channel_ref,
    channelOrderNo: row.channel_order_no,
    currency: row.currency,
    deliverTo: row.deliver_to,
    state: row.state,
    positions: row.positions.map(({ unitPriceMinor, ...position }) => ({
      ...position,
      unitPrice: formatAmount({ amountMinor: BigInt(unitPriceMinor), currencyCode: row.currency }),
    })),
    receivedAt: row.received_at.toISOString(),
    acknowledgedAt: row.acknowledged_at?.toISOString() ?? null,
    changeNo: Number(row.change_no),
  };
}
