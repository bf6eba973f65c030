import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { type SapOrderTerms, sapOrderDesk } from '../../subgraphs/order/adapters/sap.ts';
import type { DeskOrder, OrderDesk } from '../../subgraphs/order/port.ts';
import { sapProductSource } from '../../subgraphs/product/adapters/sap.ts';
import { readProducts } from '../../systems/sap/catalogue.ts';
import { createSapClient, type SapClient } from '../../systems/sap/client.ts';
import { findOrders, removeOrder } from '../../systems/sap/orders.ts';
import { profileOfSap } from '../../systems/sap/profile.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/database.ts';
import { startSap, type TestSap } from '../helpers/sap/server.ts';
import { orderDeskContract } from './order-desk.contract.ts';
import { productSourceContract } from './product-source.contract.ts';
import { putCondition, putProduct, SAP_TERMS, startSapWorld } from './product-source.sap-world.ts';

const ORDERS = 'API_SALES_ORDER_SRV';
const PRICES = 'API_SLSPRICINGCONDITIONRECORD_SRV';
const { signal } = new AbortController();
const orderTerms: SapOrderTerms = { orderType: 'OR', salesOrganization: '1010', distributionChannel: '10', division: '00', soldTo: { default: '17100001', AMAZON: '17100003' }, priceCondition: 'PMP0', rejection: '01' }; // biome-ignore format: one thought
const order: DeskOrder = {
  orderId: 'ord_9',
  number: '100009',
  channelCode: 'AMAZON',
  channelOrderId: null,
  currencyCode: 'GBP',
  lines: [
    { lineId: 'oln_1', sku: '71053', quantity: 5, unitPrice: '3.39' },
    { lineId: 'oln_2', sku: '85123A', quantity: 2, unitPrice: '2.55' },
  ],
  destination: { countryCode: 'GB', postalCode: 'N1 1AA' },
};

let database: TestDatabase;
let worlds = 0;
beforeAll(async () => {
  database = await createTestDatabase(['integration']);
});
afterAll(() => database.drop());
const journal = () => {
  worlds += 1;
  return openObservedJournal(database.knex, `sap${worlds}`);
};

productSourceContract('SAP S/4HANA', () => startSapWorld(journal()), profileOfSap(true));
orderDeskContract(
  'SAP S/4HANA',
  async () => {
    const server = await startSap();
    const client = createSapClient({ ...server.options, timeoutMillis: 60_000 });
    return {
      desk: sapOrderDesk(client, orderTerms),
      async stop() {
        await client.close();
        await server.stop();
      },
    };
  },
  profileOfSap(true),
);

