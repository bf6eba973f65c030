import type { OrchestratorDeps } from '../port.ts';
import type { OrderSources, StockMove } from '../ports/stock.ts';
import type { SourcingRule, SourcingRules, WantedLine } from './model.ts';
import { decide, digest, readSources } from './settle-sources.ts';

/** For those who have no rules: as few nodes as possible. */
const FEWEST: SourcingRule = {
  name: 'fewest shipments',
  prefer: ['fewest-shipments'],
  nodes: [],
  without: [],
  otherwise: 'split',
  fill: 'FillAll',
  keep: 0,
};

/** Orders in these states have not begun, or are over. */
const NOT_SERVED: ReadonlySet<string> = new Set(['CAPTURED', 'VALIDATED', 'REJECTED', 'CANCELLED', 'CLOSED']);

/**
 * A SKU has stock: those who wait for it are served, the oldest promise first, until there is no more that their channels may
 * have. Who is asked next is looked up after each: what one took may have been all that another's channel is left.
 */
export async function serveWaitingFor(
  deps: OrchestratorDeps,
  sku: string,
  cause: { readonly key: string; readonly traceId: string },
): Promise<void> {
  let next = await deps.stock.nextWaiting(sku, null);
  for (; next; next = await deps.stock.nextWaiting(sku, next)) await serveOrder(deps, next.orderId, cause);
}

/**
 * Commits stock to units of an order that wait for it, as far as there is some and the rules allow. The event that says
 * so commits with the stock; the work for the nodes follows from it. An order that is held or not accepted yet is left:
 * it is looked at again when it goes on. What is kept from the order's channel is not for it.
 */
export async function serveOrder(
  deps: OrchestratorDeps,
  orderId: string,
  cause: { readonly key: string; readonly traceId: string },
): Promise<void> {
  const booked = await deps.orders.read(orderId);
  if (!booked || booked.holds.length > 0 || NOT_SERVED.has(booked.order.status)) return;
  const backordered = new Map(booked.lines.map((line) => [line.id, line.quantities.backordered]));
  const skus = booked.lines.flatMap((line) => (line.quantities.backordered > 0 ? [line.sku] : []));
  if (skus.length === 0) return;

  const sources = await readSources(deps, orderId, skus);
  // A node that gave units back is asked again only when its shelf has got more since: goods came in, or were counted.
  const lastRefusal = new Map(sources.gaveBack.map((one) => [one.locationId, one.at]));
  const free = sources.free.filter(({ locationId, raisedAt }) => {
    const refusedAt = lastRefusal.get(locationId);
    return refusedAt === undefined || (raisedAt !== null && raisedAt > refusedAt);
  });
  const waiting = sources.waiting.flatMap((one) => {
    const quantity = Math.min(one.quantity, backordered.get(one.lineId) ?? 0);
    return quantity > 0 ? [{ ...one, quantity }] : [];
  });
  const unbound: WantedLine[] = waiting.flatMap(({ locationId, ...line }) => (locationId === null ? [line] : []));
  const most = sources.most.filter((one) => one.locationId === null);
  const rules: SourcingRules = deps.sourcing.rules.length > 0 ? deps.sourcing : { ...deps.sourcing, rules: [FEWEST] };
  const open = { ...sources, own: [], free, most, gaveBack: [] };
  const decision = unbound.length > 0 ? await decide(deps, booked, unbound, open, rules) : null;
  const moves: StockMove[] = [
    ...boundMoves(waiting, free, sources.most),
    ...(decision?.sourced ?? []).map(({ locationId, ...line }) => ({ ...line, from: null, to: locationId })),
  ];
  if (moves.length > 0) {
    await deps.stock.move({
      key: `${cause.key}:${orderId}:${digest(moves)}`,
      orderId,
      moves,
      announce: {
        explanation: `What it waited for can be had now. ${decision?.explanation ?? 'The location of the order has it.'}`,
        channelCode: booked.order.channel.code,
        traceId: cause.traceId,
      },
    });
  }
}

/** Units that only one location may serve take what it has for them. */
function boundMoves(
  waiting: readonly (WantedLine & { readonly locationId: string | null })[],
  free: readonly { readonly sku: string; readonly locationId: string; readonly quantity: number }[],
  most: OrderSources['most'],
): StockMove[] {
  const left = free.map((one) => {
    const limit = most.find(({ sku, locationId }) => sku === one.sku && locationId === one.locationId);
    return { ...one, quantity: Math.min(one.quantity, limit?.quantity ?? one.quantity) };
  });
  return waiting.flatMap(({ locationId, lineId, sku, quantity }) => {
    const place = left.find((one) => one.sku === sku && one.locationId === locationId);
    const units = Math.min(quantity, place?.quantity ?? 0);
    if (!place || units === 0) return [];
    place.quantity -= units;
    return [{ lineId, sku, quantity: units, from: null, to: place.locationId }];
  });
}
