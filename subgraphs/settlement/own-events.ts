import type { Knex } from 'knex';
import { once } from '../../events/once.ts';
import type { Consumption, StoredEvent } from '../../events/port.ts';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { shapeOf } from './matching/id-shape.ts';
import type { SettlementSettings } from './matching/settings.ts';

const GROUP = 'settlement:orders';
type Taken = 'order-placed.v1' | 'order-cancelled.v1';

/**
 * Takes over what settlement needs of orders. Only notes what is to be posted and matched: the books are kept by the
 * settlement worker, so that nothing here waits for the ledger's lock.
 */
export function createOrderConsumption(deps: {
  readonly knex: Knex;
  readonly settings: SettlementSettings;
}): Omit<Consumption<Taken>, 'signal' | 'onDead'> {
  return {
    group: GROUP,
    types: ['order-placed.v1', 'order-cancelled.v1'],
    handler: (event) =>
      inTransaction(deps.knex, async (trx) => {
        if (!(await once(trx, GROUP, event))) return;
        if (event.type === 'order-placed.v1') await takeOrder(trx, deps.settings, event);
        else await takeCancellation(trx, event);
      }),
  };
}

async function takeOrder(
  trx: Knex.Transaction,
  settings: SettlementSettings,
  event: StoredEvent<'order-placed.v1'>,
): Promise<void> {
  const { orderId, number, channelCode, channelOrderId = null, lines, totalMinor, currencyCode } = event.data;
  // Events of earlier releases do not tell the kind; a channel with settings of its own is a marketplace.
  const kind = event.data.channelKind ?? (settings.isConfigured(channelCode) ? 'MARKETPLACE' : 'STOREFRONT');
  await query(
    trx,
    `insert into settlement.channel_order (order_id, number, channel_code, channel_kind, channel_order_id, id_shape, currency_code, total_minor, placed_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    [
      orderId,
      number,
      channelCode,
      kind,
      channelOrderId,
      channelOrderId === null ? null : shapeOf(channelOrderId),
      currencyCode,
      totalMinor,
      event.occurredAt,
    ],
  );
  await query(
    trx,
    `insert into settlement.channel_order_line (order_id, line_id, sku, quantity, gross_minor)
     select ?, * from unnest(?::text[], ?::text[], ?::int[], ?::bigint[]) on conflict do nothing`,
    [
      orderId,
      lines.map((line) => line.lineId),
      lines.map((line) => line.sku),
      lines.map((line) => line.quantity),
      lines.map((line) => line.grossMinor ?? '0'),
    ],
  );
  await noteDue(trx, 'CAPTURED', orderId, totalMinor, event.occurredAt);
  await lookAgain(trx, [orderId]);
  if (channelOrderId !== null) await lookAgainAtUnknownIds(trx, channelCode, orderId, shapeOf(channelOrderId));
}

/** The first order id of its form tells what an id of the channel may look like: unknown ones are judged by it anew. */
async function lookAgainAtUnknownIds(
  trx: Knex.Transaction,
  channelCode: string,
  orderId: string,
  shape: string,
): Promise<void> {
  await change(
    trx,
    `insert into settlement.match_due (channel_code, order_key)
     select distinct channel_code, group_key from settlement.difference
     where channel_code = ? and reason in ('MISSING_ORDER', 'OVERLOADED_ORDER_ID') and state <> 'RESOLVED' and not starts_with(group_key, '#')
       and not exists (select from settlement.channel_order where channel_code = ? and id_shape = ? and order_id <> ?)
     order by group_key`,
    [channelCode, channelCode, shape, orderId],
  );
}

async function takeCancellation(trx: Knex.Transaction, event: StoredEvent<'order-cancelled.v1'>): Promise<void> {
  const { orderId, lines } = event.data;
  // The share of the first n units is rounded, so that cancelling all units one by one releases exactly the line.
  const [released] = await query<{ minor: string | null }>(
    trx,
    `with cancelled as (
       update settlement.channel_order_line l set cancelled = l.cancelled + c.quantity
       from unnest(?::text[], ?::int[]) as c(line_id, quantity) where l.order_id = ? and l.line_id = c.line_id
       returning l.gross_minor, l.quantity, l.cancelled - c.quantity as before, l.cancelled as after)
     select sum(div(gross_minor::numeric * after * 2 + quantity, quantity * 2) - div(gross_minor::numeric * before * 2 + quantity, quantity * 2))::bigint as minor from cancelled`,
    [lines.map((line) => line.lineId), lines.map((line) => line.quantity), orderId],
  );
  if (released?.minor != null) await noteDue(trx, 'CANCELLED', orderId, released.minor, event.occurredAt);
}

async function noteDue(
  trx: Knex.Transaction,
  event: 'CAPTURED' | 'CANCELLED',
  orderId: string,
  minor: string,
  at: string,
): Promise<void> {
  await query(
    trx,
    'insert into settlement.posting_due (event, subject_id, amount_minor, at) values (?, ?, ?, ?) on conflict do nothing',
    [event, orderId, minor, at],
  );
}

/** Has marketplace orders looked at again: something about them changed. Unknown ones are looked at when they come. */
export async function lookAgain(trx: Knex.Transaction, orderIds: readonly string[]): Promise<void> {
  await change(
    trx,
    `insert into settlement.match_due (channel_code, order_key)
     select channel_code, coalesce(channel_order_id, number) from settlement.channel_order
     where order_id = any(?::text[]) and channel_kind = 'MARKETPLACE' order by order_id`,
    [orderIds],
  );
}