describe('with SAP', () => {
  let server: TestSap;
  let sap: SapClient;
  let desk: OrderDesk;
  const open = (more: Partial<TestSap['options']> = {}) => createSapClient({ ...server.options, ...more, timeoutMillis: 60_000 }); // biome-ignore format: one thought
  const orders = () => server.rows(ORDERS, 'A_SalesOrderType');
  const items = () => server.rows(ORDERS, 'A_SalesOrderItemType').map(({ PurchaseOrderByCustomer, RequestedQuantity, SalesDocumentRjcnReason }) => [PurchaseOrderByCustomer, RequestedQuantity, SalesDocumentRjcnReason]); // biome-ignore format: one thought
  beforeEach(async () => {
    server = await startSap();
    sap = open();
    desk = sapOrderDesk(sap, orderTerms);
  });
  afterEach(async () => {
    await sap.close();
    await server.stop();
  });

  it('an order is one deep insert, with our id as the reference of the customer', async () => {
    expect(await desk.register(order, signal)).toEqual({ deskNumber: '1', acknowledgedAt: expect.any(Date) });
    expect(orders()).toMatchObject([{ SalesOrder: '1', SalesOrderType: 'OR', SoldToParty: '17100003', PurchaseOrderByCustomer: 'ord_9', TransactionCurrency: 'GBP' }]); // biome-ignore format: one thought
    expect(server.rows(ORDERS, 'A_SalesOrderItemType')).toMatchObject([
      { SalesOrderItem: '10', Material: '71053', RequestedQuantity: '5.000', PurchaseOrderByCustomer: 'oln_1' },
      { SalesOrderItem: '20', Material: '85123A', RequestedQuantity: '2.000', PurchaseOrderByCustomer: 'oln_2' },
    ]);
    expect(server.rows(ORDERS, 'A_SalesOrderItemPrElementType')).toMatchObject([
      { ConditionType: 'PMP0', ConditionRateValue: '3.390000000', ConditionCurrency: 'GBP', ConditionQuantity: '1' },
      { ConditionRateValue: '2.550000000' },
    ]);
    await desk.register({ ...order, orderId: 'ord_10', channelCode: 'WEB' }, signal);
    expect(orders()[1]).toMatchObject({ SoldToParty: '17100001' });
  });

  it('a token is asked for once, and anew when its session ended; the write that was refused is done then', async () => {
    await desk.register(order, signal);
    await desk.register({ ...order, orderId: 'ord_10' }, signal);
    expect(server.seen).toMatchObject({ tokens: 1, refusedTokens: 0 });
    server.endSessions();
    await Promise.all(['ord_11', 'ord_12', 'ord_13'].map((orderId) => desk.register({ ...order, orderId }, signal)));
    expect(server.seen.tokens).toBe(2);
    expect(server.seen.refusedTokens).toBeGreaterThan(0);
    expect(orders().map((one) => one.PurchaseOrderByCustomer).sort()).toEqual(['ord_10', 'ord_11', 'ord_12', 'ord_13', 'ord_9']); // biome-ignore format: one thought
  });

  it('an order whose answer got lost is found by its reference, and made once', async () => {
    server.loseAnswers = 1;
    await expect(desk.register(order, signal)).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' });
    expect(await desk.register(order, signal)).toMatchObject({ deskNumber: '1' });
    expect(server.seen.creations).toBe(1);
  });

  it('of two that came of an order because the first was not seen yet, the first stays', async () => {
    server.loseAnswers = 1;
    server.lateLooks = 2;
    await expect(desk.register(order, signal)).rejects.toMatchObject({ code: 'SYSTEM_UNAVAILABLE' });
    server.lateLooks = 0;
    expect(await desk.register(order, signal)).toMatchObject({ deskNumber: '1' });
    expect([server.seen.creations, orders().map(({ SalesOrder }) => SalesOrder)]).toEqual([2, ['1']]);
  });

  it('what somebody changed meanwhile is not taken away', async () => {
    await desk.register(order, signal);
    const [found] = await findOrders(sap, '1010', 'ord_9', {});
    if (!found) throw new Error('no order');
    await desk.cancel({ noticeId: 'n', orderId: 'ord_9', reason: 'OTHER', lines: [{ lineId: 'oln_1', quantity: 1, left: 4 }] }, signal); // biome-ignore format: one thought
    await expect(removeOrder(sap, found, {})).rejects.toMatchObject({ code: 'SYSTEM_REJECTED', details: { status: 412 } }); // biome-ignore format: one thought
    await expect(sap.remove(ORDERS, "A_SalesOrder('1')", null, {})).rejects.toMatchObject({ details: { status: 428 } });
    expect(orders()).toHaveLength(1);
  });

  it('a cancellation leaves what is still wanted, whichever notice comes again or late', async () => {
    await desk.register(order, signal);
    const cancel = (lineId: string, quantity: number, left: number) => desk.cancel({ noticeId: `${quantity}`, orderId: 'ord_9', reason: 'OTHER', lines: [{ lineId, quantity, left }] }, signal); // biome-ignore format: one thought
    await cancel('oln_1', 1, 4);
    await cancel('oln_1', 1, 3);
    await cancel('oln_1', 1, 4);
    await cancel('oln_2', 2, 0);
    await cancel('oln_2', 2, 0);
    expect(items()).toEqual([['oln_1', '3.000', ''], ['oln_2', '2.000', '01']]); // biome-ignore format: one thought
    expect(server.seen.writes).toBe(1 + 3);
    await expect(cancel('oln_3', 1, 0)).rejects.toMatchObject({ code: 'SYSTEM_REJECTED' });
  });

  it('names, types and digits are those of its metadata: what differs is refused, with its code', async () => {
    const make = (body: object) => sap.create(ORDERS, 'A_SalesOrder', { SoldToParty: '17100001', ...body }, z.unknown(), {}); // biome-ignore format: one thought
    const refused = {
      code: 'SYSTEM_REJECTED',
      details: { status: 400, systemCode: '005056A509B11EE1B9A8FEC11C21578E' },
    };
    for (const body of [
      { CustomerReference: 'ord_9' },
      { PurchaseOrderByCustomer: 'x'.repeat(36) },
      { TotalNetAmount: '1.00' },
      { SalesOrderDate: '2026-11-23' },
      { to_Item: [{ Material: '71053', RequestedQuantity: 5 }] },
      { to_Item: [{ Material: '71053', RequestedQuantity: '5.0001' }] },
      { to_Item: [{ Product: '71053' }] },
    ]) {
      await expect(make(body)).rejects.toMatchObject(refused);
    }
    await expect(sap.count(`/${ORDERS}/A_SalesOrder`, { filter: "CustomerReference eq 'x'" }, {})).rejects.toMatchObject(refused); // biome-ignore format: one thought
    await expect(make({ SoldToParty: '' })).rejects.toMatchObject({ details: { systemCode: 'VP_112' } });
    expect(orders().filter(({ PurchaseOrderByCustomer }) => PurchaseOrderByCustomer !== '')).toEqual([]);
  });

  it('a password that is refused is not tried again', async () => {
    const wrong = open({ password: 's3cret' });
    const refused = await findOrders(wrong, '1010', 'ord_9', {}).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'SYSTEM_REJECTED', details: { status: 401 } });
    expect(JSON.stringify(refused)).not.toContain('s3cret');
    await wrong.close();
  });

  it('every page is read, by links and by keys, and what is not sold in the area is left out', async () => {
    for (let number = 0; number < 501; number += 1) putProduct(server, `P${String(number).padStart(4, '0')}`);
    server.put('API_PRODUCT_SRV', 'A_ProductType', { Product: 'PALLET' });
    server.pageSize = 200;
    const found = await readProducts(sap, SAP_TERMS.area, {});
    expect(found.map(({ Product }) => Product)).toEqual(Array.from({ length: 501 }, (_, number) => `P${String(number).padStart(4, '0')}`)); // biome-ignore format: one thought
    // 500 in three pages of at most 200, then those behind the last of them.
    expect(server.seen.reads).toBe(4);
  });

  it('prices hold for everybody, on their days, per piece; what cannot be said is set aside', async () => {
    putProduct(server, 'A');
    server.put('API_PRODUCT_SRV', 'A_ProductSalesTaxType', { Product: 'ODD', Country: 'GB', TaxCategory: 'TTX1', TaxClassification: '9' }); // biome-ignore format: one thought
    putCondition(server, '1', 'A', { ConditionRateValue: '339.00', ConditionQuantity: '100' }, { ConditionValidityStartDate: '/Date(1790812800000)/', ConditionValidityEndDate: '/Date(1798675200000)/' }); // biome-ignore format: one thought
    putCondition(server, '2', 'A', { ConditionRateValue: '37.44', ConditionQuantityUnit: 'DZ', ConditionToBaseQtyNmrtr: '12', ConditionToBaseQtyDnmntr: '1' }); // biome-ignore format: one thought
    putCondition(server, '3', 'A', { ConditionRateValue: '1.00', ConditionTable: '305' });
    putCondition(server, '4', 'A', { ConditionRateValue: '1.00' }, { ConditionReleaseStatus: 'A' });
    putCondition(server, '5', 'A', { ConditionRateValue: '1.00' }, { PriceListType: '77' });
    putCondition(server, '6', 'A', { ConditionRateValue: '1.00', ConditionIsDeleted: true });
    putCondition(server, '7', 'ODD', { ConditionRateValue: '1.00' });
    putCondition(server, '8', 'A', { PricingScaleType: 'B', PricingScaleBasis: 'C' });
    server.put(PRICES, 'A_SlsPrcgCndnRecordScaleType', { ConditionRecord: '8', ConditionSequentialNumber: '1', ConditionScaleLine: '1', ConditionScaleQuantity: '10', ConditionScaleQuantityUnit: 'PC', ConditionRateValue: '1.00', ConditionRateValueUnit: 'GBP' }); // biome-ignore format: one thought
    const source = sapProductSource(sap, journal(), 'sap', { ...SAP_TERMS, timeZone: 'Europe/Berlin' });
    const { entries } = await source.changesAfter('prices', 0, { limit: 100, waitSeconds: 0, signal });
    expect(entries).toMatchObject([
      { kind: 'price', key: 'sap:1/2026-12-31', amountMinor: 339n, minQuantity: 1, validFrom: new Date('2026-09-30T22:00:00Z'), validTo: new Date('2026-12-31T23:00:00Z') },
      { kind: 'price', key: 'sap:2/9999-12-31', amountMinor: 312n, validTo: null },
      { kind: 'rejected', record: 'price', key: 'sap:7/9999-12-31', reason: 'NO_TRANSLATION' },
      { kind: 'rejected', record: 'price', key: 'sap:8/9999-12-31/1', reason: 'NO_TRANSLATION' },
    ]); // biome-ignore format: one thought
  });
});
