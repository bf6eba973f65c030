import type { OrderLine } from '../../systems/sample-data/order-lines.ts';
import { followOrders, statesOf } from './deliveries.ts';
import { cancelUnits, type Piece, takeBack } from './give-backs.ts';
import { inFlight } from './in-flight.ts';
import { type Placement, placeOrder } from './orders.ts';
import { Outcomes, refused } from './outcomes.ts';
import { type GiveBack, type Plan, planReplay } from './plan.ts';
import type { PlannedOrder } from './planned-order.ts';
import { count, type Progress } from './progress.ts';
import { idsOf, settleSales } from './settle-sales.ts';
import type { OrderState, Shop } from './shop.ts';
import { bookStock, receiveMissing } from './stock.ts';

/** What a replay works with. */
export interface ReplayOptions {
  readonly shop: Shop;
  readonly progress: Progress;
  /** Requests at a time. */
  readonly width: number;
  /** Between two looks at the orders on their way, in milliseconds. */
  readonly pauseMillis: number;
  /** How long nothing may change there before the replay stops waiting, in milliseconds. */
  readonly stallMillis: number;
}

/** What a replay ended with. */
export interface Replayed {
  readonly outcomes: Outcomes;
  /** How many of the replay's orders stand in which status at the end. */
  readonly orders: ReadonlyMap<string, number>;
}

/**
 * Brings every line of the file through the API. Every change has a key made of invoice and line, so that a repetition
 * finishes what is missing, changes nothing else, and ends with the same outcomes.
 * @throws PlatformSilent | ApiRefused; what was done until then stays done
 */
export async function replay(lines: readonly OrderLine[], options: ReplayOptions): Promise<Replayed> {
  const outcomes = new Outcomes(lines);
  const plan = planReplay(lines);
  for (const { line, code } of plan.refusals) outcomes.settle(line, refused(code));
  const known = await refuseUnknown(plan, outcomes, options);
  await prepareStock(known, outcomes, options);
  const { placements, pieces } = await placeAll(known, options);
  const undelivered = await deliver(placements, options);
  await takeBack(pieces, undelivered, outcomes, options);
  const states = await settleSales(placements, outcomes, options.shop);
  const orders = new Map<string, number>();
  for (const { status } of states.values()) orders.set(status, (orders.get(status) ?? 0) + 1);
  return { outcomes, orders };
}

/** Takes the lines out of the plan whose article the catalogue does not have. Give-backs follow their purchase. */
async function refuseUnknown(plan: Plan, outcomes: Outcomes, { shop, progress }: ReplayOptions): Promise<Plan> {
  const all = [...plan.orders.flatMap((order) => order.sales), ...plan.stockBookings];
  const skus = [...new Set(all.map((each) => each.sku))];
  const stage = progress.stage('Catalogue', skus.length, 'articles');
  const unknown = await shop.unknownSkus(skus);
  stage.end(`${count(skus.length - unknown.size)} of ${count(skus.length)} articles are in the catalogue`);
  for (const { line, sku } of all) if (unknown.has(sku)) outcomes.settle(line, refused('NOT_IN_CATALOGUE'));
  return {
    ...plan,
    stockBookings: plan.stockBookings.filter((booking) => !unknown.has(booking.sku)),
    orders: plan.orders
      .map((order) => ({ ...order, sales: order.sales.filter((sale) => !unknown.has(sale.sku)) }))
      .filter((order) => order.sales.length > 0),
  };
}

async function prepareStock(plan: Plan, outcomes: Outcomes, { shop, progress, width }: ReplayOptions): Promise<void> {
  const stage = progress.stage('Stock', plan.stockBookings.length, 'bookings and articles');
  await bookStock(plan.stockBookings, { shop, outcomes, stage, width });
  const invoices = new Set(plan.orders.map((order) => order.invoiceNo));
  const isOurs = ({ channelOrderId }: OrderState) => channelOrderId !== null && invoices.has(channelOrderId);
  const states = await statesOf(shop, isOurs, invoices.size);
  const placed = new Set([...states.values()].map((order) => order.channelOrderId));
  const missing = plan.orders.filter((order) => !placed.has(order.invoiceNo));
  const received = await receiveMissing(missing, { shop, stage, width });
  stage.end(`${count(plan.stockBookings.length)} bookings of clerks, ${count(received)} units received`);
}

/** Invoices and credits in the order of the file: a credit finds its order as young as it was in life. */
async function placeAll(
  plan: Plan,
  { shop, progress, width }: ReplayOptions,
): Promise<{ placements: readonly Placement[]; pieces: ReadonlyMap<GiveBack, readonly Piece[]> }> {
  const total = plan.orders.reduce((sum, order) => sum + order.sales.length, 0);
  const stage = progress.stage('Orders', total, 'lines');
  const placing = new Map<string, Promise<Placement>>();
  const pieces = new Map<GiveBack, readonly Piece[]>();
  const lineNoOf = (work: PlannedOrder | GiveBack) =>
    'sales' in work ? (work.sales[0]?.line.lineNo ?? 0) : work.line.lineNo;
  const inFileOrder = [...plan.orders, ...plan.giveBacks].sort((a, b) => lineNoOf(a) - lineNoOf(b));
  await inFlight(width, inFileOrder, async (work) => {
    if ('sales' in work) {
      const placed = placeOrder(shop, work);
      placing.set(work.invoiceNo, placed);
      await placed;
      stage.advance(work.sales.length);
    } else {
      pieces.set(
        work,
        await cancelUnits(shop, work, (purchase) => placing.get(purchase.invoiceNo) ?? notPlaced(purchase)),
      );
    }
  });
  const placements = await Promise.all(placing.values());
  stage.end(
    `${count(placements.reduce((sum, each) => sum + each.sales.length, 0))} lines in ${count(placements.filter((each) => each.orderId).length)} orders`,
  );
  return { placements, pieces };
}

/** Of an invoice none of whose lines got as far as an order. */
const notPlaced = async ({ invoiceNo }: { invoiceNo: string }): Promise<Placement> => ({
  invoiceNo,
  orderId: null,
  sales: [],
  refusals: [],
});

async function deliver(
  placements: readonly Placement[],
  { shop, progress, pauseMillis, stallMillis }: ReplayOptions,
): Promise<ReadonlyMap<string, string>> {
  const ids = idsOf(placements);
  const stage = progress.stage('Deliveries', ids.size, 'orders');
  const undelivered = await followOrders(shop, ids, {
    pauseMillis,
    stallMillis,
    onArrived: (orders) => stage.advance(orders),
  });
  stage.end(`${count(ids.size - undelivered.size)} of ${count(ids.size)} orders have arrived or were cancelled`);
  return undelivered;
}
