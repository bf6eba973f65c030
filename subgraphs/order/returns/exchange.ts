import type { Knex } from 'knex';
import type { Caller } from '../../../platform/caller.ts';
import { query } from '../../../platform/db/query.ts';
import { addMoney, formatAmount, type Money, money, parseMoney } from '../../../platform/money.ts';
import { lockOrder, writeTimeline } from '../change.ts';
import { placeOrder } from '../commands/place.ts';
import type { OrderPlaceInput } from '../commands/place-input.ts';
import type { OrderPlaceRefusal, ReturnExchangeErrorCode } from '../errors.ts';
import type { Order, OrderLine } from '../model.ts';
import { type FoundReturn, type ReturnResult, stepOf } from './found.ts';
import { creditedUnits } from './free-units.ts';
import { creditUnits } from './refund.ts';
import { creditOf } from './value.ts';

export interface ReturnExchangeInput {
  readonly lines: OrderPlaceInput['lines'];
  /** As the first order was delivered unless told. */
  readonly delivery?: OrderPlaceInput['delivery'] | null;
  /** For what the new goods cost more. */
  readonly payment?: OrderPlaceInput['payment'];
}

/**
 * Exchanges the units of a permitted return that were not paid back for other goods: a new order, paid with what the
 * returned units are worth and with `payment` for the rest. Their credit memo is posted at once, as with a refund before
 * receipt, so that the books have both sides of the exchange; what the new goods cost less is paid back with it.
 * Order, link and credit commit together, or nothing does.
 */
export function exchangeReturn(
  trx: Knex.Transaction,
  caller: Caller,
  returnId: string,
  input: ReturnExchangeInput,
): Promise<ReturnResult<ReturnExchangeErrorCode>> {
  return stepOf<ReturnExchangeErrorCode>(trx, caller, returnId, 'EXCHANGE', async (found) => {
    const first = await lockOrder(trx, found.return.orderId);
    if (!first) return [{ code: 'NOT_FOUND', field: ['returnId'], message: 'The order is gone.' }];
    const units = found.lines
      .map((line) => ({
        returnLineId: line.id,
        orderLineId: line.orderLineId,
        quantity: line.quantity - line.credited,
      }))
      .filter(({ quantity }) => quantity > 0);
    const credit = await creditFor(trx, found, first, units);
    const placed = await placeOrder(trx, caller, newOrderInput(found, first.order, input, credit));
    if (placed.orderId === null || placed.refusals.length > 0)
      return placed.refusals.map((refusal) => explained(refusal, credit));
    await link(trx, caller, found, placed.orderId);
    await creditUnits(trx, found, units, caller);
    return [];
  });
}

/** What the units are worth, as their credit memo will say. */
async function creditFor(
  trx: Knex.Transaction,
  found: FoundReturn,
  { order, lines }: { readonly order: Order; readonly lines: readonly OrderLine[] },
  units: readonly { readonly orderLineId: string; readonly quantity: number }[],
): Promise<Money> {
  const before = await creditedUnits(trx, found.return.orderId);
  return units.reduce(
    (sum, { orderLineId, quantity }) => {
      const line = lines.find((each) => each.id === orderLineId);
      if (!line) return sum;
      const credited = before.get(orderLineId) ?? 0;
      before.set(orderLineId, credited + quantity);
      return addMoney(sum, creditOf(line, quantity, order.taxIncluded, credited));
    },
    money(0, order.currencyCode),
  );
}

function newOrderInput(
  found: FoundReturn,
  order: Order,
  { lines, delivery, payment }: ReturnExchangeInput,
  credit: Money,
): OrderPlaceInput {
  const { currencyCode } = order;
  // Money of another currency pays nothing here; the order is then refused for what is missing.
  const added = payment?.authorized.currencyCode === currencyCode ? payment.authorized : null;
  const authorized = added ? addMoney(credit, parseMoney(added.amount, currencyCode)) : credit;
  return {
    idempotencyKey: `exchange of ${found.return.id}`,
    currencyCode,
    customer: { customerId: order.customerId },
    lines,
    delivery: delivery ?? {
      method: order.deliveryMethod,
      address: order.shippingAddress,
      locationId: order.deliveryLocationId,
      serviceLevel: order.serviceLevel,
    },
    payment: {
      provider: payment?.provider ?? 'exchange',
      reference: payment?.reference ?? found.return.number,
      authorized: { amount: formatAmount(authorized), currencyCode },
    },
  };
}

function explained({ code, ...refusal }: OrderPlaceRefusal, credit: Money) {
  const message =
    code === 'PAYMENT_INSUFFICIENT'
      ? `The goods that come back are worth ${formatAmount(credit)} ${credit.currencyCode}. Authorise in payment, in this currency, what the new ones cost more.`
      : refusal.message;
  return { ...refusal, code: code as ReturnExchangeErrorCode, message };
}

async function link(trx: Knex.Transaction, caller: Caller, found: FoundReturn, exchangeId: string): Promise<void> {
  await query(trx, 'update orders.return set exchange_order_id = ? where id = ?', [exchangeId, found.return.id]);
  const [orders] = await query<{ first: string; next: string }>(
    trx,
    `select (select number from orders.customer_order where id = ?) as first, (select number from orders.customer_order where id = ?) as next`,
    [found.return.orderId, exchangeId],
  );
  const { number } = found.return;
  const note = (message: string) => [{ type: 'RETURN_EXCHANGED', system: 'commerce', message }];
  await writeTimeline(trx, found.return.orderId, caller.traceId, note(`Return ${number} exchanged: order ${orders?.next ?? ''}`)); // biome-ignore format: one thought
  await writeTimeline(trx, exchangeId, caller.traceId, note(`In exchange for return ${number} of order ${orders?.first ?? ''}`)); // biome-ignore format: one thought
}
