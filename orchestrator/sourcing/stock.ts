import type { SourcedLine, Sources, WantedLine } from './model.ts';

const at = (sku: string, locationId: string) => JSON.stringify([sku, locationId]);

/** What the nodes have for one order: what is committed to it, and what is free less what a node keeps. */
export class Stock {
  readonly #units = new Map<string, number>();
  readonly #own = new Map<string, number>();

  constructor({ own, free }: Sources, keep: number) {
    for (const { sku, locationId, quantity } of free) this.#add(sku, locationId, Math.max(0, quantity - keep));
    for (const { lineId, sku, locationId, quantity } of own) {
      this.#add(sku, locationId, quantity);
      this.#own.set(at(lineId, locationId), quantity);
    }
  }

  #add(sku: string, locationId: string, units: number): void {
    this.#units.set(at(sku, locationId), this.of(sku, locationId) + units);
  }

  of(sku: string, locationId: string): number {
    return this.#units.get(at(sku, locationId)) ?? 0;
  }

  /** Committed to this line at this node. */
  own(lineId: string, locationId: string): number {
    return this.#own.get(at(lineId, locationId)) ?? 0;
  }

  /** Units that each of the nodes would serve: of an item all from the first that has all of it, else in turn. */
  serve(demand: ReadonlyMap<string, number>, nodes: readonly string[]): Map<string, number> {
    const served = new Map<string, number>();
    for (const [sku, wanted] of demand) {
      for (const [node, units] of this.split(sku, wanted, nodes)) served.set(node, (served.get(node) ?? 0) + units);
    }
    return served;
  }

  /** How an item is split over nodes: in as few as it takes, in the order given. */
  split(sku: string, wanted: number, nodes: readonly string[]): [node: string, units: number][] {
    const whole = nodes.find((node) => this.of(sku, node) >= wanted);
    if (whole !== undefined) return [[whole, wanted]];
    const parts: [string, number][] = [];
    let left = wanted;
    for (const node of nodes) {
      const units = Math.min(left, this.of(sku, node));
      if (units > 0) parts.push([node, units]);
      left -= units;
    }
    return parts;
  }

  has(demand: ReadonlyMap<string, number>, nodes: readonly string[]): boolean {
    return this.missing(demand, nodes).size === 0;
  }

  /** What these nodes lack of the demand. */
  missing(demand: ReadonlyMap<string, number>, nodes: readonly string[]): Map<string, number> {
    const missing = new Map<string, number>();
    for (const [sku, wanted] of demand) {
      const there = nodes.reduce((sum, node) => sum + this.of(sku, node), 0);
      if (there < wanted) missing.set(sku, wanted - there);
    }
    return missing;
  }

  /** What a node adds towards what is missing. */
  contribution(missing: ReadonlyMap<string, number>, node: string): { completes: number; units: number } {
    let completes = 0;
    let units = 0;
    for (const [sku, wanted] of missing) {
      const there = Math.min(wanted, this.of(sku, node));
      units += there;
      if (there === wanted) completes++;
    }
    return { completes, units };
  }
}

/**
 * Gives the nodes' units to the lines: first to those that have them there already, so that little moves.
 * Lines of the same item share what there is.
 * @param demand units of each item that may be given
 */
export function assignLines(
  lines: readonly WantedLine[],
  nodes: readonly string[],
  stock: Stock,
  demand: ReadonlyMap<string, number>,
): { sourced: SourcedLine[]; waiting: WantedLine[] } {
  const sourced: SourcedLine[] = [];
  const left = new Map(lines.map((line) => [line.lineId, line.quantity]));
  for (const sku of new Set(lines.map((line) => line.sku))) {
    const same = lines.filter((line) => line.sku === sku);
    const given = new Map(stock.split(sku, demand.get(sku) ?? 0, nodes));
    const give = (line: WantedLine, node: string, most: number) => {
      const units = Math.min(most, given.get(node) ?? 0, left.get(line.lineId) ?? 0);
      if (units <= 0) return;
      given.set(node, (given.get(node) ?? 0) - units);
      left.set(line.lineId, (left.get(line.lineId) ?? 0) - units);
      const known = sourced.findIndex((one) => one.lineId === line.lineId && one.locationId === node);
      const before = sourced[known];
      if (before) sourced[known] = { ...before, quantity: before.quantity + units };
      else sourced.push({ lineId: line.lineId, sku, locationId: node, quantity: units });
    };
    for (const line of same) for (const node of nodes) give(line, node, stock.own(line.lineId, node));
    for (const line of same) for (const node of nodes) give(line, node, line.quantity);
  }
  const waiting = lines.flatMap((line) => {
    const quantity = left.get(line.lineId) ?? 0;
    return quantity > 0 ? [{ ...line, quantity }] : [];
  });
  return { sourced, waiting };
}
