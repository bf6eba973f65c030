import type { Knex } from 'knex';
import { type NewEvent, writeEvents } from '../../../events/outbox.ts';
import type { Caller, Channel } from '../../../platform/caller.ts';
import { query } from '../../../platform/db/query.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { newId } from '../../../platform/ids.ts';
import { parseMoney } from '../../../platform/money.ts';
import type { OrderPlaceRefusal } from '../errors.ts';
import type { PaymentStatus } from '../model.ts';
import { type PricedLine, priceLines, type Totals, totalsOf } from '../pricing.ts';
import { type Allocation, commitStock } from './commit-stock.ts';
import { insertOrder, type NewOrder } from './insert-order.ts';
import { checkPlaceInput, type OrderPlaceInput, requestedLines } from './place-input.ts';
import { areTaxIncluded, quoteLines } from './quote.ts';
import { holdUntilHeard } from './waiting-holds.ts';

/** What `orderPlace` did; safe to store as the answer of its idempotency key. */
export interface PlaceResult {
  readonly orderId: string | null;
  readonly refusals: readonly OrderPlaceRefusal[];
  /** Units by line that waited for stock when the order was acknowledged: the lines themselves forget it. Left out when none did. */
  readonly waiting?: Readonly<Record<string, number>>;
  /** Systems of record that the order was held for when it was acknowledged. Left out when none. */
  readonly waitsFor?: readonly string[];
  /** Whether it was held until it is paid. Left out when not. */
  readonly heldUntilPaid?: true;
}

/**
 * Captures an order inside the caller's transaction: price, stock, order, lines and events commit together or not at all.
 * The stock is committed last, so the locks of popular SKUs are held as briefly as possible.
 */
export async function placeOrder(
  trx: Knex.Transaction,
  caller: Caller,
  input: OrderPlaceInput,
  { untilPaid = false }: { /** Keeps the order from its nodes until it is paid. */ readonly untilPaid?: boolean } = {},
): Promise<PlaceResult> {
  const { channel } = caller;
  if (!channel) throw new CommerceError('FORBIDDEN', 'Orders are placed with the key of a sales channel.');
  const invalid = checkPlaceInput(input);
  if (invalid.length > 0) return refused(invalid);

  const first = await firstOrderOfChannel(trx, channel, input.channelOrderId ?? null);
  if (first) {
    return {
      orderId: first,
      refusals: [
        {
          code: 'DUPLICATE_CHANNEL_ORDER',
          field: ['input', 'channelOrderId'],
          message: 'This channelOrderId was used before. The first order is returned.',
        },
      ],
    };
  }

  const lines = requestedLines(input);
  const quotes = await quoteLines(trx, channel.priceList, input.currencyCode, lines);
  const pricing = priceLines(lines, quotes, input.currencyCode, channel.kind);
  if ('refusals' in pricing) return refused(pricing.refusals);
  const totals = totalsOf(pricing.priced, input.currencyCode, areTaxIncluded(quotes));
  const payment = readPayment(input, totals);
  if ('code' in payment) return refused([payment]);

  const orderId = newId('order');
  const ids = pricing.priced.map(() => newId('orderLine'));
  const stock = await commitStock(trx, {
    orderId,
    lines: pricing.priced.map((line, index) => ({
      lineId: ids[index] as string,
      sku: line.sku,
      quantity: line.quantity,
    })),
    locationId: input.delivery.locationId ?? null,
    safetyStock: channel.safetyStock,
    allowBackorder: input.allowBackorder ?? false,
    reservationId: input.reservationId ?? null,
    channelCode: channel.code,
  });
  if ('refusals' in stock) return refused(stock.refusals);

  const order = await insertOrder(trx, {
    ...newOrder(orderId, caller, channel, input, totals, payment.status, pricing.priced, ids, stock.allocations),
    heldUntilPaid: untilPaid,
  });
  if (stock.waitsFor.length > 0) await holdUntilHeard(trx, orderId, stock.waitsFor, caller.traceId);
  await writeEvents(trx, placedEvents(order, caller));
  return {
    ...placedResult(order),
    ...(stock.waitsFor.length > 0 ? { waitsFor: stock.waitsFor } : {}),
  };
}

/** What is kept under the key of an order that was placed. */
export function placedResult({ id, lines, heldUntilPaid }: NewOrder): PlaceResult {
  const waiting = lines.filter((line) => line.backordered > 0);
  const units = waiting.map((line) => [line.id, line.backordered] as const);
  return {
    orderId: id,
    refusals: [],
    ...(units.length > 0 ? { waiting: Object.fromEntries(units) } : {}),
    ...(heldUntilPaid ? { heldUntilPaid } : {}),
  };
}

