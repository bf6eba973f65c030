import type { NewCancelation, NewRefund, NewShipment } from '../wire.ts';

/** What the reference server keeps of one shop's orders. Everything in it may be changed while it runs. */
export interface MiraklShop {
  readonly orders: Map<string, StoredOrder>;
  readonly shipments: { readonly id: string; readonly order_id: string; readonly status: 'SHIPPED'; readonly tracking: unknown; readonly shipment_lines: NewShipment['shipment_lines'] }[];
  /** Answers to orders are applied when they come; while false, they wait for `applyAnswers`. */
  applies: boolean;
  /** Reasons that the operator has set up. */
  readonly reasons: string[];
} // biome-ignore format: one shop

export interface StoredOrder {
  readonly id: string;
  readonly createdAt: Date;
  updatedAt: Date;
  readonly head: Record<string, unknown>;
  readonly lines: StoredLine[];
  /** Answers that were accepted and are not applied yet, by line. */
  readonly answers: Map<string, boolean>;
}

export interface StoredLine {
  readonly id: string;
  readonly sku: string;
  /** Units that were bought. */
  readonly quantity: number;
  readonly priceUnit: number;
  readonly taxes: { code: string; amount: number }[];
  state: string;
  readonly cancelations: { quantity: number; amount: number; reason_code: string }[];
  readonly refunds: { quantity: number; amount: number; reason_code: string }[];
}

/** The shop's request is refused, all of it. */
export class MiraklRefusal extends Error {}

export function emptyShop(): MiraklShop {
  const reasons = ['CUSTOMER_CANCELATION', 'OUT_OF_STOCK', 'RETURN', 'ITEM_NOT_RECEIVED', 'AGREEMENT', 'DEFECT', 'UNABLE_TO_DELIVER']; // biome-ignore format: one line
  return { orders: new Map(), shipments: [], applies: true, reasons };
}

/** A buyer buys; the shop is to take the order on. @param lines price in euros, of one unit, tax included */
export function buy(
  shop: MiraklShop,
  id: string,
  lines: readonly { readonly id?: string; readonly sku: string; readonly quantity: number; readonly price: number; readonly tax?: number }[],
  at: Date = new Date(),
): StoredOrder {
  const address = { firstname: 'Ada', lastname: 'Buyer', street_1: '1 rue Haute', street_2: null, city: 'Lyon', state: null, zip_code: '69001', country: 'France', country_iso_code: 'FRA', phone: '+33400000000' }; // biome-ignore format: one address
  const order: StoredOrder = {
    id,
    createdAt: at,
    updatedAt: at,
    head: {
      commercial_id: id,
      currency_iso_code: 'EUR',
      order_tax_mode: 'TAX_INCLUDED',
      customer_notification_email: '4f2a@notification.example',
      customer: { customer_id: 'c-1', firstname: 'Ada', lastname: 'Buyer', shipping_address: address },
      shipping_type_code: 'STD',
    },
    lines: lines.map((line, index) => ({
      id: line.id ?? `${id}-${index + 1}`,
      sku: line.sku,
      quantity: line.quantity,
      priceUnit: line.price,
      taxes: line.tax === undefined ? [] : [{ code: 'VAT', amount: line.tax }],
      state: 'WAITING_ACCEPTANCE',
      cancelations: [],
      refunds: [],
    })),
    answers: new Map(),
  };
  shop.orders.set(id, order);
  return order;
} // biome-ignore format: one thought

export const cancelledOf = ({ state, quantity, cancelations }: StoredLine): number =>
  state === 'CANCELED' || state === 'REFUSED' ? quantity : cancelations.reduce((sum, one) => sum + one.quantity, 0);

export const shippedOf = (shop: MiraklShop, line: StoredLine): number =>
  line.state === 'SHIPPED' || line.state === 'RECEIVED'
    ? line.quantity - cancelledOf(line)
    : shop.shipments
        .flatMap(({ shipment_lines }) => shipment_lines)
        .reduce((sum, one) => (one.order_line_id === line.id ? sum + one.quantity : sum), 0);

/** OR21. The lines of a request are answered together or not at all; accepted is not applied. */
export function answer(shop: MiraklShop, order: StoredOrder, lines: readonly { id: string; accepted: boolean }[]): void {
  if (lines.length === 0) throw new MiraklRefusal('order_lines is empty');
  for (const { id } of lines) {
    if (lineOf(order, id).state !== 'WAITING_ACCEPTANCE') throw new MiraklRefusal('a line does not wait for acceptance');
  }
  // Every line of the order has to be answered.
  if (order.lines.some(({ id, state }) => state === 'WAITING_ACCEPTANCE' && !lines.some((line) => line.id === id)))
    throw new MiraklRefusal('a line is missing');
  for (const { id, accepted } of lines) order.answers.set(id, accepted);
  if (shop.applies) applyAnswers(order);
} // biome-ignore format: one thought

/** What the shop answered takes effect; the buyer is debited in the same moment. */
export function applyAnswers(order: StoredOrder): void {
  for (const [id, accepted] of order.answers) lineOf(order, id).state = accepted ? 'SHIPPING' : 'REFUSED';
  order.answers.clear();
  order.updatedAt = new Date();
}

