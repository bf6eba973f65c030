import type { ItemTerms, Units } from './serve.ts';
import type { Offer, Take } from './supply.ts';

/** What the owner of stock tells of an item at a source: `inventory.batch_supply`. */
export interface OfferRow {
  readonly sku: string;
  readonly location_id: string;
  readonly preference: number;
  readonly available: number;
  readonly has_more: boolean;
}

/** What the owner of stock tells of what a channel may do with an item: `inventory.sale_terms`. */
export interface TermsRow {
  readonly sku: string;
  /** Null when the channel's own safety stock applies. */
  readonly withheld: number | null;
  readonly cap: number | null;
  readonly kept_back: number;
  /** Units that belong to orders that wait. */
  readonly claimed: number;
  readonly backorder_units: number | null;
  readonly is_released: boolean;
  readonly parts: Readonly<Record<string, number>> | null;
  /** Rules that are more than a batch understands. */
  readonly is_unusual: boolean;
  /** Orders are refused or held. */
  readonly is_closed: boolean;
}

export function offerOf(row: OfferRow): Offer {
  return {
    item: row.sku,
    source: row.location_id,
    preference: row.preference,
    units: row.available,
    mayHaveMore: row.has_more,
  };
}

/** @param safetyStock units of every item that are withheld from the channel, where no rule says otherwise */
export function termsOf(row: TermsRow, safetyStock: number): ItemTerms {
  return {
    kept: row.parts ? 0 : (row.withheld ?? safetyStock) + row.kept_back + row.claimed,
    keepsRoughly: row.kept_back > 0,
    cap: row.cap ?? Number.POSITIVE_INFINITY,
    waitable: row.backorder_units ?? Number.POSITIVE_INFINITY,
    isReleased: row.is_released,
    parts: row.parts && new Map(Object.entries(row.parts)),
  };
}

/** What a batch tells of a take of a line: itself, or the parts of the sets. @param setNo of the request, from 1 */
export function takeRows(take: Take, line: object, parts: ItemTerms['parts'], setNo: number): object[] {
  const { item, source, units } = take;
  if (!parts) return [{ ...line, sku: item, location_id: source, quantity: units }];
  return [...parts].map(([part, each]) => ({
    ...line,
    sku: part,
    location_id: source,
    quantity: units * each,
    bundle_sku: item,
    bundle_no: setNo,
    per_bundle: each,
  }));
}

/** What a batch tells of the recipes that a request was planned with; null when it asks for no sets. */
export function recipesOf(recipes: ReadonlyMap<string, Units | null>): object | null {
  const sets = [...recipes].flatMap(([item, parts]) => (parts ? [[item, Object.fromEntries(parts)] as const] : []));
  return sets.length === 0 ? null : Object.fromEntries(sets);
}