function refused(refusals: readonly OrderPlaceRefusal[]): PlaceResult {
  return { orderId: null, refusals };
}

/** The first order of the same channel order id. Two at once wait for each other on the lock. */
async function firstOrderOfChannel(
  trx: Knex.Transaction,
  channel: Channel,
  channelOrderId: string | null,
): Promise<string | null> {
  if (channelOrderId === null) return null;
  await query(trx, 'select pg_advisory_xact_lock(hashtextextended(?, 0))', [
    `channel-order:${channel.code}:${channelOrderId}`,
  ]);
  const rows = await query<{ id: string }>(
    trx,
    'select id from orders.customer_order where channel_code = ? and channel_order_id = ?',
    [channel.code, channelOrderId],
  );
  return rows[0]?.id ?? null;
}

/** The state of the payment, or why it does not cover the order. */
export function readPayment(input: OrderPlaceInput, totals: Totals): { status: PaymentStatus } | OrderPlaceRefusal {
  if (!input.payment) return { status: 'PENDING' };
  const authorized = parseMoney(input.payment.authorized.amount, input.payment.authorized.currencyCode);
  if (authorized.currencyCode !== input.currencyCode || authorized.amountMinor < totals.grandTotal.amountMinor) {
    return {
      code: 'PAYMENT_INSUFFICIENT',
      field: ['input', 'payment', 'authorized'],
      message: 'The authorised amount does not cover the order in its currency.',
    };
  }
  return { status: 'AUTHORIZED' };
}

/** The order as it is stored. */
export function newOrder(
  id: string,
  caller: Caller,
  channel: Channel,
  input: OrderPlaceInput,
  totals: Totals,
  paymentStatus: PaymentStatus,
  priced: readonly PricedLine[],
  lineIds: readonly string[],
  allocations: readonly Allocation[],
): Omit<NewOrder, 'heldUntilPaid'> {
  const backordered = new Map<string, number>();
  for (const allocation of allocations) {
    if (allocation.locationId === null)
      backordered.set(allocation.lineId, (backordered.get(allocation.lineId) ?? 0) + allocation.quantity);
  }
  return {
    id,
    channel,
    channelOrderId: input.channelOrderId ?? null,
    customerId: caller.customerId ?? input.customer?.customerId ?? null,
    customer: input.customer ? { email: input.customer.email ?? null, name: input.customer.name ?? null } : null,
    totals,
    paymentStatus,
    payment: input.payment
      ? {
          provider: input.payment.provider,
          reference: input.payment.reference,
          authorized: parseMoney(input.payment.authorized.amount, input.payment.authorized.currencyCode),
        }
      : null,
    delivery: {
      ...input.delivery,
      address: input.delivery.address
        ? { ...input.delivery.address, name: input.delivery.address.name ?? input.customer?.name ?? null }
        : null,
    },
    purchaseOrderNumber: input.purchaseOrderNumber ?? null,
    traceId: caller.traceId,
    lines: priced.map((line, index) => {
      const lineId = lineIds[index] as string;
      return { ...line, id: lineId, backordered: backordered.get(lineId) ?? 0 };
    }),
    allocations: allocations.flatMap((allocation) =>
      allocation.locationId === null ? [] : [{ ...allocation, locationId: allocation.locationId }],
    ),
  };
}

/** What others are told of a captured order. */
export function placedEvents(order: NewOrder & { number: string }, caller: Caller): NewEvent[] {
  const skuByLine = new Map(order.lines.map((line) => [line.id, line.sku]));
  const common = { subject: order.id, channelCode: order.channel.code, traceId: caller.traceId };
  return [
    {
      ...common,
      type: 'order-placed.v1',
      version: 1,
      data: {
        orderId: order.id,
        number: order.number,
        channelCode: order.channel.code,
        channelKind: order.channel.kind,
        channelOrderId: order.channelOrderId,
        lines: order.lines.map((line) => ({
          lineId: line.id,
          sku: line.sku,
          quantity: line.quantity,
          grossMinor: (line.total.amountMinor + (order.totals.taxIncluded ? 0n : line.tax.amountMinor)).toString(),
        })),
        allocations: order.allocations.map(({ lineId, locationId, quantity }) => ({
          lineId,
          sku: skuByLine.get(lineId) ?? '',
          locationId,
          quantity,
        })),
        totalMinor: order.totals.grandTotal.amountMinor.toString(),
        currencyCode: order.totals.grandTotal.currencyCode,
        deliveryMethod: order.delivery.method,
      },
    },
    {
      ...common,
      type: 'order-status-changed.v1',
      version: 2,
      data: { orderId: order.id, customerId: order.customerId, previousStatus: 'CAPTURED', status: 'VALIDATED' },
    },
  ];
}
