import { checked, sourceOf } from '../../../events/outbox.ts';
import { newId } from '../../../platform/ids.ts';
import { AGAIN, ALONE } from '../../../platform/micro-batch/micro-batcher.ts';
import { isServed, serve, type Units } from '../../../platform/supply/serve.ts';
import type { ChooseSources, Take } from '../../../platform/supply/supply.ts';
import type { Allocation } from '../commands/commit-stock.ts';
import type { NumberedOrder } from '../commands/insert-order.ts';
import { newOrder, placedEvents, readPayment } from '../commands/place.ts';
import { checkPlaceInput, requestedLines } from '../commands/place-input.ts';
import { areTaxIncluded } from '../commands/quote.ts';
import { reservationExpired, reservationMismatch, shortages } from '../commands/stock-refusals.ts';
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
  /** The hold that is over and in whose place the reservation comes. */
  readonly reacquires: string | null;
  /** What the bundles among its lines are made of. */
  readonly recipes: ReadonlyMap<string, Units>;
  /** Units of each SKU that must be left to other channels: where some must, and of all that it waits for. */
  readonly withheld: Units;
  readonly events: readonly object[];
}

/** Why an order cannot be placed, as the facts of its batch say. */
export interface Refused {
  readonly refusals: readonly OrderPlaceRefusal[];
}

/**
 * Plans one order of a batch on the facts, and takes its stock from the supply they hold.
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

  const stock = stockFor(request, facts, choose);
  if (typeof stock !== 'object' || 'refusals' in stock) return stock;

  const ids = lines.map(() => newId('orderLine'));
  const orderId = newId('order');
  const allocations = allocate(
    lines.map((line, index) => ({ ...line, lineId: ids[index] as string })),
    stock.given,
  );
  const order = {
    ...newOrder(orderId, caller, channel, input, totals, payment.status, pricing.priced, ids, allocations),
    heldUntilPaid: request.untilPaid,
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
  const { holdId, reacquires, recipes, withheld } = stock;
  return { order, reservationId: newId('reservation'), holdId, reacquires, recipes, withheld, events };
}

/** Where the units of an order come from, as they are sold, and what must be left to other channels there. */
interface Stock extends Pick<Draft, 'holdId' | 'reacquires' | 'recipes' | 'withheld'> {
  readonly given: readonly Take[];
}

/** From what was held for the order, or from what is free. A hold that is over is looked for there, like everything else. */
function stockFor(
  request: CaptureRequest,
  facts: CaptureFacts,
  choose: ChooseSources,
): Stock | Refused | typeof AGAIN | typeof ALONE {
  const { input, channel } = request;
  const demand = demandOf(input.lines);
  const recipes = new Map<string, Units>();
  for (const sku of demand.keys()) {
    const terms = facts.termsOf(request, sku);
    if (!terms || terms.isUnusual) return ALONE;
    if (terms.parts) recipes.set(sku, terms.parts);
  }
  const { reservationId } = input;
  if (reservationId == null) return freeStock(request, demand, recipes, null, facts, choose);
  const hold = facts.holds.get(reservationId);
  if (!hold || hold.channelCode !== channel.code || hold.state === 'USED') return { refusals: [reservationMismatch] };
  if (hold.state === 'RELEASED') return { refusals: [reservationExpired] };
  if (hold.state === 'BOUND' || !isSame(demand, hold.takes)) return { refusals: [reservationMismatch] };
  // The first of the batch that names it may not get it.
  if (facts.usedHolds.has(reservationId)) return AGAIN;
  const stock: ReturnType<typeof stockFor> =
    hold.state === 'OVER'
      ? freeStock(request, demand, recipes, reservationId, facts, choose)
      : { given: hold.takes, holdId: reservationId, reacquires: null, recipes, withheld: new Map() };
  if (typeof stock === 'object' && 'given' in stock) facts.usedHolds.add(reservationId);
  return stock;
}

function isSame(demand: Units, takes: readonly Take[]): boolean {
  const held = demandOf(takes.map(({ item, units }) => ({ sku: item, quantity: units })));
  return held.size === demand.size && [...demand].every(([sku, units]) => held.get(sku) === units);
}

function freeStock(
  request: CaptureRequest,
  units: Units,
  recipes: Draft['recipes'],
  reacquires: string | null,
  facts: CaptureFacts,
  choose: ChooseSources,
): Stock | Refused | typeof AGAIN | typeof ALONE {
  const { lines, allowBackorder } = request.input;
  const mayWait = allowBackorder ?? false;
  const outcome = serve({ units, mayWait, termsOf: (sku) => facts.termsOf(request, sku) }, facts.supply, choose);
  if (outcome === 'unclear') return ALONE;
  if (outcome === 'crowded') return AGAIN;
  if (!isServed(outcome))
    return { refusals: reacquires ? [reservationExpired] : shortages(lines, outcome.most, mayWait) };
  const { given, kept, waits } = outcome;
  const withheld = new Map([...kept].filter(([, left]) => left > 0 || waits.size > 0));
  return { given, holdId: null, reacquires, recipes, withheld };
}

function demandOf(lines: readonly { readonly sku: string; readonly quantity: number }[]): Map<string, number> {
  const demand = new Map<string, number>();
  for (const { sku, quantity } of lines) demand.set(sku, (demand.get(sku) ?? 0) + quantity);
  return demand;
}

/** Serves the lines, in their order, from the takes of their SKU, in theirs. What these do not reach to waits. */
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
      if (!next) return [...served, { lineId, locationId: null, quantity: missing }];
      const units = Math.min(missing, next.units);
      served.push({ lineId, locationId: next.locationId, quantity: units });
      missing -= units;
      next.units -= units;
      if (next.units === 0) queue.shift();
    }
    return served;
  });
}
