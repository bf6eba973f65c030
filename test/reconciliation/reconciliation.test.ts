import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { up as tellOfReturns } from '../../migrations/orders/20261129051100_desk_returns.ts';
import { query } from '../../platform/db/query.ts';
import { createLogger } from '../../platform/logger.ts';
import type { Comparison } from '../../platform/reconcile/comparison.ts';
import { createOperationsSubgraph, saveDegradationRules } from '../../subgraphs/operations/index.ts';
import { omsOrderDesk } from '../../subgraphs/order/adapters/oms.ts';
import { omsDeskAudit } from '../../subgraphs/order/adapters/oms-audit.ts';
import { deskComparison } from '../../subgraphs/order/desk-comparison.ts';
import type { DeskAudit } from '../../subgraphs/order/port.ts';
import { until } from '../helpers/processes.ts';
import { ask, callerOf } from '../helpers/subgraph.ts';
import { startWorld, type World } from './world.ts';

// Differences are planted behind the feeds' back: in the systems' own databases, or in ours.

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await until(async () => (await inOurs('select 1 from inventory.source_feed where heard_at is not null')).length > 0, 20_000); // biome-ignore format: one thought
  // What left the store was booked; our stock has heard of it.
  await until(
    async () => (await world.run(world.comparison('wms', 'stock'), { dryRun: true })).different === 0,
    20_000,
  );
}, 60_000);
afterAll(() => world.stop());
beforeEach(() => query(world.knex, 'truncate integration.exception, integration.reconciliation cascade'));

const inOurs = (statement: string) => query<Record<string, unknown>>(world.knex, statement);
const inWarehouse = (statement: string) => query<Record<string, unknown>>(world.warehouse.database.knex, statement);
const inDesk = (statement: string) => query<Record<string, unknown>>(world.desk.database.knex, statement);
const inErp = (statement: string) => query<Record<string, unknown>>(world.erp.database.knex, statement);
const all = () => world.domains.comparisons;
const figures = async (system: string, subject: string) => {
  const { compared, different, corrected, excepted } = await world.run(world.comparison(system, subject));
  return { compared, different, corrected, excepted };
};

