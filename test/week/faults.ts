import { randomUUID } from 'node:crypto';
import { bringBack, ended, floor, one, type Week, workAt } from './days.ts';
import { type PlacedOrder, until } from './retailer.ts';

/**
 * The night before Sunday: systems misbehave under whole orders, one fault after the other. Each time: what the desk shows, that
 * neighbours go on meanwhile, and that the order ends by itself. That nothing had a second effect is counted on Sunday.
 */
export async function night(week: Week): Promise<void> {
  for (const fault of [neverAnswers, answersTooLate, trickles, tellsTenTimes, losesAnEvent, poison]) await fault(week);
}

const buy = ({ retailer, goods }: Week, article: number, quantity = 1) => retailer.place('storefront', one(goods.everywhere[article], quantity)); // biome-ignore format: one thought

/** Open exceptions of an order, by operation. */
async function shown({ retailer }: Week, order: PlacedOrder): Promise<{ id: string; operation: string; cause: string; message: string }[]> {
  return retailer.inStore("select id, operation, cause, message from integration.exception where order_id = $1 and state in ('OPEN', 'RETRYING')", [order.id]); // biome-ignore format: one thought
} // biome-ignore format: one thought

async function untilShown(week: Week, order: PlacedOrder, operation: RegExp) {
  let found: Awaited<ReturnType<typeof shown>>[number] | undefined;
  await until(`${operation.source} of ${order.number} is on the desk`, async () => {
    found = (await shown(week, order)).find((one) => operation.test(one.operation));
    return found !== undefined;
  });
  return found as NonNullable<typeof found>;
}

async function untilNothingShown(week: Week, order: PlacedOrder): Promise<void> {
  await until(`the desk has nothing of ${order.number}`, async () => (await shown(week, order)).length === 0);
}

async function untilPaid({ retailer }: Week, order: PlacedOrder): Promise<void> {
  await until(`${order.number} is paid`, async () => {
    const { invoices } = await retailer.traceOf(order);
    return invoices.length > 0 && invoices.every(({ status }: { status: string }) => status === 'PAID');
  });
}

function mustBe(what: string, isSo: boolean): void {
  if (!isSo) throw new Error(`not so: ${what}`);
}

/** Fault 9: it accepts requests and never answers. */
async function neverAnswers(week: Week): Promise<void> {
  const { retailer } = week;
  for (const site of ['DC-READING', 'DC-LEEDS']) await floor(week, site, 'MANUAL');
  const neighbour = await buy(week, 6);
  await workAt(week, neighbour);
  await retailer.faults('wms', [{ route: '/outbound-deliveries', method: 'POST', kind: 'hang' }]);
  const order = await buy(week, 7);
  const { cause } = await untilShown(week, order, /^release-/);
  mustBe(`${cause} says that it does not answer`, cause === 'TIMEOUT' || cause === 'UNAVAILABLE');
  mustBe(`${order.number} waits for its node`, (await retailer.statusOf(order)) === 'ALLOCATED');
  // What the warehouse has, its people do: its feed is heard.
  for (const site of ['DC-READING', 'DC-LEEDS']) await floor(week, site, 'AUTOMATIC');
  await ended(week, [neighbour]);
  await retailer.heal('wms');
  await ended(week, [order]);
  await untilNothingShown(week, order);
  week.say(
    'fault 9: a warehouse that never answered was on the desk, its other order went on, and it healed by itself',
  );
}

/** Fault 10: all three systems do the work and do not say so. */
async function answersTooLate(week: Week): Promise<void> {
  const { retailer, diary } = week;
  const late = (route: string) => ({ route, method: 'POST', kind: 'late-success', times: 2 });
  await retailer.faults('oms', [late('/desk-orders')]);
  await retailer.faults('wms', [late('/outbound-deliveries')]);
  await retailer.faults('erp', [late('/billing-documents')]);
  const order = await buy(week, 8, 2);
  await ended(week, [order]);
  await untilPaid(week, order);
  await retailer.faults('oms', [late('/desk-orders')]);
  await retailer.faults('wms', [late('/receipts')]);
  await retailer.faults('erp', [late('/billing-documents')]);
  await bringBack(week, order);
  await until(`the order desk heard of the return of ${order.number}`, async () => {
    const [at] = await retailer.inSystem<{ returned: number }>('oms', 'select sum(returned)::int as returned from oms.desk_order join oms.position using (desk_no) where client_ref = $1', [order.id]); // biome-ignore format: one thought
    return at?.returned === 1;
  });
  for (const name of ['oms', 'wms', 'erp'] as const) await retailer.heal(name);
  await untilNothingShown(week, order);
  diary.returns = { restocked: diary.returns.restocked + 1, count: diary.returns.count + 1 };
  week.say('fault 10: an order and its return went through three systems that did the work and did not say so');
}

/** Fault 13: answers come at 1 kB/s. */
async function trickles(week: Week): Promise<void> {
  const { retailer } = week;
  retailer.slow('erp', 1_000);
  retailer.slow('wms', 1_000);
  const order = await buy(week, 9);
  // What needs neither of them is answered: buyers see goods, and the desk takes orders.
  const began = Date.now();
  await retailer.run('storefront', 'OrderPage', { id: order.id });
  await until(`${order.number} is registered`, async () => (await retailer.inStore('select from orders.customer_order where id = $1 and desk_number is not null', [order.id])).length === 1); // biome-ignore format: one thought
  week.say(`fault 13: answers at 1 kB/s; the order was shown and at the desk after ${((Date.now() - began) / 1_000).toFixed(1)} s`); // biome-ignore format: one thought
  await ended(week, [order]);
  retailer.slow('erp', null);
  retailer.slow('wms', null);
  await until(`${order.number} is invoiced`, async () => (await retailer.traceOf(order)).invoices.length === 1);
  await untilNothingShown(week, order);
  week.say('fault 13: it was delivered and invoiced over the slow wire');
}

