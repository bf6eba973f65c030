import { randomUUID } from 'node:crypto';
import { articleNoOf } from '../../systems/wms/article-number.ts';
import type { Goods } from './goods.ts';
import { type PlacedOrder, type Retailer, until, type Work } from './retailer.ts';

/** What the week is to come to, for whoever counts at its end. */
export interface Diary {
  /** How the marketplace's cancellations were to be answered, by its own name of the request. */
  readonly decisions: Map<string, 'GRANTED' | 'DENIED'>;
  /** Units that came back and could be sold again, and returns in all. */
  returns: { restocked: number; count: number };
  /** Exceptions that only a person can deal with, by operation, with how many are left. */
  left: Readonly<Record<string, number>>;
}

export interface Week {
  readonly retailer: Retailer;
  readonly goods: Goods;
  readonly diary: Diary;
  say(text: string): void;
}

const WAREHOUSES = ['DC-LEEDS', 'DC-READING'] as const;
const STORES = ['ST-LONDON', 'ST-MANCHESTER', 'ST-EDINBURGH', 'ST-BRISTOL', 'ST-CARDIFF'] as const;
const ENDED = ['DELIVERED', 'CANCELLED'];

export const one = (sku: string | undefined, quantity = 1) => [{ sku: sku ?? '', quantity }];

/** Staff do everything by hand at a site, or its floor works by itself again and takes up what lies there. */
export async function floor({ retailer }: Week, site: string, mode: 'MANUAL' | 'AUTOMATIC'): Promise<void> {
  await retailer.inSystem('wms', 'update wms.site set floor_mode = $2 where code = $1', [site, mode]);
  if (mode === 'AUTOMATIC')
    await retailer.inSystem('wms', `update wms.delivery set due_at = now() where site = $1 and due_at is null and cancellation is null and status in ('RECEIVED', 'ACCEPTED', 'PICKING')`, [site]); // biome-ignore format: one thought
}

/** The work that an order has at a site, once the site's staff know of it. */
export async function workAt({ retailer }: Week, order: PlacedOrder, site?: string): Promise<Work> {
  let found: Work | undefined;
  await until(`work of order ${order.number} at ${site ?? 'a node'}`, async () => {
    const works = (await retailer.worksOf(order)).filter(({ status }) => status === 'OPEN' || status === 'IN_PROGRESS');
    found = works.find((work) => site === undefined || work.site === site);
    return found !== undefined && (await retailer.deliveryOf(found.id)) !== undefined;
  });
  return found as Work;
}

async function reject(week: Week, order: PlacedOrder, site: string): Promise<void> {
  const work = await workAt(week, order, site);
  await until(`${site} rejects work of ${order.number}`, async () => {
    // A refusal is an answer too, and is given again under its key.
    const input = { idempotencyKey: randomUUID(), reason: 'OUT_OF_STOCK', note: 'bin empty' };
    const { fulfillmentOrderReject: answer } = await week.retailer.run('warehouse', 'RejectWork', { fulfillmentOrderId: work.id, input }); // biome-ignore format: one thought
    return answer.userErrors.length === 0;
  });
}

export const ended = (week: Week, orders: readonly PlacedOrder[]) =>
  until(`orders ${orders.map(({ number }) => number).join(', ')} at their end`, async () =>
    (await Promise.all(orders.map((order) => week.retailer.statusOf(order)))).every((status) => ENDED.includes(status)),
  );

/** Orders from the shop, from the marketplace, and to be collected in each of the five stores. */
export async function monday(week: Week): Promise<void> {
  const { retailer, goods } = week;
  const shipped: PlacedOrder[] = [];
  for (let index = 0; index < 12; index++) {
    const lines = [...one(goods.everywhere[index], 2), ...one(goods.inWarehouses[index % 5])];
    const postalCode = ['N1 1AA', 'LS9 0PX', 'EH1 2QE'][index % 3] as string;
    shipped.push(await retailer.place(index % 3 === 2 ? 'marketplace' : 'storefront', lines, { postalCode }));
  }
  const { locations } = await retailer.run('point-of-sale', 'Stores', {});
  const collected = await Promise.all(
    STORES.map(async (site) => {
      const location = locations.find(({ code }: { code: string }) => code === site);
      const sku = goods.inStore(site)[0];
      if (!location || !sku) throw new Error(`nothing can be collected at ${site}`);
      const order = await retailer.place('storefront', one(sku), { locationId: location.id });
      await collect(week, order);
    }),
  );
  await ended(week, shipped);
  week.say(`${shipped.length} orders delivered, ${collected.length} collected in stores`);
}

