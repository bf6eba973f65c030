import { articleNoOf } from '../../systems/wms/article-number.ts';
import type { Placed, Shop } from './shop.ts';

/** Goods for the stories. */
export interface Goods {
  /** SKUs that a node which ships has plenty of, one for each story. */
  readonly plenty: readonly string[];
  /** SKUs of which only so many units are there. */
  readonly scarce: readonly { readonly sku: string; readonly units: number }[];
  /** A site of the warehouse system that ships. */
  readonly site: string;
}

/** What happens to orders: together they go through every step of every workflow. Each ends with its order at its end. */
export function stories(shop: Shop, goods: Goods): readonly (readonly [string, () => Promise<void>])[] {
  const { place, command, scan, delivery, ship, finish, until, workOf, wms } = shop;
  let next = 0;
  const some = (quantity: number) => ({ sku: goods.plenty[next++ % goods.plenty.length] ?? '', quantity });
  const work = async (orderId: string, requestStatus: string) =>
    until(`${requestStatus} work of ${orderId}`, async () => (await workOf(orderId)).find((one) => one.requestStatus === requestStatus && one.status !== 'CANCELLED')); // biome-ignore format: one thought
  const known = (orderId: string) =>
    until(`the node's number of the work of ${orderId}`, async () =>
      (await shop.rows<{ id: string }>('commerce', 'select id from fulfillment.fulfillment_order where order_id = $1 and node_reference is not null', [orderId]))[0],
    ); // biome-ignore format: one thought

  async function comesBack(
    { id, lineId }: Placed,
    disposition: string,
    before: 'REFUNDED' | 'LABELLED' | 'LOST' | null = null,
  ): Promise<void> {
    const asked = await command('returnRequest', ['orderId', id], { lines: [{ orderLineId: lineId, quantity: 1, reason: 'DEFECTIVE' }] }, 'return { id lines { id } }', 'dev-storefront'); // biome-ignore format: one thought
    const { id: returnId, lines } = asked.return;
    await command('returnAuthorize', ['returnId', returnId], {});
    if (before === 'REFUNDED') await command('returnRefund', ['returnId', returnId], {});
    if (before === 'LABELLED' || before === 'LOST') {
      await command('returnIssueLabel', ['returnId', returnId], {});
      const { carrier, number } = await until(`the label of ${returnId}`, async () =>
        (await shop.rows<{ carrier: string; number: string }>('commerce', 'select carrier, tracking_number as number from fulfillment.return_parcel where return_id = $1', [returnId]))[0],
      ); // biome-ignore format: one thought
      if (before === 'LOST') {
        await scan(carrier, number, 'in_transit');
        await scan(carrier, number, 'lost');
        await stateOf(returnId, 'LOST');
      }
    }
    await takeIn(id, returnId, { returnLineId: lines[0].id, quantity: 1, disposition });
  }

  async function takeIn(orderId: string, returnId: string, line: object): Promise<void> {
    const [location] = await workOf(orderId);
    await command('returnReceive', ['returnId', returnId], { locationId: location?.locationId, lines: [line] });
    await stateOf(returnId, 'CLOSED');
  }

  const stateOf = (returnId: string, state: string) =>
    until(`${returnId} to be ${state}`, async () =>
      (await shop.rows<{ state: string }>('commerce', 'select state from orders.return where id = $1', [returnId])).some((row) => row.state === state),
    ); // biome-ignore format: one thought

  /** Its carrier brings it back: staff take it in, and nothing of the order is left. */
  async function comesBackUndelivered({ id, lineId }: Placed, quantity: number): Promise<void> {
    const parcel = await ship(await delivery(id), { carrierCode: 'DPD' }); // no carrier of ours delivers it
    await until('the parcel', async () => (await shop.rows('commerce', `select 1 from orders.customer_order where id = $1 and status = 'SHIPPED'`, [id])).length > 0); // biome-ignore format: one thought
    await scan('DPD', parcel, 'return_to_sender');
    const asked = await command('returnRequest', ['orderId', id], { lines: [{ orderLineId: lineId, quantity, reason: 'RETURNED_TO_SENDER' }] }, 'return { id lines { id } }'); // biome-ignore format: one thought
    await takeIn(id, asked.return.id, { returnLineId: asked.return.lines[0].id, quantity, disposition: 'SELLABLE' });
  }

  /** More units than there are; then stock for those that wait comes in. */
  async function waits(index: number): Promise<void> {
    const { sku, units } = goods.scarce[index] ?? { sku: '', units: 0 };
    const order = await place({ sku, quantity: units + 2 }, { allowBackorder: true });
    const waiting = await until('units that wait', async () => {
      const [line] = await shop.rows<{ units: number }>('commerce', 'select backordered as units from orders.order_line where order_id = $1 and unsourced = 0', [order.id]); // biome-ignore format: one thought
      return line?.units;
    });
    await wms.adjust({ reference: `crash-${sku}`, site: goods.site, articleNo: articleNoOf(sku), change: { delta: waiting }, reasonCode: 'COUNT' }); // biome-ignore format: one thought
    await finish(order.id);
  }

  /** Stock was committed to units, and a worker died before it was said which of them need it: then none does any more. */
  async function needsItNoMore(): Promise<void> {
    const { workflowId } = await shop.death('allocated', 'plan-units-*', 'before');
    const [line] = await shop.rows<{ orderId: string; lineId: string; units: number }>(
      'commerce',
      `select l.order_id as "orderId", l.id as "lineId", l.backordered as units from integration.event_log e
       join orders.order_line l on l.order_id = e.data ->> 'orderId' where e.id = $1`,
      [workflowId.slice('allocated:'.length)],
    );
    if (!line) throw new Error(`no order belongs to ${workflowId}`);
    await command('orderCancel', ['orderId', line.orderId], {
      reason: 'CUSTOMER_REQUEST',
      lines: [{ orderLineId: line.lineId, quantity: line.units }],
    });
  }

  return [
    ['is shipped, delivered, and comes back', async () => {
      const order = await place(some(2));
      await finish(order.id);
      await comesBack(order, 'SELLABLE');
      await comesBack(order, 'DEFECTIVE', 'LABELLED');
    }],
    ['is paid back before it comes back', async () => {
      const order = await place(some(1));
      await finish(order.id);
      await comesBack(order, 'SELLABLE', 'REFUNDED');
    }],
    ['comes back although it was lost', async () => {
      const order = await place(some(1));
      await finish(order.id);
      await comesBack(order, 'SELLABLE', 'LOST');
    }],
    ['is brought back by its carrier', async () => {
      const order = await place(some(2));
      await comesBackUndelivered(order, 2);
      await finish(order.id);
    }],
    ['is refused by its node', async () => {
      const order = await place(some(2));
      await wms.refuseDelivery((await delivery(order.id)).deliveryNo, 'NO_CAPACITY');
      await finish(order.id);
    }],
    ['is cancelled at once', async () => {
      const order = await place(some(2));
      await command('orderCancel', ['orderId', order.id], { reason: 'CUSTOMER_REQUEST' });
      await finish(order.id);
    }],
    ['is cancelled when its node has it', async () => {
      const order = await place(some(2));
      await delivery(order.id);
      await known(order.id);
      await command('orderCancel', ['orderId', order.id], { reason: 'CUSTOMER_REQUEST', askNodes: true });
      await until('the work that comes back', async () => (await workOf(order.id)).some((one) => one.status === 'CANCELLED')); // biome-ignore format: one thought
      await finish(order.id);
    }],
    ['is cancelled when its node has sent a part', async () => {
      const order = await place(some(3));
      await ship(await delivery(order.id), { units: 1 });
      await until('the part that left', async () => (await shop.rows('commerce', 'select 1 from fulfillment.shipment where order_id = $1', [order.id])).length > 0); // biome-ignore format: one thought
      await command('orderCancel', ['orderId', order.id], { reason: 'CUSTOMER_REQUEST', askNodes: true });
      await until('the refusal', async () => (await workOf(order.id)).some((one) => one.requestStatus === 'CANCELLATION_REJECTED')); // biome-ignore format: one thought
      await finish(order.id);
    }],
    ['is cancelled by two people at once when its node has it', async () => {
      const order = await place(some(2));
      await delivery(order.id);
      await known(order.id);
      const cancel = () => command('orderCancel', ['orderId', order.id], { reason: 'CUSTOMER_REQUEST', askNodes: true });
      await Promise.all([cancel(), cancel()]); // both are taken, and the node is asked for the one
      await finish(order.id);
    }],
    ['goes to another node', async () => {
      const order = await place(some(2));
      await delivery(order.id);
      await known(order.id);
      const { id } = await work(order.id, 'SUBMITTED');
      await command('fulfillmentOrderMove', ['fulfillmentOrderId', id], { reason: 'flood', locationId: await elsewhere(shop, id) }); // biome-ignore format: one thought
      await until('the end of the old work', async () => (await workOf(order.id)).some((one) => one.id === id && one.status === 'CANCELLED')); // biome-ignore format: one thought
      await finish(order.id);
    }],
    ['is held while its work is given anew', async () => {
      const order = await place(some(2));
      await delivery(order.id);
      await known(order.id);
      const { id } = await work(order.id, 'SUBMITTED');
      await command('orderHold', ['orderId', order.id], { reason: 'FRAUD' });
      await command('fulfillmentOrderMove', ['fulfillmentOrderId', id], { reason: 'flood', locationId: await elsewhere(shop, id) }); // biome-ignore format: one thought
      await work(order.id, 'UNSUBMITTED');
      await command('orderReleaseHold', ['orderId', order.id], { reason: 'FRAUD' });
      await finish(order.id);
    }],
    ['has work that is held and opened', async () => {
      const order = await place(some(2));
      await delivery(order.id);
      await known(order.id);
      await command('fulfillmentOrderHold', ['fulfillmentOrderId', (await work(order.id, 'SUBMITTED')).id], { reason: 'count' });
      const held = await until('held work', async () => (await workOf(order.id)).find((one) => one.status === 'ON_HOLD'));
      await command('fulfillmentOrderReleaseHold', ['fulfillmentOrderId', held.id], { reason: 'counted' });
      await finish(order.id);
    }],
    ['waits for stock', () => waits(0)],
    ['waits for other stock', () => waits(1)],
    ['needs the stock no more when it arrives', needsItNoMore],
  ]; // biome-ignore format: stories
}

/** Another location that ships and has the goods of the work. */
async function elsewhere(shop: Shop, workId: string): Promise<string> {
  const [other] = await shop.rows<{ id: string }>(
    'commerce',
    `select p.location_id as id from fulfillment.fulfillment_order f join fulfillment.fulfillment_order_line l on l.fulfillment_order_id = f.id
     join inventory.position p on p.sku = l.sku and p.location_id <> f.location_id and p.on_hand - p.committed - p.reserved >= l.quantity
     join inventory.location o on o.id = p.location_id and o.shippable where f.id = $1 order by p.on_hand desc limit 1`,
    [workId],
  );
  if (!other) throw new Error(`no other node has the goods of ${workId}`);
  return other.id;
}
