import { type Act, type ChannelCode, type Line, type Plan, SITES, type Site, SKUS, type Sku } from './actions.ts';
import type { Outcome } from './perform.ts';
import type { Booking, Model, ModelHold, ModelLine, ModelOrder, ModelPosition } from './shop.ts';
import { demandOf, isShort, ownAt, positionOf, sellable, shelves, sum } from './units.ts';

export function createModel(stock: Plan['stock'], safety: { sku: Sku; site: Site; units: number }): Model {
  const ledger: Booking[] = [];
  const positions = new Map<string, ModelPosition>();
  for (const sku of SKUS)
    for (const site of SITES) {
      const position = positionOf(sku, site);
      ledger.push({ position, onHand: stock[sku][site], issue: null });
      const withheld = sku === safety.sku && site === safety.site ? safety.units : 0;
      positions.set(position, { onHand: stock[sku][site], sequence: ledger.length, safety: withheld });
    }
  const model: Model = {
    holds: [],
    orders: [],
    calls: [],
    positions,
    ledger,
    heard: ledger.length,
    photograph: new Map(),
    hole: false,
  };
  model.photograph = shelves(model);
  return model;
}

function pick<Value>(list: readonly Value[], index: number): Value | undefined {
  return list[index % list.length];
}

/**
 * What the action must come to, and the model after it. `seen` gives only what the system may choose: from which site a
 * line is shipped, and how many units; both are checked.
 * @returns the code that the action must answer
 */
export function step(model: Model, act: Act, seen: Outcome): string {
  switch (act.do) {
    case 'hold': {
      model.calls.push({ field: 'reservationHold' });
      if (isShort(model, act.lines, act.channel, act.atShop)) return 'OUT_OF_STOCK';
      model.holds.push({ ...act, state: 'HELD', order: null, foundAgain: false, where: new Map() });
      return 'HELD';
    }
    case 'extend': {
      const hold = pick(model.holds, act.hold);
      if (!hold) return 'NOTHING';
      model.calls.push({ field: 'reservationExtend' });
      return hold.state === 'HELD' ? 'EXTENDED' : 'NOT_HELD';
    }
    case 'release': {
      const hold = pick(model.holds, act.hold);
      if (!hold) return 'NOTHING';
      if (isOrders(hold)) return 'ALREADY_COMMITTED';
      if (hold.state === 'HELD' || hold.state === 'OVER') hold.state = 'RELEASED';
      return 'RELEASED';
    }
    case 'timeOut': {
      const hold = pick(model.holds, act.hold);
      if (!hold) return 'NOTHING';
      if (hold.state === 'HELD') hold.state = 'OVER';
      return 'DONE';
    }
    case 'sweep':
      for (const hold of model.holds) if (hold.state === 'OVER') hold.state = 'EXPIRED';
      return 'DONE';
    case 'place':
      return place(model, act);
    case 'placeHeld':
      return placeHeld(model, act);
    case 'cancel':
      return cancel(model, act);
    case 'pay':
      return pay(model, act);
    case 'overdue':
      for (const order of model.orders)
        if (order.channel === 'WEB' && !order.paid && !hasLeft(order)) cancelRest(order);
      return 'DONE';
    case 'ship':
      return ship(model, act, seen);
    case 'giveBack':
      return giveBack(model, act);
    case 'count': {
      const position = positionOf(act.sku, act.site);
      const onHand = shelves(model).get(position)?.onHand ?? 0;
      const delta = Math.max(act.delta, -onHand);
      if (delta === 0) return 'NOTHING';
      model.ledger.push({ position, onHand: onHand + delta, issue: null });
      return 'COUNTED';
    }
    case 'readFeed':
      readFeed(model, act.noise);
      return 'DONE';
    case 'takeSnapshot':
      model.photograph = shelves(model);
      return 'DONE';
    case 'deliverSnapshot':
      for (const [name, { onHand, sequence }] of model.photograph) hear(model, name, onHand, sequence);
      return 'DONE';
    case 'repeat':
      return pick(model.calls, act.call) ? 'REPLAYED' : 'NOTHING';
    case 'reuseKey': {
      const call = pick(model.calls, act.call);
      return call && !call.field.startsWith('return') ? 'IDEMPOTENCY_CONFLICT' : 'NOTHING';
    }
  }
}