describe('reconciliation', () => {
  it('finds nothing where both sides say the same, and counts every record once', async () => {
    const results = [];
    for (const comparison of all()) results.push(await world.run(comparison));
    expect(results.map(({ system, subject, compared, different }) => [system, subject, compared, different])).toEqual([
      ['wms', 'stock', 1_207, 0],
      ['wms', 'unsellable', 0, 0],
      ['wms', 'work', 12, 0],
      ['oms', 'orders', 12, 0],
      // Two materials are a product and a variant each; one price.
      ['erp', 'catalogue', 5, 0],
      ['erp', 'documents', 12, 0],
      ['erp', 'vouchers', 0, 0],
    ]);
    expect(await world.raised()).toEqual([]);
  });

  it('finds every planted difference of stock and takes the balance of the warehouse over', async () => {
    // A count that was entered without a booking; a booking that the feed skipped; balances that we lost, and a position that the warehouse lost.
    await inWarehouse("update wms.stock set quantity = quantity + 7 where article_no in ('ART-X10', 'ART-X11') and site = 'DC1'"); // biome-ignore format: one thought
    await inOurs("update inventory.position set on_hand = on_hand + 3, source_sequence = 1 where sku = 'X20' and location_id in (select id from inventory.location where code = 'ST1')"); // biome-ignore format: one thought
    await inOurs("update inventory.position set on_hand = 0, source_sequence = 0 where sku = 'X30'");
    await inWarehouse("delete from wms.stock where article_no = 'ART-X40' and site = 'ST2'");
    expect(await world.run(world.comparison('wms', 'stock'), { dryRun: true })).toMatchObject({ different: 7, corrected: 6, excepted: 1 }); // biome-ignore format: one thought
    expect(await world.raised()).toEqual([]);
    expect(await figures('wms', 'stock')).toEqual({ compared: 1_207, different: 7, corrected: 6, excepted: 1 });
    expect(await world.raised()).toEqual([expect.stringMatching(/^wms:stock:/)]);
    const [raised] = await inOurs('select operation, owner, message from integration.exception');
    expect(raised).toEqual({
      operation: 'reconcile-stock',
      owner: 'warehouse-systems',
      message:
        'X40 at ST2: 40 on hand here, unknown to the warehouse. The warehouse has no such position. Enter it there, or count the shelf: its next booking sets the balance.',
    });
    expect(await figures('wms', 'stock')).toMatchObject({ different: 1, excepted: 1 });
    await inWarehouse("insert into wms.stock (site, article_no, quantity, last_ledger_no) values ('ST2', 'ART-X40', 40, 1)"); // biome-ignore format: one thought
    expect(await figures('wms', 'stock')).toMatchObject({ different: 0 });
    expect(await world.raised()).toEqual([]);
    expect(await inOurs('select state from integration.exception')).toEqual([{ state: 'RESOLVED' }]);
  });

  it('tells of units that are promised and not there when a balance is taken over', async () => {
    await inOurs("update inventory.position set committed = 30 where sku = 'X45' and location_id in (select id from inventory.location where code = 'DC1')"); // biome-ignore format: one thought
    await inWarehouse("update wms.stock set quantity = 5 where article_no = 'ART-X45' and site = 'DC1'");
    expect(await figures('wms', 'stock')).toMatchObject({ different: 1, corrected: 1 });
    expect(
      await inOurs("select cause, message from integration.exception where key like 'inventory:shortage:%'"),
    ).toEqual([{ cause: 'CONFLICT', message: expect.stringMatching(/: 25 units of X45 at DC1\./) }]);
    await inOurs("update inventory.position set committed = 0 where sku = 'X45'");
  });

  it('compares what is not for sale, and takes over what the warehouse scrapped or put aside by itself', async () => {
    const { stock } = world.domains.inventory;
    const [site] = await inOurs("select id from inventory.location where code = 'DC1'");
    const put = (key: string, quantity: number) =>
      stock.putAside({ key, locationId: String(site?.id), lines: [{ sku: 'X1', quantity, condition: 'DEFECTIVE' }] }, AbortSignal.timeout(60_000)); // biome-ignore format: one thought
    for (const key of ['back-1', 'back-1', 'back-2']) await put(key, 2);
    const ours = () =>
      inOurs('select sku, condition, quantity from inventory.unsellable where quantity > 0 order by sku');
    expect(await ours()).toEqual([{ sku: 'X1', condition: 'DEFECTIVE', quantity: 4 }]);
    expect(await figures('wms', 'unsellable')).toEqual({ compared: 1, different: 0, corrected: 0, excepted: 0 });
    await inWarehouse("delete from wms.blocked_stock where article_no = 'ART-X1'");
    await inWarehouse("insert into wms.blocked_stock (site, article_no, reason_code, quantity) values ('ST1', 'ART-X2', 'QUARANTINE', 3)"); // biome-ignore format: one thought
    const found = await world.run(world.comparison('wms', 'unsellable'), { dryRun: true });
    expect(found.differences.map(({ what }) => what).sort()).toEqual([
      'X1 at DC1, not for sale (DEFECTIVE): warehouse has 0, here 4',
      'X2 at ST1, not for sale (QUARANTINE): warehouse has 3, here 0',
    ]);
    expect(await figures('wms', 'unsellable')).toEqual({ compared: 2, different: 2, corrected: 2, excepted: 0 });
    expect(await ours()).toEqual([{ sku: 'X2', condition: 'QUARANTINE', quantity: 3 }]);
    expect(await figures('wms', 'unsellable')).toMatchObject({ different: 0 });
  });

  it('raises no alarm while goods move', async () => {
    let moving = true;
    const load = (async () => {
      for (let turn = 0; moving; turn += 1) {
        await world.warehouse.wms.adjust({ reference: `load-${turn}`, site: 'DC1', articleNo: `ART-X${turn % 50}`, change: { delta: 1 }, reasonCode: 'COUNT' }); // biome-ignore format: one thought
      }
    })();
    for (let round = 0; round < 2; round += 1) {
      // What was not heard at the first look is heard, or another figure, at the second.
      expect(await world.run(world.comparison('wms', 'stock'), { settleMillis: 200 })).toMatchObject({ different: 0 });
    }
    moving = false;
    await load;
    expect(await world.raised()).toEqual([]);
  });

  it('finds orders that one side lacks or counts otherwise', async () => {
    await inDesk("update oms.position set dispatched = 1 where pos_ref = 'ord_003-l'");
    await inDesk("update oms.position set cancelled = 0, dispatched = 0 where pos_ref = 'ord_004-l'");
    await inDesk("update oms.desk_order set client_ref = 'ord_lost' where client_ref = 'ord_005'");
    expect(await figures('oms', 'orders')).toEqual({ compared: 13, different: 4, corrected: 0, excepted: 4 });
    expect(await world.raised()).toEqual(['ord_003', 'ord_004', 'ord_005', 'ord_lost'].map((id) => `oms:orders:${id}`));
    const [raised] = await inOurs("select message, order_id from integration.exception where key = 'reconcile:oms:orders:ord_003'"); // biome-ignore format: one thought
    expect(raised).toEqual({
      order_id: 'ord_003',
      message: expect.stringMatching(
        /^Order ord_003: line ord_003-l: 1 shipped at the desk, 2 here\. The desk follows us/,
      ),
    });
    await inDesk("update oms.desk_order set client_ref = 'ord_005' where client_ref = 'ord_lost'");
    await inDesk('update oms.position set dispatched = 2');
    expect(await figures('oms', 'orders')).toMatchObject({ compared: 12, different: 0 });
    expect(await world.raised()).toEqual([]);
  });

  it('finds nothing however an order ended, as long as the desk was told, and says what it was not told', async () => {
    const end = (ours: string, theirs: string) =>
      Promise.all([inOurs(`update orders.order_line set ${ours} where id = 'ord_008-l'`), inDesk(`update oms.position set ${theirs} where pos_ref = 'ord_008-l'`)]); // biome-ignore format: one thought
    const ends = [
      ['in_transit = 0, delivered = 2', 'dispatched = 2', 'shipped'],
      ['delivered = 1, lost = 1', 'dispatched = 2', 'shipped'],
      ['delivered = 0, lost = 1, cancelled = 1', 'dispatched = 1, cancelled = 1', 'cancelled'],
      ['lost = 0, cancelled = 2', 'dispatched = 0, cancelled = 2', 'cancelled'],
    ] as const;
    for (const [ours, theirs, untold] of ends) {
      await end(ours, theirs);
      expect([ours, await figures('oms', 'orders')]).toMatchObject([ours, { different: 0 }]);
      const column = untold === 'shipped' ? 'dispatched' : untold;
      await inDesk(`update oms.position set ${column} = ${column} - 1 where pos_ref = 'ord_008-l'`);
      const { differences } = await world.run(world.comparison('oms', 'orders'), { dryRun: true });
      expect(differences).toMatchObject([
        { what: expect.stringContaining(` ${untold} at the desk`), correctable: false },
      ]);
    }
    await end('cancelled = 0, in_transit = 2', 'cancelled = 0, dispatched = 2');
  });

  it('finds money that the desk gave back for an order of which nothing was cancelled or returned', async () => {
    const { oms } = world.desk;
    const giving = { ...omsDeskAudit(oms), records: async (...page: Parameters<DeskAudit['records']>) => {
      const { records, next } = await omsDeskAudit(oms).records(...page);
      const amounts: Readonly<Record<string, bigint>> = { ord_003: 339n, ord_004: 500n };
      return { records: records.map((record) => ({ ...record, refunded: { amountMinor: amounts[record.orderId] ?? 0n, currencyCode: 'GBP' } })), next };
    } };
    // Of the fourth a unit came back here: what that is worth, and postage with it, is for the books to say.
    await inOurs("insert into orders.return (id, number, order_id, state, refund_status, requested_at, expires_at) values ('ret_1', 'R1', 'ord_004', 'RECEIVED', 'SETTLED', now(), now())");
    await inOurs("insert into orders.return_line (id, return_id, position, order_line_id, sku, quantity, received, credited, reason) values ('rtl_1', 'ret_1', 1, 'ord_004-l', 'X1', 1, 1, 1, 'OTHER')");
    const found = await world.run(deskComparison({ knex: world.knex, desk: omsOrderDesk(oms), audit: giving }), { dryRun: true });
    expect(found.differences.map(({ what }) => what)).toEqual(['Order ord_003: 3.39 GBP given back at the desk, nothing here']);
    await inOurs("delete from orders.return_line where id = 'rtl_1'");
    await inOurs("delete from orders.return where id = 'ret_1'");
  }); // biome-ignore format: one thought

  it('tells the desk again what it lacks of returned units, once, and raises what that does not put right', async () => {
    const { oms } = world.desk;
    const [desk] = await inDesk("select desk_no from oms.desk_order where client_ref = 'ord_006'");
    const units = (quantity: number) => [{ lineId: 'ord_006-l', quantity }];
    const kept = (accepted: number) => inOurs(`update orders.return_condition set inspected = ${accepted}, accepted = ${accepted} where return_line_id = 'rtl_6'`); // biome-ignore format: one thought
    const notice = (id: string, quantity: number) => inOurs(`insert into orders.desk_return (id, order_id, lines) values ('${id}', 'ord_006', '${JSON.stringify(units(quantity))}')`); // biome-ignore format: one thought
    const atDesk = () => inDesk("select returned from oms.position where pos_ref = 'ord_006-l'");
    await inOurs("insert into orders.return (id, number, order_id, state, refund_status, requested_at, expires_at) values ('ret_6', 'R6', 'ord_006', 'CLOSED', 'SETTLED', now(), now())"); // biome-ignore format: one thought
    await inOurs("insert into orders.return_line (id, return_id, position, order_line_id, sku, quantity, received, credited, refunded, reason) values ('rtl_6', 'ret_6', 1, 'ord_006-l', 'A', 2, 2, 2, 2, 'OTHER')"); // biome-ignore format: one thought
    await inOurs("insert into orders.return_condition (return_line_id, location_id, disposition, inspected, accepted, placed) values ('rtl_6', 'loc', 'SELLABLE', 1, 1, 0)"); // biome-ignore format: one thought

    // It came back before the desk was told of returns.
    await inOurs('drop table orders.desk_return');
    await world.knex.transaction((trx) => tellOfReturns(trx));
    expect((await world.run(world.comparison('oms', 'orders'), { dryRun: true })).differences).toMatchObject([
      { what: 'Order ord_006: line ord_006-l: 0 returned at the desk, 1 here', correctable: true },
    ]);
    expect(await atDesk()).toEqual([{ returned: 0 }]);
    expect(await figures('oms', 'orders')).toMatchObject({ different: 1, corrected: 1, excepted: 0 });
    expect(await figures('oms', 'orders')).toMatchObject({ different: 0 });
    expect(await atDesk()).toEqual([{ returned: 1 }]);
    expect(await inOurs("select message from orders.timeline where order_id = 'ord_006' and type = 'RETURN_REPORTED'")).toEqual([{ message: 'The order desk was told of 1 returned unit that it lacked' }]); // biome-ignore format: one thought

    // The desk heard of the next one and forgot the notice with its books, which were restored.
    await notice('ord_006:returned:1', 1);
    await kept(2);
    await oms.noteReturn(String(desk?.desk_no), { noticeRef: 'ord_006:returned:1', positions: [{ posRef: 'ord_006-l', qty: 1 }] }); // biome-ignore format: one thought
    expect(await figures('oms', 'orders')).toMatchObject({ different: 0 });
    await inDesk("delete from oms.notice where notice_ref = 'ord_006:returned:1'");
    await inDesk("update oms.position set returned = 1 where pos_ref = 'ord_006-l'");
    expect(await figures('oms', 'orders')).toMatchObject({ different: 1, corrected: 1, excepted: 0 });
    expect(await atDesk()).toEqual([{ returned: 2 }]);

    // Somebody there set it back: the desk knows our notices, and counts otherwise.
    await inDesk("update oms.position set returned = 1 where pos_ref = 'ord_006-l'");
    expect(await figures('oms', 'orders')).toMatchObject({ different: 1, corrected: 0, excepted: 1 });
    expect(await world.raised()).toEqual(['oms:orders:ord_006']);
    // Somebody there enters by hand what the first notice was about, before it is told: it is not told on top.
    await inDesk("delete from oms.notice where notice_ref = 'ord_006:returned:0'");
    await kept(1);
    expect(await figures('oms', 'orders')).toMatchObject({ different: 0 });
    await inDesk("update oms.position set returned = 2 where pos_ref = 'ord_006-l'");
    expect(await figures('oms', 'orders')).toMatchObject({ different: 1, corrected: 0, excepted: 1 });
    expect(await atDesk()).toEqual([{ returned: 2 }]);
    await inDesk("update oms.position set returned = 0 where pos_ref = 'ord_006-l'");
    for (const table of ['desk_return', 'timeline', 'return_condition', 'return_line', 'return']) await inOurs(`delete from orders.${table}`); // biome-ignore format: one thought
  });

  it('leaves an order alone that just changed: the desk is being told', async () => {
    await inDesk("update oms.position set dispatched = 1 where pos_ref = 'ord_003-l'");
    await inOurs("update orders.customer_order set updated_at = now() where id = 'ord_003'");
    expect(await figures('oms', 'orders')).toMatchObject({ compared: 12, different: 0 });
    await inDesk('update oms.position set dispatched = 2');
    await inOurs("update orders.customer_order set updated_at = now() - interval '1 hour'");
  });

  it('takes lost events of nodes again, and finds work that one side does not know', async () => {
    // The feed lost what happened to this work after it was released.
    await inOurs("update fulfillment.fulfillment_order set status = 'OPEN', request_status = 'SUBMITTED' where id = 'ful_ord_006'"); // biome-ignore format: one thought
    await inOurs(
      "update fulfillment.fulfillment_order_line set shipped = 0 where fulfillment_order_id = 'ful_ord_006'",
    );
    await inWarehouse("update wms.delivery set external_ref = 'ful_nobody' where external_ref = 'ful_ord_007'");
    expect(await figures('wms', 'work')).toEqual({ compared: 13, different: 3, corrected: 1, excepted: 2 });
    expect(await inOurs("select status, request_status from fulfillment.fulfillment_order where id = 'ful_ord_006'")).toEqual([{ status: 'CLOSED', request_status: 'CLOSED' }]); // biome-ignore format: one thought
    expect(await inOurs("select count(*)::int as shipments from fulfillment.shipment where fulfillment_order_id = 'ful_ord_006'")).toEqual([{ shipments: 1 }]); // biome-ignore format: one thought
    expect(await world.raised()).toEqual(['wms:work:ful_nobody', 'wms:work:ful_ord_007']);
    await inWarehouse("update wms.delivery set external_ref = 'ful_ord_007' where external_ref = 'ful_nobody'");
    expect(await figures('wms', 'work')).toMatchObject({ compared: 12, different: 0 });
    expect(await world.raised()).toEqual([]);
  });

  it('takes goods and prices over again that were changed or lost here', async () => {
    await inOurs('update product.price set amount_minor = 1');
    await inOurs("update product.product set title = 'Vandalised'");
    await inOurs("update product.variant set hidden = true where sku = 'A2'");
    expect(await figures('erp', 'catalogue')).toEqual({ compared: 5, different: 4, corrected: 4, excepted: 0 });
    expect(await figures('erp', 'catalogue')).toMatchObject({ different: 0 });
    expect(await inOurs('select amount_minor from product.price')).toEqual([{ amount_minor: '339' }]);
  });

  it('finds documents with other amounts or states, and those that one side lacks', async () => {
    const [{ number = '' } = {}] = await inOurs("select number from settlement.document where order_id = 'ord_008'");
    await inOurs(
      `update settlement.document_state set status = 'DRAFT', source_sequence = 0 where number = '${number}'`,
    );
    await inErp("update erp.billing_document set gross_minor = gross_minor + 1, net_minor = net_minor + 1 where order_ref = 'ord_009'"); // biome-ignore format: one thought
    await inOurs("delete from settlement.document where order_id = 'ord_010'");
    await inOurs("insert into settlement.document select 'inv_x', kind, 'x:invoice', 'X-1', 'ord_011', order_number, return_id, channel_code, customer_id, currency_code, net_minor, tax_minor, total_minor, payment_due, issued_at, trace_id from settlement.document where order_id = 'ord_011'"); // biome-ignore format: one thought
    expect(await figures('erp', 'documents')).toEqual({ compared: 13, different: 4, corrected: 1, excepted: 3 });
    expect(await world.raised()).toHaveLength(3);
    expect(await inOurs(`select status from settlement.document_state where number = '${number}'`)).toEqual([{ status: 'POSTED' }]); // biome-ignore format: one thought
  });
});

