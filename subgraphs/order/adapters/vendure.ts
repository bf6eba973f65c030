import { CommerceError } from '../../../platform/errors.ts';
import { parseMoney } from '../../../platform/money.ts';
import type { VendureClient } from '../../../systems/vendure/client.ts';
import { addFulfillment, addLine, beginOrder, cancelLines, findOrder, findVariants, moveFulfillment, moveOrder, notePayment, setAddress, setCustomer, setLineQuantity, setShippingMethod, type VendureLine, type VendureOrder } from '../../../systems/vendure/orders.ts'; // biome-ignore format: one thought
import type { DeskOrder, DeskRegistration, OrderDesk } from '../port.ts';

/** What the retailer's Vendure calls things, from config/systems.yaml. */
export interface VendureTerms {
  /** Ids of customers by channel, who stand for all buyers there; `default` for all others. */
  readonly customer: Readonly<Record<string, string>>;
  /** Id of the shipping method of every order. */
  readonly shippingMethod: string;
  /** Name under which an order is noted as paid. */
  readonly payment: string;
}

/**
 * Vendure as order desk. It has no idempotency keys, and an order is made in a dozen steps: so what is there under our id is looked
 * at first, and only what is missing is done. A registration that broke off is finished by the next one. One request of an order
 * is under way at a time, the workflow sees to that; where two are all the same, the reference is unique.
 */
export function vendureOrderDesk(vendure: VendureClient, terms: VendureTerms): OrderDesk {
  async function known(orderId: string, signal: AbortSignal): Promise<VendureOrder> {
    const order = await findOrder(vendure, orderId, { signal });
    if (!order?.orderPlacedAt) throw refused('Vendure does not know this order', orderId);
    return order;
  }

  async function required(orderId: string, signal: AbortSignal): Promise<VendureOrder> {
    const order = await findOrder(vendure, orderId, { signal });
    if (!order) throw pending(orderId);
    return order;
  }

  /** Puts into a draft what is not in it yet. */
  async function fill(draft: VendureOrder, order: DeskOrder, signal: AbortSignal): Promise<void> {
    const { id } = draft;
    const there = new Map(draft.lines.map((line) => [line.customFields.commerceLine, line]));
    const missing = order.lines.filter(({ lineId }) => !there.has(lineId));
    const variants = await findVariants(vendure, [...new Set(missing.map(({ sku }) => sku))], { signal });
    const unknown = missing.find(({ sku }) => !variants.has(sku));
    if (unknown) throw refused(`Vendure does not sell ${unknown.sku}`, order.orderId, 'SKU_UNKNOWN');
    for (const line of missing)
      await addLine(vendure, id, { variant: variants.get(line.sku) ?? '', quantity: line.quantity, lineId: line.lineId, unitPrice: minorOf(line.unitPrice, order) }, { signal }); // biome-ignore format: one thought
    for (const { lineId, quantity } of order.lines) {
      const line = there.get(lineId);
      if (line && line.quantity !== quantity) await setLineQuantity(vendure, id, { orderLineId: line.id, quantity }, { signal }); // biome-ignore format: one thought
    }
    const customer = terms.customer[order.channelCode] ?? terms.customer.default ?? '';
    if (draft.customer === null) await setCustomer(vendure, id, customer, { signal });
    if (order.destination && !draft.shippingAddress?.countryCode)
      await setAddress(vendure, id, { countryCode: order.destination.countryCode, postalCode: order.destination.postalCode ?? '' }, { signal }); // biome-ignore format: one thought
    if (draft.shippingLines.length === 0) await setShippingMethod(vendure, id, terms.shippingMethod, { signal });
  }

  return {
    takes: new Set(['SHIPMENT', 'CANCELLATION']),
    async find(orderId, signal) {
      const order = await findOrder(vendure, orderId, { signal });
      // What is not placed is not registered yet: whoever registers finishes it.
      return order?.orderPlacedAt ? toRegistration(order) : null;
    },
    async register(order, signal) {
      const { orderId } = order;
      let there = await findOrder(vendure, orderId, { signal });
      if (!there) {
        await beginOrder(vendure, orderId, { signal });
        there = await required(orderId, signal);
      }
      if (there.orderPlacedAt) return toRegistration(there);
      if (there.state === 'Cancelled') throw refused('this order was cancelled in Vendure before it was placed', orderId, 'CANCELLED_THERE'); // biome-ignore format: one thought
      if (there.currencyCode !== order.currencyCode) throw differs('another currency', orderId, 'CURRENCY_DIFFERS');
      if (there.state === 'Draft') {
        await fill(there, order, signal);
        there = await required(orderId, signal);
        requireSame(there, order);
        await moveOrder(vendure, there.id, 'ArrangingPayment', { signal });
      }
      await notePayment(vendure, { orderId: there.id, method: terms.payment, transactionId: orderId }, { signal });
      const placed = await required(orderId, signal);
      if (!placed.orderPlacedAt) throw pending(orderId);
      return toRegistration(placed);
    },
    async confirmShipment({ orderId, noticeId, lines, packages }, signal) {
      const told = (one: VendureOrder) => one.fulfillments?.find(({ customFields }) => customFields.commerceNotice === noticeId); // biome-ignore format: one thought
      let order = await known(orderId, signal);
      if (!told(order)) {
        const left = lines.map(({ lineId, quantity }) => ({ orderLineId: lineOf(order, lineId).id, quantity }));
        const [first] = packages;
        await addFulfillment(vendure, { notice: noticeId, method: first?.carrier ?? '', trackingCode: packages.map(({ trackingNumber }) => trackingNumber).join(', '), lines: left }, { signal }); // biome-ignore format: one thought
        order = await known(orderId, signal);
      }
      const fulfillment = told(order);
      if (!fulfillment) throw pending(orderId);
      if (fulfillment.state === 'Pending' || fulfillment.state === 'Created')
        await moveFulfillment(vendure, fulfillment.id, 'Shipped', { signal });
    },
    async noteReturn({ orderId }) {
      throw refused('Vendure is not told of returns by this adapter: see its profile', orderId);
    },
    async cancel({ orderId, lines, reason }, signal) {
      const order = await known(orderId, signal);
      // Only ever fewer: a notice that comes late, or twice, finds what a later one made of it.
      const cancelled = lines
        .map(({ lineId, left }) => ({ line: lineOf(order, lineId), left }))
        .filter(({ line, left }) => line.quantity > left)
        .map(({ line, left }) => ({ orderLineId: line.id, quantity: line.quantity - left }));
      if (cancelled.length > 0) await cancelLines(vendure, { orderId: order.id, reason, lines: cancelled }, { signal });
    },
  };
}