function newOrder(
  { channel, atShop, lines }: { channel: ChannelCode; atShop: boolean; lines: readonly Line[] },
  channelOrder: number | null = null,
  paid = channel === 'WEB',
): ModelOrder {
  return {
    channel,
    paid,
    channelOrder,
    atShop,
    lines: lines.map(({ sku, quantity }) => ({
      sku,
      ordered: quantity,
      unsourced: quantity,
      backordered: 0,
      cancelled: 0,
      shipped: 0,
      returned: 0,
      consumed: 0,
      where: new Map(),
    })),
  };
}

function place(model: Model, act: Extract<Act, { do: 'place' }>): string {
  model.calls.push({ field: 'orderPlace' });
  const channelOrder = act.channel === 'AMAZON' ? act.channelOrder : null;
  if (channelOrder !== null && model.orders.some((order) => order.channelOrder === channelOrder))
    return 'DUPLICATE_CHANNEL_ORDER';
  const demand = demandOf(act.lines);
  const short = [...demand].filter(([sku, units]) => units > sellable(model, sku, act.channel, act.atShop));
  if (short.length > 0 && !act.backorder) return 'OUT_OF_STOCK';
  const order = newOrder(act, channelOrder, act.channel === 'WEB' && !act.unpaid);
  // What is there goes to the first lines of the SKU; the rest of them waits.
  const left = new Map(short.map(([sku]) => [sku, sellable(model, sku, act.channel, act.atShop)]));
  for (const line of order.lines) {
    const had = Math.min(line.ordered, left.get(line.sku) ?? line.ordered);
    if (left.has(line.sku)) left.set(line.sku, (left.get(line.sku) ?? 0) - had);
    line.backordered = line.ordered - had;
    line.unsourced = had;
  }
  model.orders.push(order);
  return 'PLACED';
}

function placeHeld(model: Model, act: Extract<Act, { do: 'placeHeld' }>): string {
  const hold = pick(model.holds, act.hold);
  if (!hold) return 'NOTHING';
  model.calls.push({ field: 'orderPlace' });
  if (hold.channel !== act.channel || hold.foundAgain || isOrders(hold)) return 'RESERVATION_MISMATCH';
  if (hold.state === 'RELEASED' || hold.state === 'COMMITTED') return 'RESERVATION_EXPIRED';
  if (hold.state !== 'HELD') {
    // Its time has passed: the order is served like any other, from what is there.
    if (isShort(model, hold.lines, act.channel, hold.atShop)) return 'RESERVATION_EXPIRED';
    hold.foundAgain = true;
    model.orders.push(newOrder(hold));
    return 'PLACED';
  }
  // A hold is a promise, unless the warehouse has lost the goods meanwhile: then others' stock may serve it, if there is.
  const short = [...demandOf(hold.lines)].some(([sku, units]) => {
    const own = sum(SITES, (site) => ownAt(model, hold, positionOf(sku, site)));
    return units > own + sellable(model, sku, act.channel, hold.atShop);
  });
  if (short) return 'OUT_OF_STOCK';
  hold.state = 'COMMITTED';
  hold.where = new Map();
  hold.order = newOrder(hold);
  model.orders.push(hold.order);
  return 'PLACED';
}

/** Whether an order has units of it, or had some shipped. An order that was cancelled as a whole has released it. */
function isOrders({ order }: ModelHold): boolean {
  return order?.lines.some((line) => line.unsourced + line.shipped > 0) ?? false;
}

function cancel(model: Model, act: Extract<Act, { do: 'cancel' }>): string {
  const order = pick(model.orders, act.order);
  if (!order) return 'NOTHING';
  model.calls.push({ field: 'orderCancel' });
  const line = pick(order.lines, act.line) as ModelLine;
  const wishes =
    act.quantity === null
      ? order.lines.map((one) => ({ line: one, units: one.unsourced + one.backordered }))
      : [{ line, units: act.quantity }];
  const granted = sum(wishes, (wish) => Math.min(wish.units, wish.line.unsourced + wish.line.backordered));
  if (granted === 0 || granted < sum(wishes, (wish) => wish.units)) {
    const gone = order.lines.every((one) => one.unsourced + one.backordered === 0);
    const cancelled = order.lines.every((one) => one.cancelled === one.ordered);
    return gone && !cancelled ? 'ALREADY_SHIPPED' : 'ILLEGAL_TRANSITION';
  }
  for (const { line: one, units } of wishes) {
    const waiting = Math.min(units, one.backordered);
    one.backordered -= waiting;
    one.unsourced -= units - waiting;
    one.cancelled += units;
  }
  return 'CANCELLED';
}

