import { checked, sourceOf } from '../../../events/outbox.ts';
import { newId } from '../../../platform/ids.ts';
import { AGAIN, ALONE } from '../../../platform/micro-batch/micro-batcher.ts';
import type { ChooseSources, Take } from '../../../platform/supply/supply.ts';
import { type Allocation, outOfStock } from '../commands/commit-stock.ts';
import type { NumberedOrder } from '../commands/insert-order.ts';
import { newOrder, placedEvents, readPayment } from '../commands/place.ts';
import { checkPlaceInput, type OrderPlaceInput, requestedLines } from '../commands/place-input.ts';
import { areTaxIncluded } from '../commands/quote.ts';
import type { OrderPlaceRefusal } from '../errors.ts';
import { priceLines, totalsOf } from '../pricing.ts';
import type { CaptureFacts } from './facts.ts';
import type { CaptureRequest } from './request.ts';

/** An order that is ready to be written, if its stock is still there. */
export interface Draft {
  readonly order: NumberedOrder;
  readonly reservationId: string;
  /** The hold that becomes the order's reservation; null takes free stock. */
  readonly holdId: string | null;
  /** Units of each SKU that must be left to other channels; only where something must. */
  readonly withheld: readonly { readonly sku: string; readonly units: number }[];
  readonly events: readonly object[];
}

/** Why an order cannot be placed, as the facts of its batch say. */
export interface Refused {
  readonly refusals: readonly OrderPlaceRefusal[];
}

/**
 * Plans one order of a batch on the facts, and takes its stock from the supply they hold.
 *
 * It is refused for want of stock only when the reading alone says so: at that instant, after it was asked for, the
 * stock was not there. What others of the batch have taken is no reason, for they may not get it.
 *
 * @returns AGAIN when only those before it are in the way; ALONE when it takes more than a batch understands
 */
export function draftOrder(
  request: CaptureRequest,
  number: string,
  facts: CaptureFacts,
  choose: ChooseSources,
): Draft | Refused | typeof AGAIN | typeof ALONE {
  const { input, channel, caller } = request;
  const invalid = checkPlaceInput(input);
  if (invalid.length > 0) return { refusals: invalid };
  const lines = requestedLines(input);
  const quotes = facts.quotesOf(request);
  const pricing = priceLines(lines, quotes, input.currencyCode, channel.kind);
  if ('refusals' in pricing) return pricing;
  const totals = totalsOf(pricing.priced, input.currencyCode, areTaxIncluded(quotes));
  const payment = readPayment(input, totals);
  if ('code' in payment) return { refusals: [payment] };

  const demand = demandOf(lines);
  const holdId = input.reservationId ?? null;
  const stock = holdId === null ? freeStock(request, demand, facts, choose) : heldStock(request, holdId, demand, facts);
  if (typeof stock !== 'object' || 'refusals' in stock) return stock;
  const { takes, withheld } = stock;

  const ids = lines.map(() => newId('orderLine'));
  const orderId = newId('order');
  const allocations = allocate(
    lines.map((line, index) => ({ ...line, lineId: ids[index] as string })),
    takes,
  );
  const order = {
    ...newOrder(orderId, caller, channel, input, totals, payment.status, pricing.priced, ids, allocations),
    number,
  };
  const events = placedEvents(order, caller).map((event) => ({
    type: event.type,
    source: sourceOf(event.type),
    subject: event.subject,
    version: event.version,
    channel_code: event.channelCode,
    trace_id: event.traceId,
    data: checked(event),
  }));
  if (holdId === null) facts.supply.take(takes);
  else facts.holds.delete(holdId);
  return { order, reservationId: newId('reservation'), holdId, withheld, events };
}

/** Where the units of an order come from, and what must be left to other channels there. */
interface Stock {
  readonly takes: readonly Take[];
  readonly withheld: Draft['withheld'];
}

