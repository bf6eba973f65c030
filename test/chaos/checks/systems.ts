import { siblingDatabase } from '../../../platform/db/database-url.ts';
import type { Finding } from '../finding.ts';
import { withDatabase } from '../shop.ts';

/** What an order should have caused outside, per order. */
interface Caused {
  readonly id: string;
  readonly number: string;
  readonly acknowledged: boolean;
  readonly ordered: number;
  readonly cancelled: number;
  readonly shipped: number;
  /** Units that came back and are kept. */
  readonly returned: number;
  /** The same, a bundle counted as its components. */
  readonly handedOut: number;
  /** Whether nothing was cancelled: then its invoices sum up to its total. */
  readonly total: string | null;
  readonly shipments: string[];
  readonly work: string[];
}

const CAUSED = `
  select o.id, o.number, o.desk_number is not null as acknowledged,
         sum(l.ordered)::int as ordered, sum(l.cancelled)::int as cancelled, sum(l.in_transit + l.delivered + l.lost)::int as shipped,
         coalesce(sum((select sum(c.accepted) from orders.return_line b join orders.return_condition c on c.return_line_id = b.id where b.order_line_id = l.id)), 0)::int as returned,
         sum((l.in_transit + l.delivered + l.lost) * coalesce(made.units, 1))::int as "handedOut",
         case when sum(l.cancelled) = 0 and sum(l.in_transit + l.delivered + l.lost) = sum(l.ordered) then o.grand_total_minor::text end as total,
         (select coalesce(array_agg(s.id), '{}') from fulfillment.shipment s where s.order_id = o.id) as shipments,
         (select coalesce(array_agg(f.id), '{}') from fulfillment.fulfillment_order f where f.order_id = o.id) as work
  from orders.customer_order o join orders.order_line l on l.order_id = o.id
  left join lateral (select sum(quantity) as units from inventory.bundle_component where bundle_sku = l.sku) made on true
  group by o.id`;

const DESK = `
  select client_ref as id, count(distinct d.desk_no)::int as orders, sum(p.qty)::int as ordered, sum(p.dispatched)::int as shipped, sum(p.cancelled)::int as cancelled, sum(p.returned)::int as returned
  from oms.desk_order d join oms.position p using (desk_no) where client_ref is not null group by client_ref`;
const WAREHOUSE = `
  select d.external_ref as work, count(distinct d.delivery_no)::int as deliveries, sum(l.issued)::int as issued,
         (select coalesce(-sum(quantity_delta), 0)::int from wms.stock_ledger g where g.movement_code = 'GI' and g.document_ref in (d.external_ref, min(d.delivery_no))) as booked
  from wms.delivery d join wms.delivery_line l using (delivery_no) group by d.external_ref`;
const INVOICES = `
  select b.external_ref as ref, b.order_ref, b.gross_minor::text as gross, b.paid_minor::text as paid,
         (select count(*)::int from erp.payment p where p.billing_no = b.billing_no) as payments
  from erp.billing_document b where doc_type = 'F2'`;

/** I4: the systems of record, in their own databases, saw everything once. */
export async function checkSystems(databaseUrl: string): Promise<Finding[]> {
  const rows = <Row extends object>(database: string, statement: string): Promise<Row[]> =>
    withDatabase(siblingDatabase(databaseUrl, database), async (client) => (await client.query<Row>(statement)).rows);
  const caused = await rows<Caused>('commerce', CAUSED);
  const desk = await rows<{ id: string; orders: number; ordered: number; shipped: number; cancelled: number; returned: number }>('commerce_oms', DESK); // biome-ignore format: one thought
  const work = await rows<{ work: string; deliveries: number; issued: number; booked: number }>(
    'commerce_wms',
    WAREHOUSE,
  );
  const invoices = await rows<{ ref: string; order_ref: string; gross: string; paid: string; payments: number }>('commerce_erp', INVOICES); // biome-ignore format: one thought
  const deskOf = new Map(desk.map((row) => [row.id, row]));
  const workOf = new Map(work.map((row) => [row.work, row]));
  const orderIds = new Set(caused.map((order) => order.id));
  return [
    {
      invariant: 'I4',
      what: 'orders that the order desk has not exactly once, with the same units',
      counted: desk.length,
      faults: [
        ...caused.flatMap((order) => {
          const seen = deskOf.get(order.id);
          // Cancelled before the desk heard of it: then it need not.
          if (!seen) return order.acknowledged || order.shipped > 0 ? [`${order.number}: not there`] : [];
          const right = seen.orders === 1 && seen.ordered === order.ordered && seen.shipped === order.shipped && seen.cancelled === order.cancelled && seen.returned === order.returned; // biome-ignore format: one thought
          return right
            ? []
            : [
                `${order.number}: ${JSON.stringify(seen)}, here ${order.ordered} ordered, ${order.shipped} shipped, ${order.cancelled} cancelled, ${order.returned} returned`,
              ];
        }),
        ...desk.filter((row) => !orderIds.has(row.id)).map((row) => `${row.id}: a phantom`),
      ],
    },
    {
      invariant: 'I4',
      what: 'orders whose goods the warehouse has not handed out exactly once',
      counted: work.length,
      faults: caused.flatMap((order) => {
        const own = order.work.map((id) => workOf.get(id)).filter((row) => row !== undefined);
        const issued = own.reduce((sum, row) => sum + row.issued, 0);
        const right =
          issued === order.handedOut && own.every((row) => row.deliveries === 1 && row.booked === row.issued);
        return right
          ? []
          : [`${order.number}: ${issued} handed out, ${order.handedOut} shipped, ${JSON.stringify(own)}`];
      }),
    },
    {
      invariant: 'I4',
      what: 'shipments without exactly one invoice, invoices without exactly one payment',
      counted: invoices.length,
      faults: [
        ...caused.flatMap((order) =>
          order.shipments.flatMap((shipment) => {
            const own = invoices.filter((invoice) => invoice.ref.startsWith(shipment));
            return own.length === 1 ? [] : [`${order.number}: ${own.length} invoices for ${shipment}`];
          }),
        ),
        ...invoices
          .filter((invoice) => invoice.payments !== 1 || invoice.paid !== invoice.gross)
          .map((invoice) => `${invoice.order_ref}: ${invoice.payments} payments, ${invoice.paid} of ${invoice.gross}`),
      ],
    },
    {
      invariant: 'I5',
      what: 'orders whose invoices do not sum up to their total',
      counted: caused.filter((order) => order.total !== null).length,
      faults: caused.flatMap((order) => {
        if (order.total === null) return [];
        const sum = invoices
          .filter((invoice) => invoice.order_ref === order.number)
          .reduce((total, invoice) => total + BigInt(invoice.gross), 0n);
        return String(sum) === order.total ? [] : [`${order.number}: ${sum} of ${order.total}`];
      }),
    },
  ];
}