async function collect(week: Week, order: PlacedOrder): Promise<void> {
  const work = await workAt(week, order);
  const act = (operation: string, field: string) =>
    until(`${operation} of ${order.number}`, async () => {
      const input = { idempotencyKey: randomUUID() };
      const data = await week.retailer.run('point-of-sale', operation, { fulfillmentOrderId: work.id, input });
      return data[field].userErrors.length === 0;
    });
  await until(`${order.number} is packed`, async () => (await week.retailer.deliveryOf(work.id))?.status === 'PACKED');
  await act('ReadyForPickup', 'fulfillmentOrderMarkReadyForPickup');
  await act('CompletePickup', 'fulfillmentOrderCompletePickup');
  await ended(week, [order]);
}

/** Nodes say no: once, so that the other warehouse does it, and twice, so that the third party does. */
export async function tuesday(week: Week): Promise<void> {
  const { retailer, goods } = week;
  for (const site of WAREHOUSES) await floor(week, site, 'MANUAL');
  const orders: PlacedOrder[] = [];
  for (let index = 0; index < 4; index++) orders.push(await retailer.place(index === 0 ? 'marketplace' : 'storefront', one(goods.everywhere[12 + index], 2))); // biome-ignore format: one thought
  for (const order of orders) await reject(week, order, 'DC-READING');
  const [twice, ...others] = orders as [PlacedOrder, ...PlacedOrder[]];
  const elsewhere = (await workAt(week, twice)).site;
  if (elsewhere !== 'TP-FELIXSTOWE') await reject(week, twice, elsewhere);
  await workAt(week, twice, 'TP-FELIXSTOWE');
  for (const site of WAREHOUSES) await floor(week, site, 'AUTOMATIC');
  await ended(week, [twice, ...others]);
  week.say(
    `${orders.length} orders were refused by a node and went out from another, one of them from the third party`,
  );
}

/** Shelves hold less than the books say: found elsewhere, and nowhere until goods arrive on Saturday. */
export async function wednesday(week: Week): Promise<PlacedOrder> {
  const { retailer, goods } = week;
  const count = (site: string, sku: string, countedQuantity: number) =>
    retailer.call('wms', 'POST', '/adjustments', { reference: randomUUID(), site, articleNo: articleNoOf(sku), countedQuantity, reasonCode: 'COUNT' }); // biome-ignore format: one thought
  await floor(week, 'DC-READING', 'MANUAL');
  const [found, missing] = [goods.inWarehouses[0] as string, goods.inWarehouses[1] as string];
  const elsewhere = await retailer.place('storefront', one(found, 3));
  const nowhere = await retailer.place('marketplace', one(missing, 4));
  await workAt(week, elsewhere, 'DC-READING');
  await workAt(week, nowhere, 'DC-READING');
  await count('DC-READING', found, 1);
  await count('DC-READING', missing, 1);
  for (const site of ['DC-LEEDS', ...STORES]) {
    const carried = await retailer.inSystem('wms', 'select 1 from wms.stock where site = $1 and article_no = $2', [site, articleNoOf(missing)]); // biome-ignore format: one thought
    if (carried.length > 0) await count(site, missing, 0);
  }
  await floor(week, 'DC-READING', 'AUTOMATIC');
  await ended(week, [elsewhere]);
  await until('three units wait for stock', async () => {
    const [line] = await retailer.inStore<{ backordered: number }>('select backordered from orders.order_line where order_id = $1', [nowhere.id]); // biome-ignore format: one thought
    return line?.backordered === 3;
  });
  week.say('one order was completed by the other warehouse, one waits for three units');
  return nowhere;
}

