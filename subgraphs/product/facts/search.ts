import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { searchWords, type VariantOption } from '../model.ts';

interface SearchableProduct {
  readonly id: string;
  readonly title: string;
  readonly brand: string | null;
  readonly description: string | null;
  readonly variants: readonly {
    readonly sku: string;
    readonly gtin: string | null;
    readonly title: string;
    readonly options: readonly VariantOption[];
  }[];
}

/** Writes anew by which words products are found. The words are cut here, by the rule that also cuts the searches. */
export async function indexProducts(trx: Knex.Transaction, productIds: readonly string[]): Promise<void> {
  if (productIds.length === 0) return;
  const products = await query<SearchableProduct>(
    trx,
    `select product.id, product.title, product.brand, product.description,
       coalesce((
         select jsonb_agg(jsonb_build_object('sku', sku, 'gtin', gtin, 'title', variant.title, 'options', options))
         from product.variant where variant.product_id = product.id and not variant.hidden
       ), '[]') as variants
     from product.product where product.id = any(?::text[])`,
    [productIds],
  );
  await change(
    trx,
    `update product.product
     set title_search = product.search_document(given.titles),
       search = product.search_document(given.titles || ' ' || given.rest)
     from unnest(?::text[], ?::text[], ?::text[]) as given (id, titles, rest)
     where product.id = given.id`,
    [
      products.map(({ id }) => id),
      products.map(({ title, variants }) =>
        words(title, ...variants.flatMap((variant) => [variant.title, variant.sku, variant.gtin])),
      ),
      products.map(({ brand, description, variants }) => words(brand, description, ...optionTexts(variants))),
    ],
  );
}

function words(...texts: readonly (string | null)[]): string {
  return searchWords(texts.join(' ')).join(' ');
}

function optionTexts(variants: SearchableProduct['variants']): string[] {
  return variants.flatMap((variant) => variant.options.map((option) => option.value));
}