/** ST01, of one shipment. */
export function ship(shop: MiraklShop, wanted: NewShipment): void {
  const order = shop.orders.get(wanted.order_id);
  if (!order) throw new MiraklRefusal('there is no such order');
  const { carrier_code, carrier_name, tracking_number } = wanted.tracking;
  if ((!carrier_code && !carrier_name) || !tracking_number) throw new MiraklRefusal('tracking');
  for (const { order_line_id, quantity } of wanted.shipment_lines) {
    const line = lineOf(order, order_line_id);
    if (line.state !== 'SHIPPING') throw new MiraklRefusal('the line is not to be shipped');
    const same = wanted.shipment_lines.reduce((sum, one) => (one.order_line_id === line.id ? sum + one.quantity : sum), 0);
    if (quantity < 1 || same > line.quantity - cancelledOf(line) - shippedOf(shop, line)) throw new MiraklRefusal('quantity');
  }
  shop.shipments.push({ id: `s-${shop.shipments.length + 1}`, order_id: order.id, status: 'SHIPPED', tracking: wanted.tracking, shipment_lines: wanted.shipment_lines });
  for (const line of order.lines)
    if (line.state === 'SHIPPING' && shippedOf(shop, line) + cancelledOf(line) === line.quantity) line.state = 'SHIPPED';
  order.updatedAt = new Date();
} // biome-ignore format: one thought

/** OR24: the order was sent, all of it. OR23 has to be told before. */
export function shipWhole(shop: MiraklShop, order: StoredOrder): void {
  if (!order.head.shipping_tracking) throw new MiraklRefusal('no tracking');
  const open = order.lines.filter(({ state }) => state === 'SHIPPING');
  if (open.length === 0) throw new MiraklRefusal('nothing is to be shipped');
  if (shop.shipments.some(({ order_id }) => order_id === order.id))
    throw new MiraklRefusal('it has shipments of its own');
  for (const line of open) line.state = 'SHIPPED';
  order.updatedAt = new Date();
}

type Money = NewRefund | NewCancelation;

function moneyOf(shop: MiraklShop, entries: readonly Money[]) {
  return entries.map((entry) => {
    const order = [...shop.orders.values()].find(({ lines }) => lines.some(({ id }) => id === entry.order_line_id));
    if (!order) throw new MiraklRefusal('there is no such line');
    const line = lineOf(order, entry.order_line_id);
    if (!shop.reasons.includes(entry.reason_code)) throw new MiraklRefusal('reason_code');
    if (entry.currency_iso_code !== order.head.currency_iso_code) throw new MiraklRefusal('currency_iso_code');
    if (!(entry.amount >= 0) || Math.abs(entry.amount * 100 - Math.round(entry.amount * 100)) > 1e-6) throw new MiraklRefusal('amount');
    const codes = (taxes: readonly { code: string }[]) => taxes.map(({ code }) => code).sort().join();
    if (codes(entry.taxes) !== codes(line.taxes)) throw new MiraklRefusal('taxes');
    return { entry, order, line };
  });
} // biome-ignore format: one thought

const cents = (amounts: readonly { readonly amount: number }[]) =>
  amounts.reduce((sum, { amount }) => sum + Math.round(amount * 100), 0);

/** OR28: all or none. */
export function refund(shop: MiraklShop, refunds: readonly NewRefund[]): void {
  const found = moneyOf(shop, refunds);
  for (const { entry, line } of found) {
    if (shippedOf(shop, line) === 0) throw new MiraklRefusal('nothing of the line was shipped');
    if (cents([...line.refunds, entry]) > Math.round(line.priceUnit * line.quantity * 100)) throw new MiraklRefusal('amount'); // biome-ignore format: one thought
  }
  for (const { entry, order, line } of found) {
    line.refunds.push({ quantity: entry.quantity, amount: entry.amount, reason_code: entry.reason_code });
    order.updatedAt = new Date();
  }
}

/** OR30: all or none. */
export function cancel(shop: MiraklShop, cancelations: readonly NewCancelation[]): void {
  const found = moneyOf(shop, cancelations);
  for (const { entry, line } of found) {
    if (line.state !== 'SHIPPING') throw new MiraklRefusal('the line cannot be cancelled');
    if (entry.quantity < 1 || entry.quantity > line.quantity - cancelledOf(line) - shippedOf(shop, line))
      throw new MiraklRefusal('quantity');
    if (Math.round(entry.amount * 100) !== Math.round(line.priceUnit * entry.quantity * 100))
      throw new MiraklRefusal('amount');
  }
  for (const { entry, order, line } of found) {
    line.cancelations.push({ quantity: entry.quantity, amount: entry.amount, reason_code: entry.reason_code });
    const left = line.quantity - cancelledOf(line);
    if (left === 0) line.state = 'CANCELED';
    else if (left === shippedOf(shop, line)) line.state = 'SHIPPED';
    order.updatedAt = new Date();
  }
}

function lineOf(order: StoredOrder, id: string): StoredLine {
  const line = order.lines.find((one) => one.id === id);
  if (!line) throw new MiraklRefusal('the order has no such line');
  return line;
}

/** The order as Mirakl sends it. */
export function toJson(order: StoredOrder): Record<string, unknown> {
  const second = (moment: Date) => moment.toISOString();
  const states = order.lines.map(({ state }) => state);
  return {
    order_id: order.id,
    ...order.head,
    created_date: second(order.createdAt),
    last_updated_date: second(order.updatedAt),
    order_state: states.find((state) => state !== 'CANCELED' && state !== 'REFUSED') ?? states[0],
    order_lines: order.lines.map((line, index) => ({
      order_line_id: line.id,
      order_line_index: index + 1,
      offer_id: 1_000 + index,
      offer_sku: line.sku,
      quantity: line.quantity,
      price: Math.round(line.priceUnit * line.quantity * 100) / 100,
      price_unit: line.priceUnit,
      shipping_price: 0,
      order_line_state: line.state,
      order_line_state_reason_code: line.state === 'REFUSED' ? 'REFUSED' : null,
      taxes: line.taxes,
      shipping_taxes: [],
      cancelations: line.cancelations,
      refunds: line.refunds,
    })),
  };
}