/** The warehouse system is gone for an hour. Only the clock of its last word is simulated. */
export async function thursday(week: Week): Promise<void> {
  const { retailer, goods } = week;
  await retailer.stop('wms');
  await until('the outage is in force', async () => {
    await retailer.inStore(
      `update integration.system_contact set heard_at = now() - interval '1 hour' where system = 'wms'`,
    );
    return (await retailer.inStore(`select from integration.degradation_state where system = 'wms'`)).length > 0;
  });
  const orders: PlacedOrder[] = [];
  for (let index = 0; index < 6; index++) orders.push(await retailer.place(index % 2 === 0 ? 'storefront' : 'marketplace', one(goods.everywhere[17 + (index % 3)]))); // biome-ignore format: one thought
  const held = await retailer.inStore('select distinct order_id from orders.hold where order_id = any($1)', [orders.map(({ id }) => id)]); // biome-ignore format: one thought
  if (held.length !== orders.length) throw new Error(`${held.length} of ${orders.length} orders were held`);
  await retailer.start('wms');
  await ended(week, orders);
  week.say(
    `${orders.length} orders were taken and held while the warehouse system was down, and went on by themselves`,
  );
}

/**
 * Packers who have begun do not go on by themselves until somebody answers: however slow the machine is, the marketplace
 * cancels while they pack. Done where the warehouse keeps its clock, so that no moment is missed.
 */
async function packersStandStill({ retailer }: Week, stand: boolean): Promise<void> {
  await retailer.inSystem('wms', 'drop trigger if exists stand_still on wms.delivery');
  if (!stand) return;
  await retailer.inSystem(
    'wms',
    `create or replace function wms.stand_still() returns trigger language plpgsql as $$
     begin if new.status = 'PICKING' and old.status <> 'PICKING' then new.due_at := null; end if; return new; end $$`,
  );
  await retailer.inSystem('wms', 'create trigger stand_still before update on wms.delivery for each row execute function wms.stand_still()'); // biome-ignore format: one thought
}

/** The marketplace wants its sales back: while they are packed, before, and when they are gone. And it is down itself. */
export async function friday(week: Week): Promise<void> {
  const { retailer, goods, diary } = week;
  await retailer.inSystem('wms', `update wms.site set cancel_mode = 'MANUAL' where site_type = 'DC'`);
  await retailer.faults('channel', [{ kind: 'status', value: 503, times: 6 }, { kind: 'latency', value: 300, times: 5 }, { kind: 'status', value: 429, times: 2 }, { kind: 'late-success', times: 2 }]); // biome-ignore format: a table
  const cancel = async (order: PlacedOrder) => {
    const requestRef = `void-${order.number}`;
    const document = `mutation ($id: ID!, $input: OrderCancelInput!) { orderCancel(orderId: $id, input: $input) { requestedQuantity userErrors { code } } }`;
    const input = { idempotencyKey: requestRef, reason: 'CUSTOMER_REQUEST', askNodes: true };
    const { orderCancel } = await retailer.ask('marketplace', document, { id: order.id, input });
    return { requestRef, ...orderCancel };
  };
  await packersStandStill(week, true);
  for (const granted of [true, false]) {
    const order = await retailer.place('marketplace', one(goods.everywhere[0], 2));
    const work = await workAt(week, order);
    await until(`${order.number} is being packed`, async () => ['PICKING', 'PACKED'].includes((await retailer.deliveryOf(work.id))?.status ?? '')); // biome-ignore format: one thought
    const { requestRef } = await cancel(order);
    await until(`staff are asked about ${order.number}`, async () => (await retailer.deliveryOf(work.id))?.cancellation === 'ASKED'); // biome-ignore format: one thought
    const { deliveryNo } = (await retailer.deliveryOf(work.id)) ?? { deliveryNo: '' };
    await retailer.call('wms', 'POST', `/outbound-deliveries/${deliveryNo}/answer-cancellation`, { granted });
    diary.decisions.set(requestRef, granted ? 'GRANTED' : 'DENIED');
    await ended(week, [order]);
  }
  await packersStandStill(week, false);
  await floor(week, 'DC-READING', 'MANUAL');
  const early = await retailer.place('marketplace', one(goods.everywhere[1]));
  const unbegun = await workAt(week, early, 'DC-READING');
  diary.decisions.set((await cancel(early)).requestRef, 'GRANTED');
  // However slow the machine is, nobody takes up the work before the warehouse has heard of it.
  await until(`${early.number} is given back`, async () => (await retailer.deliveryOf(unbegun.id))?.status === 'CANCELLED'); // biome-ignore format: one thought
  await floor(week, 'DC-READING', 'AUTOMATIC');
  const late = await retailer.place('marketplace', one(goods.everywhere[2]));
  await ended(week, [early, late]);
  const refused = await cancel(late);
  if (refused.userErrors[0]?.code !== 'ALREADY_SHIPPED') throw new Error(`a shipped sale was answered ${JSON.stringify(refused)}`); // biome-ignore format: one thought
  week.say('the marketplace cancelled four sales: two were granted, one was kept by the packers, one was gone');
}

