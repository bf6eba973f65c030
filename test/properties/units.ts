import { CHANNELS, type ChannelCode, type Line, type Site, type Sku } from './actions.ts';
import type { Model, ModelHold, ModelPosition } from './shop.ts';

export const positionOf = (sku: Sku, site: Site): string => `${sku}@${site}`;

/** Units promised at a position: to orders, and to holds that live. */
export function promised(model: Model, position: string): number {
  const of = (where: Map<string, number>) => where.get(position) ?? 0;
  const held = model.holds.filter((hold) => hold.state === 'HELD').reduce((sum, hold) => sum + of(hold.where), 0);
  return committed(model, position) + held;
}

export function committed(model: Model, position: string): number {
  return model.orders.flatMap((order) => order.lines).reduce((sum, line) => sum + (line.where.get(position) ?? 0), 0);
}

/** What a new order may take at a position. */
export function free(model: Model, position: string): number {
  const { onHand, safety } = model.positions.get(position) as ModelPosition;
  return Math.max(0, onHand - promised(model, position) - safety);
}

/** What a channel may sell to who comes new, from the nodes that ship or from the shop alone. */
export function sellable(model: Model, sku: Sku, channel: ChannelCode, atShop: boolean): number {
  const there = sum(nodes(atShop), (site) => free(model, positionOf(sku, site)));
  // What comes, or is given back, belongs to the orders that wait for it, but for what their channel leaves to others.
  const claimed = sum(channels, (waiting) =>
    Math.min(backordered(model, sku, waiting, atShop), Math.max(0, there - CHANNELS[waiting])),
  );
  return Math.max(0, there - claimed - CHANNELS[channel]);
}

const backordered = (model: Model, sku: Sku, channel: ChannelCode, atShop: boolean): number =>
  sum(model.orders, (order) =>
    order.channel === channel && order.atShop === atShop
      ? sum(order.lines, (line) => (line.sku === sku ? line.backordered : 0))
      : 0,
  );

const channels = Object.keys(CHANNELS) as ChannelCode[];
const nodes = (atShop: boolean): readonly Site[] => (atShop ? ['SHOP'] : ['EAST', 'WEST']);
export const sum = <Value>(values: readonly Value[], of: (value: Value) => number): number =>
  values.reduce((total, value) => total + of(value), 0);

/** The warehouse's own truth: balance and number of the last booking per position. */
export function shelves(model: Model): Map<string, { onHand: number; sequence: number }> {
  return new Map(model.ledger.map(({ position, onHand }, index) => [position, { onHand, sequence: index + 1 }]));
}

export function ownAt(model: Model, hold: ModelHold, position: string): number {
  const { onHand } = model.positions.get(position) as ModelPosition;
  return Math.min(Math.max(0, onHand - committed(model, position)), hold.where.get(position) ?? 0);
}

export function demandOf(lines: readonly Line[]): Map<Sku, number> {
  const demand = new Map<Sku, number>();
  for (const { sku, quantity } of lines) demand.set(sku, (demand.get(sku) ?? 0) + quantity);
  return demand;
}

export const isShort = (model: Model, lines: readonly Line[], channel: ChannelCode, atShop: boolean): boolean =>
  [...demandOf(lines)].some(([sku, units]) => units > sellable(model, sku, channel, atShop));
