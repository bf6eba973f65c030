import type { Finding } from '../finding.ts';
import { type ClientRecord, paymentsOf } from '../record.ts';
import { withDatabase } from '../shop.ts';

interface OrderRow {
  readonly id: string;
  readonly status: string;
  readonly payment: string;
  /** Units that are not cancelled. */
  readonly alive: number;
  /** How often its deadline cancelled it, as its timeline and its events tell. */
  readonly ended: number;
  readonly told: number;
  /** Seconds from placing it to its first end by the deadline. */
  readonly after: number | null;
}

const ORDERS = `
  select o.id, o.status, o.payment_status as payment, (select sum(ordered - cancelled)::int from orders.order_line l where l.order_id = o.id) as alive,
         (select count(*)::int from orders.timeline t where t.order_id = o.id and t.type = 'PAYMENT_OVERDUE') as ended,
         (select count(*)::int from integration.event_log e where e.subject = o.id and e.type = 'order-cancelled.v1' and e.data ->> 'reason' = 'PAYMENT_OVERDUE') as told,
         (select extract(epoch from min(t.occurred_at) - o.placed_at)::float8 from orders.timeline t where t.order_id = o.id and t.type = 'PAYMENT_OVERDUE') as after
  from orders.customer_order o`;
/** By order and position: what was committed to it, and what of that is still, or came back too often. */
const COMMITTED = `
  select reference as id, sku, location_id as node, sum(greatest(committed_delta, 0))::int as taken, sum(committed_delta)::int as kept
  from inventory.movement where committed_delta <> 0 and reference = any ($1) group by 1, 2, 3`;

/** I2, I3: who did not pay in time has nothing any more, who did has everything, and nobody loses an order before its time. */
export async function checkPayments(record: ClientRecord, databaseUrl: string): Promise<Finding[]> {
  const payments = paymentsOf(record);
  const having = (...wanted: readonly string[]) => [...payments].flatMap(([id, how]) => (wanted.includes(how) ? [id] : [])); // biome-ignore format: one thought
  const lapsed = having('UNPAID', 'REFUSED');
  const read = await withDatabase(databaseUrl, async (client) => ({
    orders: new Map((await client.query<OrderRow>(ORDERS)).rows.map((row) => [row.id, row])),
    committed: (
      await client.query<{ id: string; sku: string; node: string; taken: number; kept: number }>(COMMITTED, [lapsed])
    ).rows,
  }));
  const cancelledByClient = new Set(
    [...record.keys.values()].flatMap(({ operation, told, asked }) =>
      operation === 'orderCancel' && told[0]?.codes.length === 0 ? [asked.orderId] : [],
    ),
  );
  const late = [...record.keys.values()].filter(({ operation, told }) => operation === 'orderRecordPayment' && told.length > 0); // biome-ignore format: one thought
  const paid = having('PAID');
  return [
    {
      invariant: 'I2',
      what: 'orders that were not paid by their deadline, and did not end by it, once and not before',
      counted: lapsed.length,
      faults: lapsed.flatMap((id) => {
        const order = read.orders.get(id);
        const isOver = order?.status === 'CANCELLED' && order.alive === 0 && order.ended === order.told;
        const once = order?.ended === 1 || (order?.ended === 0 && cancelledByClient.has(id));
        const inTime = order?.after == null || order.after >= record.payWithin;
        return isOver && once && inTime ? [] : [`${id}: ${JSON.stringify(order)}`];
      }),
    },
    {
      invariant: 'I2',
      what: 'goods of such orders that did not come back exactly once',
      counted: read.committed.length,
      faults: read.committed.flatMap(({ id, sku, node, taken, kept }) =>
        kept === 0 ? [] : [`${id}: ${kept} of ${taken} of ${sku} at ${node}`],
      ),
    },
    {
      invariant: 'I3',
      what: 'orders that were paid, and are unpaid or cancelled for want of it',
      counted: paid.length,
      faults: paid.flatMap((id) => {
        const order = read.orders.get(id);
        return order && order.payment !== 'PENDING' && order.ended === 0 ? [] : [`${id}: ${JSON.stringify(order)}`];
      }),
    },
    {
      invariant: 'I3',
      what: 'payments that were refused for another reason than that their order is cancelled',
      counted: late.length,
      faults: late.flatMap(({ key, told, asked }) => {
        const codes = told[0]?.codes ?? [];
        const isCancelled = read.orders.get(asked.orderId ?? '')?.status === 'CANCELLED';
        return codes.length === 0 || (codes.join() === 'ORDER_CANCELLED' && isCancelled) ? [] : [`${key}: ${codes.join()}`]; // biome-ignore format: one thought
      }),
    },
  ];
}
