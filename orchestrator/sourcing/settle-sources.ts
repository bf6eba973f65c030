import { createHash } from 'node:crypto';
import type { BookedOrder, OrchestratorDeps } from '../port.ts';
import type { OrderSources, StockMove } from '../ports/stock.ts';
import { chooseNodes } from './choose.ts';
import type { SourcedLine, SourcingDecision, SourcingRules, WantedLine } from './model.ts';

/** How often a decision is made anew because somebody else took what it counted on. */
const ATTEMPTS = 4;

/** Which node serves which units of an order, with the stock committed there. */
export interface SettledSources {
  readonly sourced: readonly SourcedLine[];
  /** Units without a node; they stand in the queue of those who wait. */
  readonly waiting: readonly WantedLine[];
  /** For the order's timeline. Null where no rule was asked. */
  readonly explanation: string | null;
}

/**
 * Finds the nodes for units of an order that have stock committed somewhere and no work yet, by the sourcing rules, and
 * moves the stock there. Units that lost their stock meanwhile are left out. May be repeated: what was moved stays.
 *
 * @param key of the decision; every change of stock under it happens once
 */
export async function settleSources(
  deps: OrchestratorDeps,
  booked: BookedOrder,
  units: readonly WantedLine[],
  key: string,
): Promise<SettledSources> {
  const { order } = booked;
  for (let attempt = 1; ; attempt++) {
    const sources = await readSources(deps, order.id, units.map((line) => line.sku)); // biome-ignore format: one thought
    const placed = placedUnits(units, sources.own);
    const wanted = wantedOf(placed);
    const isBound = order.deliveryMethod !== 'SHIPPING'; // pickups have their one location
    // What is kept from the channel as a whole is no matter here: its units only change places.
    const decision =
      isBound || wanted.length === 0 ? null : await decide(deps, booked, wanted, { ...sources, most: [] });
    if (!decision) return { sourced: placed, waiting: [], explanation: null };
    const moves = movesBetween(placed, decision);
    if (moves.length === 0 || (await deps.stock.move({ key: `${key}:${digest(moves)}`, orderId: order.id, moves })))
      return decision;
    // Somebody was faster, again and again: the units are well where they are.
    if (attempt === ATTEMPTS) return { sourced: placed, waiting: [], explanation: null };
  }
}

/** Asks the rules, with what is known of the nodes now. Null without rules. */
export async function decide(
  deps: Pick<OrchestratorDeps, 'fulfillment' | 'sourcing'>,
  { order }: BookedOrder,
  lines: readonly WantedLine[],
  sources: OpenSources,
  rules: SourcingRules = deps.sourcing,
): Promise<SourcingDecision | null> {
  if (rules.rules.length === 0) return null;
  const workToday = await deps.fulfillment.workToday(
    sources.nodes.map(({ locationId, code }) => ({ locationId, timeZone: rules.nodes[code]?.timeZone ?? 'UTC' })),
  );
  const address = order.shippingAddress;
  return chooseNodes(
    rules,
    {
      channelCode: order.channel.code,
      serviceLevel: order.serviceLevel,
      destination: address && { countryCode: address.countryCode, postalCode: address.postalCode ?? null },
      lines,
      at: new Date(),
    },
    {
      ...sources,
      nodes: sources.nodes.map((node) => ({
        ...node,
        workToday: workToday.get(node.locationId) ?? 0,
        refused: sources.gaveBack.some((one) => one.locationId === node.locationId),
      })),
    },
  );
}

/** Sources less what the nodes are working on already, and who gave units back. */
export interface OpenSources extends OrderSources {
  readonly gaveBack: readonly { readonly locationId: string; readonly at: Date }[];
}

export async function readSources(
  deps: Pick<OrchestratorDeps, 'fulfillment' | 'stock'>,
  orderId: string,
  skus: readonly string[],
): Promise<OpenSources> {
  const [sources, work] = await Promise.all([
    deps.stock.sourcesOf(orderId, [...new Set(skus)]),
    deps.fulfillment.workOf(orderId),
  ]);
  const busy = new Map(work.open.map((one) => [JSON.stringify([one.lineId, one.locationId]), one.quantity]));
  const own = sources.own.flatMap((one) => {
    const quantity = one.quantity - (busy.get(JSON.stringify([one.lineId, one.locationId])) ?? 0);
    return quantity > 0 ? [{ ...one, quantity }] : [];
  });
  return { ...sources, own, gaveBack: work.gaveBack };
}

/** Where the units are, as far as stock is committed to them. */
function placedUnits(units: readonly WantedLine[], own: readonly SourcedLine[]): SourcedLine[] {
  const left = new Map(units.map((line) => [line.lineId, line.quantity]));
  return own.flatMap((place) => {
    const quantity = Math.min(place.quantity, left.get(place.lineId) ?? 0);
    left.set(place.lineId, (left.get(place.lineId) ?? 0) - quantity);
    return quantity > 0 ? [{ ...place, quantity }] : [];
  });
}

function wantedOf(placed: readonly SourcedLine[]): WantedLine[] {
  const byLine = new Map<string, WantedLine>();
  for (const { lineId, sku, quantity } of placed)
    byLine.set(lineId, { lineId, sku, quantity: quantity + (byLine.get(lineId)?.quantity ?? 0) });
  return [...byLine.values()];
}

/** What has to move so that the units are where the decision wants them. */
export function movesBetween(placed: readonly SourcedLine[], decision: SourcingDecision): StockMove[] {
  const moves: StockMove[] = [];
  for (const lineId of new Set(placed.map((one) => one.lineId))) {
    const of = (lines: readonly SourcedLine[]) => lines.filter((one) => one.lineId === lineId);
    const target = new Map(of(decision.sourced).map((one) => [one.locationId, one.quantity]));
    const surplus = of(placed).map((one) => ({
      ...one,
      quantity: one.quantity - Math.min(one.quantity, target.get(one.locationId) ?? 0),
    }));
    for (const one of of(placed))
      target.set(one.locationId, Math.max(0, (target.get(one.locationId) ?? 0) - one.quantity));
    for (const { sku, locationId: from, quantity } of surplus) {
      let left = quantity;
      for (const [to, missing] of target) {
        const units = Math.min(left, missing);
        if (units === 0) continue;
        moves.push({ lineId, sku, quantity: units, from, to });
        target.set(to, missing - units);
        left -= units;
      }
      if (left > 0) moves.push({ lineId, sku, quantity: left, from, to: null });
    }
  }
  return moves;
}

/** The same moves have the same name, others another: a repeated step never takes one decision for the other. */
export function digest(moves: readonly StockMove[]): string {
  return createHash('sha256').update(JSON.stringify(moves)).digest('hex').slice(0, 16);
}