/** Goods arrive for who waits, others come back, and the carrier says something that nobody knows. */
export async function saturday(week: Week, waiting: PlacedOrder): Promise<void> {
  const { retailer, goods, diary } = week;
  const lines = [{ lineRef: 'r1', articleNo: articleNoOf(goods.inWarehouses[1] as string), quantity: 10 }];
  await retailer.call('wms', 'POST', '/receipts', { reference: randomUUID(), site: 'DC-LEEDS', kind: 'GR', lines });
  const unknown = await retailer.place('storefront', one(goods.everywhere[3]));
  const sold = [await retailer.place('storefront', one(goods.everywhere[4], 3)), await retailer.place('marketplace', one(goods.everywhere[5], 2))]; // biome-ignore format: one thought
  await ended(week, [waiting, unknown, ...sold]);
  const [parcel] = await retailer.inStore<{ number: string }>('select p.tracking_number as number from fulfillment.package p join fulfillment.shipment s on s.id = p.shipment_id where s.order_id = $1', [unknown.id]); // biome-ignore format: one thought
  await retailer.call('carrier', 'POST', `/consignments/${parcel?.number}/scans`, { reference: randomUUID(), status: 'teleported', message: 'It is elsewhere now' }); // biome-ignore format: one thought
  for (const order of sold) await bringBack(week, order);
  diary.returns = { restocked: 2, count: 2 };
  diary.left = { 'map-tracking-status': 1 };
  week.say('the order that waited was served, two came back, and a scan that nobody understands came in');
}

export async function bringBack({ retailer }: Week, order: PlacedOrder): Promise<void> {
  const [line] = await retailer.inStore<{ id: string }>('select id from orders.order_line where order_id = $1', [
    order.id,
  ]);
  const contract = order.channelOrderId === null ? 'storefront' : 'marketplace';
  const request = `mutation ($orderId: ID!, $input: ReturnRequestInput!) { returnRequest(orderId: $orderId, input: $input) { return { id lines { id } } userErrors { code message } } }`;
  const { returnRequest } = await retailer.ask(contract, request, { orderId: order.id, input: { idempotencyKey: randomUUID(), lines: [{ orderLineId: line?.id, quantity: 1, reason: 'UNWANTED' }] } }); // biome-ignore format: one thought
  const returned = returnRequest.return;
  if (!returned) throw new Error(`no return of ${order.number}: ${JSON.stringify(returnRequest)}`);
  await retailer.run('warehouse', 'AuthorizeReturn', {
    returnId: returned.id,
    input: { idempotencyKey: randomUUID() },
  });
  const { locations } = await retailer.ask('warehouse', '{ locations(kind: WAREHOUSE) { id } }');
  await retailer.run('warehouse', 'ReceiveReturn', {
    returnId: returned.id,
    input: { idempotencyKey: randomUUID(), locationId: locations[0].id, lines: [{ returnLineId: returned.lines[0].id, quantity: 1, disposition: 'SELLABLE' }] },
  }); // biome-ignore format: a table
  await until(`the return of ${order.number} is closed`, async () => {
    const [found] = await retailer.inStore<{ state: string }>('select state from orders.return where order_id = $1', [
      order.id,
    ]);
    return found?.state === 'CLOSED';
  });
}
