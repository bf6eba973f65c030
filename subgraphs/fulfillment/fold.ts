import { groupBy } from '../../platform/batch.ts';
import type { HandedBack, Units } from './events.ts';
import { type FulfillmentOrderLine, remainingUnits, type WorkComponent } from './model.ts';
import type { NodeUnits } from './port.ts';

/** Work as the node knows it: lines by reference, bundles as their components. */
export interface WorkUnits {
  readonly lines: readonly FulfillmentOrderLine[];
  readonly components: readonly WorkComponent[];
}

/** What a node reports, in units of order lines: bundles count whole. */
export interface FoldedUnits {
  /** Units that left. A bundle has left when all its components have. */
  readonly issued: readonly Units[];
  /** Units that will not come. A bundle is short when one of its components is. */
  readonly short: readonly HandedBack[];
  /** The components as they stand then. */
  readonly components: readonly WorkComponent[];
  /** Units of components that left, and whose bundle will not. */
  readonly loose: readonly Units[];
}

interface Reported {
  readonly issued: readonly NodeUnits[];
  readonly short: readonly NodeUnits[];
}

/** Folds what a node reports into the work's lines. Pure; expects {@link problemWithUnits} to have found nothing. */
export function foldUnits(work: WorkUnits, reported: Reported): FoldedUnits {
  const issued = unitsByRef(reported.issued);
  const short = unitsByRef(reported.short);
  const components = work.components.map((component) => ({
    ...component,
    shipped: component.shipped + (issued.get(component.lineRef) ?? 0),
    short: component.short + (short.get(component.lineRef) ?? 0),
  }));
  const before = groupBy(work.components, (component) => component.orderLineId);
  const after = groupBy(components, (component) => component.orderLineId);
  const folded = work.lines.map((line) => {
    const { orderLineId: lineId, sku, quantity } = line;
    const parts = after.get(lineId);
    if (!parts)
      return { lineId, sku, issued: issued.get(lineId) ?? 0, short: short.get(lineId) ?? 0, loose: [] as Units[] };
    const left = quantity - shortBundles(parts);
    const looseBefore = looseUnits(before.get(lineId) ?? [], quantity - line.short);
    const loose = looseUnits(parts, left).map((part, index) => ({
      lineId,
      sku: part.sku,
      quantity: part.quantity - (looseBefore[index]?.quantity ?? 0),
    }));
    return {
      lineId,
      sku,
      issued: wholeBundles(parts) - line.shipped,
      short: shortBundles(parts) - line.short,
      loose: loose.filter((part) => part.quantity > 0),
    };
  });
  return {
    issued: folded.flatMap(({ lineId, sku, issued: quantity }) => (quantity > 0 ? [{ lineId, sku, quantity }] : [])),
    short: folded.flatMap(({ lineId, sku, short: quantity, loose }) =>
      quantity > 0 ? [{ lineId, sku, quantity, ...(loose.length > 0 ? { loose: loose.map(withoutLine) } : {}) }] : [],
    ),
    components,
    loose: folded.flatMap((line) => line.loose),
  };
}

/** Units can only leave, or be missing, that are still to be picked. Null when it is so. */
export function problemWithUnits(work: WorkUnits, reported: Reported): string | null {
  const left = new Map(unitsLeft(work).map((units) => [units.lineRef, units.quantity]));
  for (const units of [...reported.issued, ...reported.short]) {
    const remaining = left.get(units.lineRef);
    if (remaining === undefined) return 'the work has no such line';
    if (remaining < units.quantity) return 'more units left than were to be picked';
    left.set(units.lineRef, remaining - units.quantity);
  }
  return null;
}

/** What the node still has to pick, under the references it knows. */
export function unitsLeft({ lines, components }: WorkUnits): NodeUnits[] {
  const parts = groupBy(components, (component) => component.orderLineId);
  return lines.flatMap((line): NodeUnits[] => {
    const own = parts.get(line.orderLineId);
    if (!own) return [{ lineRef: line.orderLineId, sku: line.sku, quantity: remainingUnits(line) }];
    return own.map(({ lineRef, sku, perUnit, shipped, short }) => ({
      lineRef,
      sku,
      quantity: line.quantity * perUnit - shipped - short,
    }));
  });
}

function unitsByRef(units: readonly NodeUnits[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { lineRef, quantity } of units) sums.set(lineRef, (sums.get(lineRef) ?? 0) + quantity);
  return sums;
}

function wholeBundles(parts: readonly WorkComponent[]): number {
  return Math.min(...parts.map((part) => Math.floor(part.shipped / part.perUnit)));
}

function shortBundles(parts: readonly WorkComponent[]): number {
  return Math.max(...parts.map((part) => Math.ceil(part.short / part.perUnit)));
}

/** Per component, units that left beyond what so many bundles take. */
function looseUnits(parts: readonly WorkComponent[], bundles: number): { sku: string; quantity: number }[] {
  return parts.map((part) => ({ sku: part.sku, quantity: Math.max(0, part.shipped - bundles * part.perUnit) }));
}

function withoutLine({ sku, quantity }: Units) {
  return { sku, quantity };
}