/** What was held for exactly this order, for goods that need nothing else to be looked at. */
function heldStock(
  request: CaptureRequest,
  holdId: string,
  demand: ReadonlyMap<string, number>,
  facts: CaptureFacts,
): Stock | typeof ALONE {
  const hold = facts.holds.get(holdId);
  if (!hold || hold.channelCode !== request.channel.code) return ALONE;
  const held = demandOf(hold.takes.map(({ item, units }) => ({ sku: item, quantity: units })));
  if (held.size !== demand.size) return ALONE;
  for (const [sku, units] of demand) {
    if (held.get(sku) !== units || facts.termsOf(request, sku)?.isUnusual !== false) return ALONE;
  }
  return { takes: hold.takes, withheld: [] };
}

function freeStock(
  request: CaptureRequest,
  demand: ReadonlyMap<string, number>,
  facts: CaptureFacts,
  choose: ChooseSources,
): Stock | Refused | typeof AGAIN | typeof ALONE {
  const stock = stockFor(request, demand, facts);
  if (stock === ALONE || 'refusals' in stock) return stock;
  if (!stock.isThere) return AGAIN;
  const takes = choose(demand, facts.supply);
  return takes ? { takes, withheld: stock.withheld } : ALONE;
}

/** What must be left to other channels, and whether that leaves enough: now, and when the supply was read. */
function stockFor(
  request: CaptureRequest,
  demand: ReadonlyMap<string, number>,
  facts: CaptureFacts,
): { withheld: Draft['withheld']; isThere: boolean } | Refused | typeof ALONE {
  const { input, channel } = request;
  const withheld: { sku: string; units: number }[] = [];
  const short = new Map<string, number>();
  let isThere = true;
  for (const [sku, units] of demand) {
    const terms = facts.termsOf(request, sku);
    if (!terms || terms.isUnusual) return ALONE;
    const kept = (terms.withheld ?? channel.safetyStock) + terms.keptBack;
    if (kept > 0) withheld.push({ sku, units: kept });
    const cap = terms.cap ?? Number.POSITIVE_INFINITY;
    if (units <= Math.min(cap, facts.supply.total(sku) - kept)) continue;
    isThere = false;
    const most = facts.supply.most(sku, kept, cap);
    if (most === undefined || terms.keptBack > 0 || input.allowBackorder) return ALONE;
    if (units > most) short.set(sku, most);
  }
  return short.size > 0 ? { refusals: shortages(input, short) } : { withheld, isThere };
}

/** @param most units of the SKUs of which there are too few */
function shortages({ lines }: OrderPlaceInput, most: ReadonlyMap<string, number>): OrderPlaceRefusal[] {
  return lines.flatMap(({ sku }, index) => {
    const available = most.get(sku);
    return available === undefined ? [] : [outOfStock(sku, index, available)];
  });
}

function demandOf(lines: readonly { readonly sku: string; readonly quantity: number }[]): Map<string, number> {
  const demand = new Map<string, number>();
  for (const { sku, quantity } of lines) demand.set(sku, (demand.get(sku) ?? 0) + quantity);
  return demand;
}

/** Serves the lines, in their order, from the takes of their SKU, in theirs. */
function allocate(
  lines: readonly { readonly lineId: string; readonly sku: string; readonly quantity: number }[],
  takes: readonly Take[],
): Allocation[] {
  const left = new Map<string, { locationId: string; units: number }[]>();
  for (const { item, source, units } of takes) {
    const queue = left.get(item) ?? [];
    left.set(item, queue);
    queue.push({ locationId: source, units });
  }
  return lines.flatMap(({ lineId, sku, quantity }) => {
    const served: Allocation[] = [];
    const queue = left.get(sku) ?? [];
    for (let missing = quantity; missing > 0; ) {
      const [next] = queue;
      if (!next) throw new RangeError('the takes do not add up to the demand');
      const units = Math.min(missing, next.units);
      served.push({ lineId, locationId: next.locationId, quantity: units });
      missing -= units;
      next.units -= units;
      if (next.units === 0) queue.shift();
    }
    return served;
  });
}