function lineOf(order: VendureOrder, lineId: string): VendureLine {
  const line = order.lines.find(({ customFields }) => customFields.commerceLine === lineId);
  if (!line) throw refused('Vendure does not know a line of this order', order.customFields.commerceReference ?? '');
  return line;
}

/** What is placed cannot be taken back without a trace: a promotion there, stock, or another currency changes an order. */
function requireSame(draft: VendureOrder, order: DeskOrder): void {
  for (const { lineId, quantity, unitPrice } of order.lines) {
    const line = lineOf(draft, lineId);
    if (line.quantity !== quantity) throw differs('fewer units', order.orderId, 'QUANTITY_DIFFERS');
    if (line.unitPriceWithTax !== minorOf(unitPrice, order))
      throw differs('another price', order.orderId, 'PRICE_DIFFERS');
  }
  if (draft.lines.length !== order.lines.length) throw differs('other lines', order.orderId, 'LINES_DIFFER');
}

const minorOf = (amount: string, { currencyCode }: DeskOrder) => Number(parseMoney(amount, currencyCode).amountMinor);

/** It has a code as soon as it is there, and is acknowledged when it is placed. */
function toRegistration({ code, orderPlacedAt }: VendureOrder): DeskRegistration {
  return { deskNumber: code, acknowledgedAt: orderPlacedAt };
}

const differs = (what: string, orderId: string, systemCode: string) => refused(`Vendure makes ${what} of this order than was sold`, orderId, systemCode); // biome-ignore format: one thought

function pending(orderId: string): CommerceError {
  return new CommerceError('SYSTEM_PENDING', 'Vendure took this and does not show it yet', { system: 'Vendure', orderId }); // biome-ignore format: one thought
}

function refused(message: string, orderId: string, systemCode?: string): CommerceError {
  return new CommerceError('SYSTEM_REJECTED', message, { system: 'Vendure', orderId, ...(systemCode ? { systemCode } : {}) }); // biome-ignore format: one thought
}
