import type { CancelLine, RefundLine, ShipLine } from '../wire.ts';

/** What the reference server keeps of one selling account. Everything in it may be changed while it runs. */
export interface WalmartAccount {
  readonly orders: Map<string, StoredOrder>;
}

export interface StoredOrder {
  readonly purchaseOrderId: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  modifiedAt: number;
  /** Of the order's own JSON: buyer, address, methodCode. */
  readonly head: Readonly<Record<string, unknown>>;
  readonly lines: StoredLine[];
}

export interface StoredLine {
  readonly lineNumber: string;
  sku: string;
  quantity: number;
  /** Of one charge for the goods, as it is sent. */
  price: number;
  /** Units by status; they add up to `quantity`. */
  readonly statuses: { status: string; units: number; trackingInfo?: unknown; cancellationReason?: string }[];
  /** Charges that went back, below zero. */
  readonly refunds: { reason: string; amount: number }[];
}

/** The account says no. */
export class WalmartRefusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function emptyWalmart(): WalmartAccount {
  return { orders: new Map() };
}

/** A buyer buys. @param lines price in US dollars */
export function buy(
  account: WalmartAccount,
  purchaseOrderId: string,
  lines: readonly { readonly sku: string; readonly quantity: number; readonly price: number }[],
  at: number = Date.now(),
): StoredOrder {
  const order: StoredOrder = {
    purchaseOrderId,
    createdAt: at,
    modifiedAt: at,
    head: {
      customerOrderId: `5${purchaseOrderId}`,
      customerEmailId: '3A31739D8B0A45A1B23F7F8C81C8747F@relay.example',
      shippingInfo: {
        phone: '3155550100',
        estimatedDeliveryDate: at + 5 * 86_400_000,
        estimatedShipDate: at + 2 * 86_400_000,
        methodCode: 'Value',
        postalAddress: { name: 'Ada Buyer', address1: '1 Main St', city: 'Warners', state: 'NY', postalCode: '13164', country: 'USA', addressType: 'RESIDENTIAL' }, // biome-ignore format: one address
      },
      shipNode: { type: 'SellerFulfilled' },
    },
    lines: lines.map(({ sku, quantity, price }, index) => ({
      lineNumber: String(index + 1),
      sku,
      quantity,
      price,
      statuses: [{ status: 'Created', units: quantity }],
      refunds: [],
    })),
  };
  account.orders.set(purchaseOrderId, order);
  return order;
}

/** The seller takes the order on. Again changes nothing. */
export function acknowledge(order: StoredOrder): void {
  for (const { statuses } of order.lines)
    for (const part of statuses) if (part.status === 'Created') part.status = 'Acknowledged';
}

/** @throws WalmartRefusal when a line has fewer acknowledged units; then nothing was shipped */
export function ship(order: StoredOrder, lines: readonly ShipLine[]): void {
  take(order, lines, ['Acknowledged'], ({ status, trackingInfo }) => ({ status, trackingInfo }));
}

/** @throws WalmartRefusal when a line has fewer units that were not shipped; then nothing was cancelled */
export function cancel(order: StoredOrder, lines: readonly CancelLine[]): void {
  take(order, lines, ['Created', 'Acknowledged'], ({ status, cancellationReason }) => ({ status, cancellationReason }));
}

/** @throws WalmartRefusal when more goes back than was charged, or nothing was shipped */
export function refund(order: StoredOrder, lines: readonly RefundLine[]): void {
  const parts = lines.map((line) => {
    const stored = lineOf(order, line.lineNumber);
    const charges = line.refunds.refund.flatMap(({ refundCharges }) => refundCharges.refundCharge);
    const added = charges.map(({ refundReason, charge }) => ({ reason: refundReason, amount: charge.chargeAmount.amount })); // biome-ignore format: one thought
    const back = [...stored.refunds, ...added].reduce((sum, { amount }) => sum - Math.round(amount * 100), 0);
    if (added.some(({ amount }) => amount >= 0)) throw new WalmartRefusal('INVALID_AMOUNT', 'a refund is below zero');
    if (back > Math.round(stored.price * 100)) throw new WalmartRefusal('REFUND_EXCEEDS_CHARGE', 'more than was paid');
    if (!stored.statuses.some(({ status }) => status === 'Shipped' || status === 'Delivered'))
      throw new WalmartRefusal('NOT_SHIPPED', 'nothing of the line was shipped');
    return { stored, added };
  });
  for (const { stored, added } of parts) stored.refunds.push(...added);
}

