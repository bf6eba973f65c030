import type { Knex } from 'knex';
import { openDomains } from '../../app/domains.ts';
import { query } from '../../platform/db/query.ts';
import { createLogger } from '../../platform/logger.ts';
import type { Comparison, Reconciliation } from '../../platform/reconcile/comparison.ts';
import { reconcile } from '../../platform/reconcile/run.ts';
import { createCarrierClient } from '../../systems/carrier/client.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { startErp } from '../helpers/erp.ts';
import { startDesk } from '../helpers/order-desk.ts';
import { newDelivery, startWarehouse, warehouseSeed } from '../helpers/warehouse.ts';

/** Articles besides those of the warehouse's seed, each at three sites. */
const ARTICLES = 400;
/** Orders, each with desk order, delivery, shipment and invoice. */
const ORDERS = 12;

/** The reference systems and the store, saying the same of stock, orders, work, goods and documents. */
export async function startWorld() {
  const logger = createLogger({ level: 'silent', component: 'test' });
  const articles = Array.from({ length: ARTICLES }, (_, index) => `ART-X${index}`);
  const [database, desk, erp, warehouse] = await Promise.all([
    createTestDatabase(['integration', 'product', 'inventory', 'orders', 'fulfillment', 'settlement']),
    startDesk(),
    startErp(),
    startWarehouse({
      seed: {
        ...warehouseSeed,
        articles: [
          ...warehouseSeed.articles,
          { articleNo: 'ART-A1', barcode: null },
          ...articles.map((articleNo) => ({ articleNo, barcode: null })),
        ],
        stock: [
          ...warehouseSeed.stock,
          { site: 'DC1', articleNo: 'ART-A1', quantity: 10 },
          ...articles.flatMap((articleNo, index) =>
            ['DC1', 'ST1', 'ST2'].map((site) => ({ site, articleNo, quantity: index % 50 })),
          ),
        ],
      },
    }),
  ]);
  const { knex } = database;
  const carrier = createCarrierClient({ baseUrl: 'http://127.0.0.1:9', token: 't', timeoutMillis: 1_000 });
  const clients = {
    erp: erp.erp,
    oms: desk.oms,
    wms: warehouse.wms,
    carrier,
    channel: null,
    walmart: new Map(),
    amazon: new Map(),
    mirakl: new Map(),
    trackers: new Map(),
    close: async () => undefined,
  };
  const domains = openDomains({ knex, clients, logger, process: 'test' });
  const { signal } = new AbortController();
  domains.inventory.feed.start();
  await domains.product.feed.catchUp(signal);

  for (let index = 1; index <= ORDERS; index += 1) await writeOrder(knex, desk, erp, warehouse, index);
  for (const feed of domains.settlement.feeds) await feed.catchUp(signal);

  return {
    knex,
    domains,
    desk,
    erp,
    warehouse,
    comparison(system: string, subject: string): Comparison {
      const found = domains.comparisons.find((one) => one.system === system && one.subject === subject);
      if (!found) throw new Error(`nothing compares ${system} ${subject}`);
      return found;
    },
    async run(comparison: Comparison, more: { dryRun?: boolean; settleMillis?: number } = {}): Promise<Reconciliation> {
      const result = await reconcile(
        comparison,
        { knex, desk: domains.operations.differences, pauseMillis: 0, settleMillis: 0, ...more },
        signal,
      );
      if (!result) throw new Error('somebody is at it');
      return result;
    },
    /** Open exceptions of reconciliations: system, subject and record. */
    async raised(): Promise<string[]> {
      const rows = await query<{ key: string }>(
        knex,
        "select key from integration.exception where state = 'OPEN' and key like 'reconcile:%' order by key",
      );
      return rows.map(({ key }) => key.slice('reconcile:'.length));
    },
    async stop() {
      await Promise.all([
        domains.inventory.feed.stop(),
        domains.inventory.holding.close(),
        domains.order.capture.close(),
      ]);
      await carrier.close();
      await Promise.all([desk.stop(), erp.stop(), warehouse.stop()]);
      await database.drop();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

/** An order of two units that was acknowledged, left its node and was invoiced, an hour ago, everywhere alike. */
async function writeOrder(
  knex: Knex,
  desk: Awaited<ReturnType<typeof startDesk>>,
  erp: Awaited<ReturnType<typeof startErp>>,
  warehouse: Awaited<ReturnType<typeof startWarehouse>>,
  index: number,
): Promise<void> {
  const id = `ord_${String(index).padStart(3, '0')}`;
  const registered = await desk.oms.registerOrder({
    clientRef: id,
    channelRef: 'WEB',
    channelOrderNo: null,
    currency: 'GBP',
    deliverTo: null,
    positions: [{ posRef: `${id}-l`, itemCode: 'A', qty: 2, unitPrice: '3.39' }],
  });
  await desk.oms.noteDispatch(registered.deskNo, {
    noticeRef: `${id}-d`,
    positions: [{ posRef: `${id}-l`, qty: 2 }],
    parcels: [],
  });
  const delivery = await warehouse.wms.createDelivery(
    newDelivery({ externalRef: `ful_${id}`, site: 'ST1', lines: [{ lineRef: `${id}-l`, articleNo: 'ART-A', quantity: 2 }] }), // biome-ignore format: one thought
  );
  await warehouse.wms.acceptDelivery(delivery.deliveryNo);
  await warehouse.wms.confirmGoodsIssue(delivery.deliveryNo, {
    reference: `${id}-gi`,
    parcels: [{ carrierCode: 'UPS', trackingNo: `T${id}`, contents: [{ lineRef: `${id}-l`, quantity: 2 }] }],
  });
  const billing = await erp.erp.createBilling({
    externalRef: `${id}:invoice`,
    docType: 'F2',
    soldTo: 'WEB',
    orderRef: id,
    currency: 'GBP',
    items: [
      { ref: 'line-1', materialNo: 'M-1', quantity: 2, netAmount: '5.65', taxAmount: '1.13', grossAmount: '6.78' },
    ],
  });
  await query(
    knex,
    `with o as (
       insert into orders.customer_order (id, number, channel_code, channel_kind, channel_name, stage, status, revision, currency_code,
         tax_included, subtotal_minor, tax_minor, grand_total_minor, payment_status, delivery_method, trace_id, placed_at, updated_at, desk_number)
       select id, id, 'WEB', 'STOREFRONT', 'Web', 'ACCEPTED', 'SHIPPED', 9, 'GBP', true, 678, 113, 678, 'AUTHORIZED', 'SHIPPING', 't', at, at, id
       from (select ?::text as id, now() - interval '1 hour' as at) x
     ), l as (
       insert into orders.order_line (id, order_id, position, sku, title, unit_price_minor, total_minor, tax_minor, tax_basis_points, ordered, unsourced, in_transit)
       values (? || '-l', ?, 1, 'A', 'A', 339, 678, 113, 2000, 2, 0, 2)
     ), f as (
       insert into fulfillment.fulfillment_order (id, order_id, channel_code, location_id, status, request_status, delivery_method, node_reference, source_key, trace_id, updated_at)
       values ('ful_' || ?, ?, 'WEB', 'loc_st1', 'CLOSED', 'CLOSED', 'SHIPPING', ?, ?, 't', now() - interval '1 hour')
     )
     insert into settlement.document (id, kind, posting_key, number, order_id, order_number, channel_code, currency_code, net_minor, tax_minor, total_minor, payment_due, issued_at, trace_id)
     values ('inv_' || ?, 'INVOICE', ? || ':invoice', ?, ?, ?, 'WEB', 'GBP', 565, 113, 678, true, now(), 't')`,
    [id, id, id, id, id, delivery.deliveryNo, id, id, id, billing.billingNo, id, id],
  );
  await query(
    knex,
    `insert into fulfillment.fulfillment_order_line (id, fulfillment_order_id, position, order_line_id, sku, quantity, shipped)
     values ('fol_' || ?, 'ful_' || ?, 1, ? || '-l', 'A', 2, 2)`,
    [id, id, id],
  );
}