const hasLeft = (order: ModelOrder): boolean => order.lines.some((line) => line.shipped > 0);

function cancelRest(order: ModelOrder): void {
  for (const line of order.lines) {
    line.cancelled += line.unsourced + line.backordered;
    line.unsourced = 0;
    line.backordered = 0;
  }
}

function pay(model: Model, act: Extract<Act, { do: 'pay' }>): string {
  const order = pick(model.orders, act.order);
  if (order?.channel !== 'WEB') return 'NOTHING';
  model.calls.push({ field: 'orderRecordPayment' });
  if (order.lines.every((line) => line.cancelled === line.ordered)) return 'ORDER_CANCELLED';
  if (order.paid) return 'ALREADY_PAID';
  if (hasLeft(order)) return 'ALREADY_SHIPPED';
  order.paid = true;
  return 'PAID';
}

function ship(model: Model, act: Extract<Act, { do: 'ship' }>, seen: Outcome): string {
  const order = pick(model.orders, act.order);
  const line = order && pick(order.lines, act.line);
  if (!line) return 'NOTHING';
  if (seen.code === 'NOTHING') return mayShip(model, line) ? 'SHIPPED' : 'NOTHING';
  const { site = 'EAST', units = 0 } = seen;
  const position = positionOf(line.sku, site);
  const shelf = shelves(model).get(position)?.onHand ?? 0;
  const owed = (line.where.get(position) ?? 0) - underway(model, line, position);
  if (units < 1 || units > Math.min(act.quantity, line.unsourced, owed, shelf)) return `not ${units} from ${site}`;
  line.unsourced -= units;
  line.shipped += units;
  model.ledger.push({ position, onHand: shelf - units, issue: { line, units } });
  return 'SHIPPED';
}

/** Whether some node surely could hand out a unit: then the floor must not say that there is nothing to do. */
function mayShip(model: Model, line: ModelLine): boolean {
  return (
    line.unsourced > 0 &&
    [...line.where].every(([position, units]) => {
      const shelf = shelves(model).get(position)?.onHand ?? 0;
      return units > underway(model, line, position) && shelf >= line.ordered;
    })
  );
}

const underway = (model: Model, line: ModelLine, position: string): number =>
  sum(model.ledger.slice(model.heard), ({ issue, position: where }) =>
    issue?.line === line && where === position ? issue.units : 0,
  );

function giveBack(model: Model, act: Extract<Act, { do: 'giveBack' }>): string {
  const order = pick(model.orders, act.order);
  const line = order && pick(order.lines, act.line);
  const units = line ? line.shipped - line.returned : 0;
  if (!line || units < 1) return 'NOTHING';
  for (const field of ['returnRequest', 'returnAuthorize', 'returnReceive']) model.calls.push({ field });
  line.returned += units;
  const position = positionOf(line.sku, act.site);
  const onHand = (shelves(model).get(position)?.onHand ?? 0) + units;
  model.ledger.push({ position, onHand, issue: null });
  // The warehouse's answer is taken over at once; the feed will bring it again.
  hear(model, position, onHand, model.ledger.length);
  return 'RETURNED';
}

/** Newer numbers win, older ones change nothing. */
function hear(model: Model, name: string, onHand: number, sequence: number): void {
  const position = model.positions.get(name) as ModelPosition;
  if (sequence < position.sequence) return;
  position.onHand = onHand;
  position.sequence = sequence;
}

function readFeed(model: Model, noise: Extract<Act, { do: 'readFeed' }>['noise']): void {
  // A reader waits for a number that is missing; it is there the next time.
  model.hole = noise === 'hole' && !model.hole;
  if (model.hole) return;
  for (const [index, { position, onHand, issue }] of model.ledger.entries()) {
    if (index < model.heard) continue;
    hear(model, position, onHand, index + 1);
    if (!issue) continue;
    issue.line.consumed += issue.units;
    issue.line.where.set(position, (issue.line.where.get(position) ?? 0) - issue.units);
  }
  model.heard = model.ledger.length;
}
