import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { foldText } from './model.ts';
import type { Stretch } from './sorting.ts';
import { isStorable } from './storable.ts';

export interface ProductFilter {
  categoryId?: string | null;
  brand?: string | null;
  availableOnly?: boolean | null;
  /** RFC 3339. */
  updatedSince?: string | null;
}

/** What the caller's channel adds to a listing. */
export interface ListingChannel {
  /** Order of price sorts. Null: the caller has no prices. */
  readonly priceList: string | null;
  readonly currencyCode: string | null;
  /** Units of every SKU withheld from the channel. */
  readonly safetyStock: number;
}

/** Which products a listing is about. */
export interface Wanted {
  /** Null: no search. */
  readonly words: string[] | null;
  /** Null: any category. */
  readonly categoryIds: string[] | null;
  readonly filter: ProductFilter;
  readonly channel: ListingChannel;
}

/** A search ranks at most so many matches: it answers in time even for a word that is everywhere. */
export const MOST_RANKED = 10_000;

/** The products of a stretch; see {@link Stretch} for the names of its relations. */
export function productsOf(knex: Knex, stretch: Stretch['of'], wanted: Wanted): Knex.QueryBuilder {
  const { priceList, currencyCode } = wanted.channel;
  const list = 'l.product_id = p.id and l.price_list = ? and l.currency_code = ?';
  switch (stretch) {
    case 'all':
      return searched(filtered(knex, wanted), wanted);
    case 'updated':
      return searched(filtered(knex, wanted, true), wanted);
    case 'priced':
      return searched(filtered(knex, wanted), wanted)
        .join('product.listed_price as l', (on) => on.on('l.product_id', 'p.id'))
        .whereRaw(list, [priceList, currencyCode]);
    case 'unpriced':
      return searched(filtered(knex, wanted), wanted).whereNotExists(
        knex.from('product.listed_price as l').whereRaw(list, [priceList, currencyCode]),
      );
    case 'ranked':
      return ranked(knex, wanted);
  }
}

function filtered(knex: Knex, { categoryIds, filter, channel }: Wanted, withState = false): Knex.QueryBuilder {
  const products = knex.from('product.product as p').whereRaw('not p.hidden');
  if (withState || filter.availableOnly || filter.updatedSince != null) {
    products.join('product.product_state as s', 's.product_id', 'p.id');
  }
  if (categoryIds) {
    products.whereRaw(
      'p.id in (select pc.product_id from product.product_category as pc where pc.category_id = any(?::text[]))',
      [categoryIds],
    );
  }
  if (filter.brand != null) products.where('p.brand_key', foldText(filter.brand));
  if (filter.availableOnly) products.where('s.available', '>', channel.safetyStock);
  if (filter.updatedSince != null) products.where('s.updated_at', '>=', new Date(filter.updatedSince));
  return products;
}

const ANYWHERE = 'p.search @@ product.search_query(?::text[], true)';
const BEGINNING = 'p.title_search @@ product.search_query(?::text[], true)';
const WHOLE = 'p.title_search @@ product.search_query(?::text[], false)';

function searched(products: Knex.QueryBuilder, { words }: Wanted): Knex.QueryBuilder {
  return words ? products.whereRaw(ANYWHERE, [words]) : products;
}

/**
 * The matches of a search in three tiers, the best first so that the limit cuts the worst: 1 every word is a whole word
 * of titles and codes, 2 the beginning of one, 3 is somewhere else.
 */
function ranked(knex: Knex, wanted: Wanted): Knex.QueryBuilder {
  const words = wanted.words ?? [];
  const tier = (number: number) =>
    filtered(knex, wanted).select('p.id', 'p.title_key', knex.raw('?::int as tier', [number]));
  return knex.from(
    knex.raw('(? union all ? union all ? limit ?) as r', [
      tier(1).whereRaw(WHOLE, [words]),
      tier(2).whereRaw(`${BEGINNING} and not ${WHOLE}`, [words, words]),
      tier(3).whereRaw(`${ANYWHERE} and not ${BEGINNING}`, [words, words]),
      MOST_RANKED,
    ]),
  );
}

/**
 * The category and all below it. Null: no filter. Asked for on its own, so that the planner knows how many products the
 * categories have when it chooses between walking the list and sorting the categories' products.
 */
export async function categoryTree(knex: Knex, categoryId: string | null | undefined): Promise<string[] | null> {
  if (categoryId == null) return null;
  if (!isStorable(categoryId)) return [];
  const rows = await query<{ id: string }>(
    knex,
    `with recursive tree as (
       select id from product.category where id = ? and not hidden
       union
       select child.id from product.category as child join tree on child.parent_id = tree.id and not child.hidden
     )
     select id from tree`,
    [categoryId],
  );
  return rows.map((row) => row.id);
}
