import type { FactChannel } from '../../platform/channel-facts/channel.ts';
import type { RejectionReason } from './errors.ts';
import type { Media, PriceRule, Sku, VariantOption } from './model.ts';

/**
 * What the product domain needs from the systems of record that know goods and prices (ERP, PIM).
 *
 * The facts come as streams of changes, each with positions of its own. Facts of different streams, and of different
 * keys, may come in any order: a price before its variant, a variant before its product. A fact is complete and replaces
 * the earlier fact of the same kind and key.
 */
export interface ProductSource {
  /** Stable name of the system in lower case; positions are kept under it. */
  readonly name: string;
  /** Names of the streams, e.g. `prices`. Each is read on its own. */
  readonly streams: readonly string[];
  /**
   * Changes of one stream after a position, in order. Waits when there are none.
   *
   * @param after position of an earlier page; 0 reads from the start
   * @throws CommerceError SYSTEM_TIMEOUT | SYSTEM_UNAVAILABLE | SYSTEM_BAD_RESPONSE; nothing was read then
   */
  changesAfter(stream: string, after: number, options: ChangeOptions): Promise<ChangePage>;
}

export interface ChangeOptions {
  /** Most changes wanted, 1 to 1,000. The page may hold more entries than that: one change can tell several facts. */
  readonly limit: number;
  /** How long to wait for the first change. 0 answers at once. */
  readonly waitSeconds: number;
  readonly signal: AbortSignal;
}

export interface ChangePage {
  readonly entries: readonly ChangeEntry[];
  /** Where to read on. The position asked for when there was nothing. */
  readonly next: number;
}

/** A fact, or word of a record that this adapter cannot express as facts. */
export type ChangeEntry = CatalogueFact | RejectedRecord;

/** A record of the system that the domain cannot take. The fact that was known before stays. */
export interface RejectedRecord {
  readonly kind: 'rejected';
  /** What it would have been. */
  readonly record: FactKind;
  /** Key of the record in the system. */
  readonly key: string;
  readonly reason: RejectionReason;
}

/** What facts are about. A removal is about what it removes. */
export type FactKind = 'category' | 'product' | 'variant' | 'price' | 'bundle';

/** Keys are the system's own, stable and unique per kind; they never reach a client. */
export type CatalogueFact = CategoryFact | ProductFact | VariantFact | PriceFact | BundleFact | RemovalFact;

export interface CategoryFact {
  readonly kind: 'category';
  readonly key: string;
  readonly name: string;
  readonly parentKey: string | null;
}

export interface ProductFact {
  readonly kind: 'product';
  readonly key: string;
  readonly title: string;
  readonly description: string | null;
  readonly brand: string | null;
  readonly categoryKeys: readonly string[];
  readonly media: readonly Media[];
  /** When the system recorded this. The first one that arrives counts as the product's age. */
  readonly recordedAt: Date;
}

export interface VariantFact {
  readonly kind: 'variant';
  readonly key: string;
  readonly productKey: string;
  readonly sku: Sku;
  readonly gtin: string | null;
  readonly title: string;
  readonly options: readonly VariantOption[];
}

export interface PriceFact extends Omit<PriceRule, 'kind' | 'key'> {
  readonly kind: 'price';
  readonly key: string;
  readonly variantKey: string;
  readonly priceList: string;
  readonly currencyCode: string;
  readonly former: boolean;
  readonly taxBasisPoints: number;
}

/** A variant that is made of others when it is sold. Without this fact a variant is sold as it is. */
export interface BundleFact {
  readonly kind: 'bundle';
  /** Key of the variant. */
  readonly key: string;
  /** As the system has them: whether they make sense is judged by the domain. */
  readonly components: readonly { readonly variantKey: string; readonly quantity: number }[];
}

/** The system no longer has it. Unknown keys are legal. */
export interface RemovalFact {
  readonly kind: `${FactKind}Removed`;
  readonly key: string;
}

/** What a fact, or a record that became none, is about. */
export function recordOf(entry: ChangeEntry): FactKind {
  return entry.kind === 'rejected' ? entry.record : (entry.kind.replace('Removed', '') as FactKind);
}

/** What one unit of a channel's item costs there. A type, not an interface: it is kept and compared as JSON. */
export type ItemPrice = {
  /** Decimal with the currency's digits, above zero. As the channel's price list has it: with tax where that contains it. */
  readonly amount: string;
  /** ISO 4217. */
  readonly currencyCode: string;
};

/** A channel that keeps prices of its own. What it is told replaces what it knew; accepted is not applied: see {@link FactChannel}. */
export type ChannelPrices = FactChannel<ItemPrice>;
