import type { Sku } from '../model.ts';
import type { PriceFact, ProductFact, VariantFact } from '../port.ts';

/** A part of the catalogue with a system of its own; conditions as config/systems.yaml has them. */
export interface ServedPart {
  /** Name of the cohort. Empty: whatever is in no cohort. */
  readonly name: string;
  readonly system: string;
  readonly when: PartConditions;
}

/** What tells from a SKU alone whether it belongs to a part. */
export interface PartConditions {
  readonly skus?: readonly { readonly from: string; readonly to: string }[] | undefined;
  readonly percent?: number | undefined;
}

export interface ServingSystem {
  readonly name: string;
  readonly streams: readonly string[];
  /** Capabilities of goods and prices that it has not got, as `systems/port-map.ts` names them. */
  readonly lacks: readonly string[];
}

/** Which of two systems serves which part of the catalogue. */
export interface Serving {
  /** The system whose keys the ids of the catalogue were first derived from. */
  readonly home: string;
  readonly systems: readonly ServingSystem[];
  /** The first that fits counts; the last fits everything. */
  readonly parts: readonly ServedPart[];
  readonly settled: boolean;
  /** Systems that were read to their end at least once. */
  readonly complete: readonly string[];
}

/** Finds the part of a SKU. */
export type PartOf = (parts: readonly ServedPart[], sku: string) => ServedPart;

/** A category where a system has it. */
export interface CategoryRef {
  readonly system: string;
  readonly key: string;
}

/** What one system tells of what is sold under a SKU, ready to be taken or compared. */
export interface Article {
  readonly system: string;
  readonly sku: Sku;
  readonly variant: VariantFact;
  /** Null: it told the variant before its product. */
  readonly product: ProductFact | null;
  readonly categories: readonly CategoryRef[];
  /** SKUs of all variants of its product, in order. */
  readonly siblings: readonly string[];
  readonly prices: readonly ArticlePrice[];
  readonly components: readonly { readonly sku: string; readonly quantity: number }[] | null;
  /** Newest word about any of it. */
  readonly toldAt: Date;
}

/** A price and the system that tells it: of an article that is completed from another system not the article's. */
export interface ArticlePrice {
  readonly system: string;
  readonly fact: PriceFact;
}

/** The system that serves a part now: one that was never read to its end does not serve yet. */
export function effectiveSystem({ complete, home }: Serving, { system }: Pick<ServedPart, 'system'>): string {
  return complete.includes(system) ? system : home;
}

/** Whether the catalogue can follow from what was told. Until then it follows its home system's changes as they come. */
export function isReady(serving: Serving): boolean {
  return serving.parts.every((part) => serving.complete.includes(effectiveSystem(serving, part)));
}

/** What a system lacks. Empty for one that is not known any more. */
export function lacksOf({ systems }: Pick<Serving, 'systems'>, system: string): readonly string[] {
  return systems.find(({ name }) => name === system)?.lacks ?? [];
}
