import type { Finding } from '../finding.ts';
import { agree, type ClientRecord, type KeyRecord, paymentsOf } from '../record.ts';
import { withDatabase } from '../shop.ts';

interface OrderRow {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly lines: { readonly sku: string; readonly ordered: number; readonly cancelled: number }[];
}

const ORDERS = `
  select o.id, o.number, o.status,
         jsonb_agg(jsonb_build_object('sku', l.sku, 'ordered', l.ordered, 'cancelled', l.cancelled) order by l.position) as lines
  from orders.customer_order o join orders.order_line l on l.order_id = o.id group by o.id`;

/** I3, I4, I9: what clients were acknowledged is there, once, and nothing else is. */
export async function checkClients(record: ClientRecord, databaseUrl: string): Promise<Finding[]> {
  const { rows } = await withDatabase(databaseUrl, (client) => client.query<OrderRow>(ORDERS));
  const orders = new Map(rows.map((row) => [row.id, row]));
  const keys = [...record.keys.values()];
  const placed = keys.filter((key) => key.operation === 'orderPlace');
  const acknowledged = placed.filter((key) => key.told[0]?.orderId);
  const keysOfOrder = new Map<string, string[]>();
  for (const { key, told } of acknowledged) {
    const id = told[0]?.orderId ?? '';
    keysOfOrder.set(id, [...(keysOfOrder.get(id) ?? []), key]);
  }
  const payments = paymentsOf(record);
  const cancelled = keys.filter((key) => key.operation === 'orderCancel');
  return [
    {
      invariant: 'I3',
      what: 'requests whose outcome the client never learnt',
      counted: keys.length,
      faults: keys.filter((key) => key.told.length === 0).map((key) => key.key),
    },
    {
      invariant: 'I4',
      what: 'keys that were answered in two ways',
      counted: keys.filter((key) => key.told.length > 1).length,
      faults: keys.filter((key) => !agree(key)).map((key) => `${key.key} ${JSON.stringify(key.told)}`),
    },
    {
      invariant: 'I3',
      what: 'lost orders: acknowledged, and not there as acknowledged',
      counted: acknowledged.length,
      faults: acknowledged.flatMap((key) => lost(key, orders)),
    },
    {
      invariant: 'I4',
      what: 'double orders: two keys with one order',
      counted: keysOfOrder.size,
      faults: [...keysOfOrder].filter(([, own]) => own.length > 1).map(([id, own]) => `${id} ${own.join()}`),
    },
    {
      invariant: 'I4',
      what: 'phantom orders: there, and acknowledged to nobody',
      counted: orders.size,
      faults: [...orders.keys()].filter((id) => !keysOfOrder.has(id)),
    },
    {
      invariant: 'I3',
      what: 'cancellations whose outcome is not what was acknowledged',
      counted: cancelled.length,
      faults: cancelled.flatMap((key) =>
        wronglyCancelled(key, orders, payments.get(key.asked.orderId ?? '') !== 'PAID'),
      ),
    },
  ];
}

function lost(key: KeyRecord, orders: ReadonlyMap<string, OrderRow>): string[] {
  const told = key.told[0];
  const order = orders.get(told?.orderId ?? '');
  const wanted = key.asked.lines?.map((line) => `${line.sku} ${line.quantity}`).join();
  const seen = order?.lines.map((line) => `${line.sku} ${line.ordered}`).join();
  return order?.number === told?.number && seen === wanted
    ? []
    : [`${key.key}: ${told?.orderId} ${seen ?? 'is missing'}`];
}

/** @param mayEnd whether its deadline may cancel more than was asked for: checks/payments.ts says when it has to */
function wronglyCancelled(key: KeyRecord, orders: ReadonlyMap<string, OrderRow>, mayEnd: boolean): string[] {
  const { orderId, cancel } = key.asked;
  const lines = orders.get(orderId ?? '')?.lines ?? [];
  const units = lines.map((line) => line.cancelled);
  const total = units.reduce((sum, count) => sum + count, 0);
  const done = key.told[0]?.codes.length === 0;
  if (!done) return total === 0 || mayEnd ? [] : [`${key.key}: refused, and ${total} units are cancelled`];
  if (cancel === 'ALL') return total > 0 ? [] : [`${key.key}: acknowledged, and nothing is cancelled`];
  const right = units.every((count, index) => {
    const asked = index === cancel?.line ? cancel.quantity : 0;
    return mayEnd ? count >= asked : count === asked;
  });
  return right ? [] : [`${key.key}: ${units.join()} units are cancelled, asked ${JSON.stringify(cancel)}`];
}