/** Faults 16 and 17: every feed tells everything ten times, from the end of each page. */
async function tellsTenTimes(week: Week): Promise<void> {
  const { retailer } = week;
  const tenTimes = (...routes: string[]) => routes.flatMap((route) => [{ route, kind: 'duplicate', value: 10 }, { route, kind: 'reorder' }]); // biome-ignore format: one thought
  await retailer.faults('wms', tenTimes('/delivery-events', '/stock-ledger'));
  await retailer.faults('erp', tenTimes('/accounting-documents'));
  const orders = [await buy(week, 10, 3), await buy(week, 11, 2)];
  await ended(week, orders);
  for (const order of orders) {
    await untilPaid(week, order);
    await untilNothingShown(week, order);
  }
  await retailer.heal('wms');
  await retailer.heal('erp');
  const twice = await retailer.inStore('select order_id from fulfillment.shipment where order_id = any($1) group by 1 having count(*) <> 1', [orders.map(({ id }) => id)]); // biome-ignore format: one thought
  mustBe('each order left once', twice.length === 0);
  week.say('faults 16 and 17: two orders went through feeds that told everything ten times and backwards');
}

/** Fault 18: the warehouse's word that goods left got lost. */
async function losesAnEvent(week: Week): Promise<void> {
  const { retailer } = week;
  await floor(week, 'DC-READING', 'MANUAL');
  await floor(week, 'DC-LEEDS', 'MANUAL');
  const order = await buy(week, 12);
  const work = await workAt(week, order);
  // A number that everybody has read past already is the number of what is told next of this delivery's leaving.
  const [{ hole } = { hole: '0' }] = await retailer.inSystem<{ hole: string }>('wms', 'update wms.delivery_event set event_no = event_no + 1 where event_no = (select max(event_no) from wms.delivery_event) returning (event_no - 1)::text as hole'); // biome-ignore format: one thought
  await retailer.inSystem(
    'wms',
    `create or replace function wms.lose() returns trigger language plpgsql as $$
     begin if new.external_ref = '${work.id}' and new.event = 'GOODS_ISSUED' then new.event_no := ${hole}; end if; return new; end $$`,
  );
  await retailer.inSystem('wms', 'create trigger lose before insert on wms.delivery_event for each row execute function wms.lose()'); // biome-ignore format: one thought
  for (const site of ['DC-READING', 'DC-LEEDS']) await floor(week, site, 'AUTOMATIC');
  await until('the goods left', async () => (await retailer.deliveryOf(work.id))?.status === 'GOODS_ISSUED');
  await retailer.inSystem('wms', 'drop trigger lose on wms.delivery_event');
  const neighbour = await buy(week, 13);
  await ended(week, [neighbour]);
  mustBe(`nobody here heard that ${order.number} left`, (await retailer.statusOf(order)) === 'IN_FULFILLMENT'); // biome-ignore format: one thought
  // What the comparison of every hour does; work that changed within half a minute is left to the next.
  await until(`${order.number} is found by the comparison`, async () => {
    const [request] = await retailer.inStore<{ id: string }>("insert into integration.reconciliation_request (system, subject, dry_run) values ('wms', 'work', false) returning id"); // biome-ignore format: one thought
    await until('the comparison is done', async () => (await retailer.inStore('select from integration.reconciliation_request where id = $1 and done_at is not null', [request?.id])).length === 1); // biome-ignore format: one thought
    return (await retailer.statusOf(order)) !== 'IN_FULFILLMENT';
  });
  await ended(week, [order]);
  week.say('fault 18: the comparison found what the warehouse had not told, and took it again');
}

/** Fault 39: an event of the order fails whoever takes it, each time. */
async function poison(week: Week): Promise<void> {
  const { retailer } = week;
  await floor(week, 'DC-READING', 'MANUAL');
  await floor(week, 'DC-LEEDS', 'MANUAL');
  const order = await buy(week, 14);
  const work = await workAt(week, order);
  await retailer.inStore(
    `create function orders.poison() returns trigger language plpgsql as $$
     begin if new.order_id = '${order.id}' and new.type = 'WORK_ACCEPTED' then raise exception 'poison'; end if; return new; end $$`,
  );
  await retailer.inStore('create trigger poison before insert on orders.timeline for each row execute function orders.poison()'); // biome-ignore format: one thought
  const neighbour = await buy(week, 15);
  for (const site of ['DC-READING', 'DC-LEEDS']) await floor(week, site, 'AUTOMATIC');
  await ended(week, [neighbour]);
  const { id } = await untilShown(week, order, /./);
  // Its own later events were not held up either.
  await ended(week, [order]);
  await retailer.inStore('drop trigger poison on orders.timeline');
  await retailer.run('operations', 'RetryException', { exceptionId: id, input: { idempotencyKey: randomUUID() } });
  await untilNothingShown(week, order);
  const told = await retailer.inStore("select from orders.timeline where order_id = $1 and type = 'WORK_ACCEPTED'", [order.id]); // biome-ignore format: one thought
  mustBe(`the acceptance of ${work.id} is told once`, told.length === 1);
  week.say(
    'fault 39: an event that nobody could take was on the desk, everything else went on, and a retry took it once',
  );
}
