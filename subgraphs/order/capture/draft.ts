import { checked, sourceOf } from '../../../events/outbox.ts';
import { newId } from '../../../platform/ids.ts';
import type { ChooseSources, Take } from '../../../platform/supply/supply.ts';
import type { Allocation } from '../commands/commit-stock.ts';
import type { NumberedOrder } from '../commands/insert-order.ts';
import { newOrder, placedEvents, readPayment } from '../commands/place.ts';
import { checkPlaceInput, requestedLines } from '../commands/place-input.ts';
import { areTaxIncluded } from '../commands/quote.ts';
import { priceLines, totalsOf } from '../pricing.ts';
import type { CaptureFacts } from './facts.ts';
import type { CaptureRequest } from './request.ts';

/** An order that is ready to be written, if its stock is still there. */
export interface Draft {
  readonly order: NumberedOrder;
  readonly reservationId: string;
  /** Units of each SKU that must be left to other channels; only where something must. */
  readonly withheld: readonly { readonly sku: string; readonly units: number }[];
  readonly events: readonly object[];
}

/**
 * Plans one order of a batch on the facts, and takes its stock from the supply they hold.
 * @returns null when it cannot be placed just like that. Why is said where it is tried alone: a refusal has to rest on
 *   stock that is locked, and on this order only.
 */
export function draftOrder(
  request: CaptureRequest,
  number: string,
  facts: CaptureFacts,
  choose: ChooseSources,
): Draft | null {
  const { input, channel, caller } = request;
  if (checkPlaceInput(input).length > 0) return null;
  const lines = requestedLines(input);
  const quotes = facts.quotesOf(request);
  const pricing = priceLines(lines, quotes, input.currencyCode, channel.kind);
  if ('refusals' in pricing) return null;
  const totals = totalsOf(pricing.priced, input.currencyCode, areTaxIncluded(quotes));
  const payment = readPayment(input, totals);
  if ('code' in payment) return null;

  const demand = demandOf(lines);
  const withheld: { sku: string; units: number }[] = [];
  for (const [sku, units] of demand) {
    const terms = facts.termsOf(request, sku);
    if (!terms || terms.isUnusual || (terms.cap !== null && units > terms.cap)) return null;
    const kept = (terms.withheld ?? channel.safetyStock) + terms.keptBack;
    if (kept > 0) withheld.push({ sku, units: kept });
    if (units > facts.supply.total(sku) - kept) return null;
  }
  const takes = choose(demand, facts.supply);
  if (!takes) return null;

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
  facts.supply.take(takes);
  return { order, reservationId: newId('reservation'), withheld, events };
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