describe('a warehouse that comes back', () => {
  it('lets held orders go on, and what it sold meanwhile is a shortage that is told, not silence', async () => {
    const { knex, domains, warehouse } = world;
    const place = (index: number) =>
      domains.order.capture.place(callerOf(), {
        idempotencyKey: `outage-${index}`,
        currencyCode: 'GBP',
        lines: [{ sku: 'A1', quantity: 1 }],
        delivery: { method: 'SHIPPING', address: { line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' } }, // biome-ignore format: one thought
      });
    const faults = (method: string, body?: object) =>
      fetch(`${warehouse.system.url}/_faults`, {
        method,
        headers: { authorization: `Bearer ${warehouse.system.token}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    const positions = () =>
      inOurs("select on_hand, committed, greatest(0, committed - on_hand) as missing from inventory.position where sku = 'A1'"); // biome-ignore format: one thought
    await saveDegradationRules(knex, [{ system: 'wms', after: 1, availability: { buffer: 2 }, orders: 'hold' }]);
    try {
      await faults('POST', [{ route: '/stock-ledger', kind: 'status', value: 503 }]);
      // A poll that waits already gets its answer: something is booked.
      await warehouse.wms.adjust({ reference: 'wake', site: 'DC1', articleNo: 'ART-B', change: { delta: 1 }, reasonCode: 'COUNT' }); // biome-ignore format: one thought
      await until(
        async () => (await inOurs("select from inventory.movement where reference = 'wake'")).length > 0,
        30_000,
      );
      await until(async () => (await inOurs('select from integration.rules_in_force()')).length > 0, 30_000);
      const outcomes = await Promise.all(Array.from({ length: 9 }, (_, index) => place(index)));
      const placed = outcomes.filter((outcome) => outcome.kind === 'done' && outcome.result.orderId !== null);
      expect(placed).toHaveLength(8);
      expect(await inOurs("select count(*)::int as held from orders.hold where system = 'wms'")).toEqual([{ held: 8 }]);
      // Somebody at the site takes five of the ten units for other things.
      await warehouse.wms.adjust({ reference: 'taken', site: 'DC1', articleNo: 'ART-A1', change: { delta: -5 }, reasonCode: 'COUNT' }); // biome-ignore format: one thought
      expect(await positions()).toEqual([{ on_hand: 10, committed: 8, missing: 0 }]);
      expect(await domains.order.releaseHeardHolds()).toBe(0);
    } finally {
      await faults('DELETE');
      await query(knex, 'update integration.degradation_rule set after_seconds = 3600');
    }
    await until(async () => (await positions())[0]?.on_hand === 5, 30_000);
    await until(async () => (await inOurs('select from integration.rules_in_force()')).length === 0, 30_000);
    expect(await domains.order.releaseHeardHolds()).toBe(8);
    expect(await inOurs("select count(*)::int as going_on from integration.outbox where type = 'order-hold-released.v1'")).toEqual([{ going_on: 8 }]); // biome-ignore format: one thought
    expect(await positions()).toEqual([{ on_hand: 5, committed: 8, missing: 3 }]);
    expect(await inOurs("select state, message from integration.exception where key like 'inventory:shortage:%A1'")).toEqual([{ state: 'OPEN', message: expect.stringMatching(/: 3 units of A1 at /) }]); // biome-ignore format: one thought
    expect(await world.run(world.comparison('wms', 'stock'))).toMatchObject({ different: 0 });
  });
});

describe('a run', () => {
  const pages = (comparison: Comparison, theirs: Comparison['theirs']): Comparison => ({ ...comparison, theirs });

  it('that was cut off is taken up where it stopped, and counts nothing twice', async () => {
    const stock = world.comparison('wms', 'stock');
    const cursors: (string | null)[] = [];
    const breaking = pages(stock, async (cursor, signal) => {
      if (cursors.length === 2) {
        cursors.push(cursor);
        throw new Error('killed');
      }
      cursors.push(cursor);
      return stock.theirs(cursor, signal);
    });
    await expect(world.run(breaking)).rejects.toThrow('killed');
    expect(await inOurs('select phase, compared from integration.reconciliation')).toEqual([{ phase: 'THEIRS', compared: 1_000 }]); // biome-ignore format: one thought
    expect(await world.run(pages(stock, (cursor, signal) => {
      cursors.push(cursor);
      return stock.theirs(cursor, signal);
    }))).toMatchObject({ compared: 1_207, different: 0 }); // biome-ignore format: one thought
    expect(cursors[3]).toBe(cursors[2]);
    expect(cursors).toHaveLength(4);
  });

  it('calls only that a difference which is the same at the second look', async () => {
    let look = 0;
    const seen = (key: string, what: string) => ({ key, what, remedy: 'None.', correctable: false });
    const moving: Comparison = {
      system: 'wms',
      subject: 'moving',
      theirs: async () => {
        look += 1;
        const gone = look === 1 ? [seen('gone', '1 there')] : [];
        return { keys: ['moves', 'stays', 'gone'], differences: [seen('moves', `${look} there`), seen('stays', '1 there'), ...gone], next: null }; // biome-ignore format: one thought
      },
      ours: async () => ({ keys: [], next: null }),
      missing: async () => [],
    };
    expect(await world.run(moving)).toMatchObject({ compared: 3, different: 1, excepted: 1 });
    expect(await world.raised()).toEqual(['wms:moving:stays']);
  });

  it('is made by one process at a time', async () => {
    const stock = world.comparison('wms', 'stock');
    let other: unknown;
    await world.run(
      pages(stock, async (cursor, signal) => {
        other ??= await world.run(stock).catch((error: Error) => error.message);
        return stock.theirs(cursor, signal);
      }),
    );
    expect(other).toBe('somebody is at it');
  });

  it('is what the indicators are made of', async () => {
    const operations = createOperationsSubgraph({ knex: world.knex, logger: createLogger({ level: 'silent', component: 'test' }) }); // biome-ignore format: one thought
    const indicators = async () => {
      const answer = await ask(operations, '{ serviceIndicators(window: LAST_HOUR) { inventorySyncAccuracyRatio reconciliationCompletenessRatio } }', {}, callerOf({ contract: 'operations', channel: null })); // biome-ignore format: one thought
      return (answer.data as { serviceIndicators: unknown }).serviceIndicators;
    };
    expect(await indicators()).toEqual({ inventorySyncAccuracyRatio: null, reconciliationCompletenessRatio: null });
    await inWarehouse("update wms.stock set quantity = quantity + 1 where article_no = 'ART-X12' and site in ('DC1', 'ST1')"); // biome-ignore format: one thought
    await inDesk("update oms.position set dispatched = 1 where pos_ref = 'ord_003-l'");
    await world.run(world.comparison('wms', 'stock'));
    expect(await world.run(world.comparison('oms', 'orders'))).toMatchObject({ excepted: 1 });
    expect(await indicators()).toEqual({
      inventorySyncAccuracyRatio: 1_205 / 1_207,
      reconciliationCompletenessRatio: (1_207 + 11) / (1_207 + 12),
    });
    await inDesk('update oms.position set dispatched = 2');
  });
});
