import type { Category, Media, PriceRule, Product, Sku, Variant, VariantOption } from './model.ts';

/** Columns of a product as the reads select them; `p` is product.product, `s` product.product_state. */
export const PRODUCT_COLUMNS = [
  'p.id',
  'p.handle',
  'p.title',
  'p.description',
  'p.brand',
  'p.media',
  'p.created_at',
  's.updated_at',
] as const;

export interface ProductRow {
  readonly id: string;
  readonly handle: string;
  readonly title: string;
  readonly description: string | null;
  readonly brand: string | null;
  readonly media: Media[];
  readonly created_at: Date;
  readonly updated_at: Date;
}

export function toProduct(row: ProductRow): Product {
  return {
    id: row.id,
    handle: row.handle,
    title: row.title,
    description: row.description,
    brand: row.brand,
    media: row.media,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Columns of a variant; `v` is product.variant, `p` its product. */
export const VARIANT_COLUMNS =
  'v.id, v.product_id, v.sku, v.gtin, v.title, v.options, not (v.hidden or p.hidden) as on_sale';

export interface VariantRow {
  readonly id: string;
  readonly product_id: string;
  readonly sku: string;
  readonly gtin: string | null;
  readonly title: string;
  readonly options: VariantOption[];
  readonly on_sale: boolean;
}

export function toVariant(row: VariantRow): Variant {
  return {
    id: row.id,
    productId: row.product_id,
    sku: row.sku as Sku,
    gtin: row.gtin,
    title: row.title,
    options: row.options,
    onSale: row.on_sale,
  };
}

export interface CategoryRow {
  readonly id: string;
  readonly name: string;
  readonly parent_id: string | null;
}

export function toCategory(row: CategoryRow): Category {
  return { id: row.id, name: row.name, parentId: row.parent_id };
}

export interface PriceRow {
  readonly source_key: string;
  readonly variant_id: string;
  readonly currency_code: string;
  readonly kind: PriceRule['kind'];
  readonly min_quantity: number;
  readonly valid_from: Date;
  readonly valid_to: Date | null;
  /** int8 comes as text. */
  readonly amount_minor: string;
  readonly tax_included: boolean;
}

export function toPriceRule(row: PriceRow): PriceRule {
  return {
    key: row.source_key,
    kind: row.kind,
    minQuantity: row.min_quantity,
    validFrom: row.valid_from,
    validTo: row.valid_to,
    amountMinor: BigInt(row.amount_minor),
    taxIncluded: row.tax_included,
  };
}