function lineOf(order: StoredOrder, lineNumber: string): StoredLine {
  const line = order.lines.find((one) => one.lineNumber === lineNumber);
  if (!line) throw new WalmartRefusal('INVALID_LINE', 'the order has no such line');
  return line;
}

type Part = StoredLine['statuses'][number];

function take<Status extends { readonly statusQuantity: { readonly amount: string } }>(
  order: StoredOrder,
  lines: readonly { readonly lineNumber: string; readonly orderLineStatuses: { readonly orderLineStatus: readonly Status[] } }[], // biome-ignore format: one thought
  from: readonly string[],
  toPart: (status: Status) => Omit<Part, 'units' | 'cancellationReason'> & { cancellationReason?: string | undefined },
): void {
  const wanted = lines.map((line) => ({ stored: lineOf(order, line.lineNumber), parts: line.orderLineStatuses.orderLineStatus })); // biome-ignore format: one thought
  for (const { stored, parts } of wanted) {
    const left = stored.statuses.reduce((sum, { status, units }) => (from.includes(status) ? sum + units : sum), 0);
    const asked = parts.reduce((sum, { statusQuantity }) => sum + Number(statusQuantity.amount), 0);
    if (asked < 1 || asked > left)
      throw new WalmartRefusal('INVALID_QUANTITY', `line ${stored.lineNumber} has ${left} such units`);
  }
  for (const { stored, parts } of wanted)
    for (const part of parts) {
      let units = Number(part.statusQuantity.amount);
      stored.statuses.push({ ...toPart(part), units } as Part);
      for (const old of stored.statuses) {
        if (!from.includes(old.status)) continue;
        const taken = Math.min(units, old.units);
        old.units -= taken;
        units -= taken;
      }
      stored.statuses.splice(0, stored.statuses.length, ...stored.statuses.filter((one) => one.units > 0));
    }
}

/**
 * The order as Walmart sends it.
 * @param loose one line or status alone is sent without its list, which was seen though lists are documented
 */
export function toJson(order: StoredOrder, loose = false): Record<string, unknown> {
  const list = <Entry>(entries: readonly Entry[]) => (loose && entries.length === 1 ? entries[0] : entries);
  const units = (amount: number) => ({ unitOfMeasurement: 'EACH', amount: String(amount) });
  return {
    purchaseOrderId: order.purchaseOrderId,
    ...order.head,
    orderDate: order.createdAt,
    orderLines: {
      orderLine: list(
        order.lines.map((line) => ({
          lineNumber: line.lineNumber,
          item: { productName: `Goods ${line.sku}`, sku: line.sku },
          charges: {
            charge: list([{ chargeType: 'PRODUCT', chargeName: 'ItemPrice', chargeAmount: { currency: 'USD', amount: line.price }, tax: { taxName: 'Tax1', taxAmount: { currency: 'USD', amount: 0.34 } } }]), // biome-ignore format: one charge
          },
          orderLineQuantity: units(line.quantity),
          statusDate: order.modifiedAt,
          orderLineStatuses: {
            orderLineStatus: list(line.statuses.map(({ units: amount, ...part }) => ({ ...part, statusQuantity: units(amount) }))), // biome-ignore format: one thought
          },
          ...(line.refunds.length === 0 ? {} : { refund: { refundCharges: { refundCharge: line.refunds.map(({ reason, amount }) => ({ refundReason: reason, charge: { chargeType: 'PRODUCT', chargeName: 'Item Price', chargeAmount: { currency: 'USD', amount } } })) } } }), // biome-ignore format: one thought
          fulfillment: { fulfillmentOption: 'S2H', shipMethod: 'VALUE' },
        })),
      ),
    },
  };
}
