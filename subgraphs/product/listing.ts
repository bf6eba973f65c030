import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { CommerceError } from '../../platform/errors.ts';
import { type Connection, type Page, type PageArgs, toConnection } from '../../platform/graphql/connection.ts';
import { foldText, type Product, searchWords } from './model.ts';
import { PRODUCT_COLUMNS, type ProductRow, toProduct } from './rows.ts';
import { cursorKey, type Place, type ProductSort, readSortedPage, type Stretch, stretchesOf } from './sorting.ts';
import { isStorable } from './storable.ts';

export interface ListingArgs extends PageArgs {
  search?: string | null;
  filter?: ProductFilter | null;
  sortBy?: ProductSort | null;
}

interface ProductFilter {
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

type Row = ProductRow & { readonly sort_key: (string | number | null)[]; readonly stretch: number };

const MAX_SEARCH_LENGTH = 200;

/**
 * One page of products on sale, by keyset: a page far from the start costs what the first costs. One statement, a second
 * for the categories of a filter, and one more where a list by price passes on to products without a price.
 *
 * @throws CommerceError BAD_USER_INPUT for a page size outside 1..100, a cursor of another list, a search that is too
 *   long, or RELEVANCE without a search
 */
export async function listProducts(
  knex: Knex,
  args: ListingArgs,
  channel: ListingChannel,
): Promise<Connection<Product>> {
  const words = readSearch(args.search);
  const sort = readSort(args, words !== null);
  const stretches = stretchesOf(sort, words ?? []);
  const page = readSortedPage(args, sort, stretches);
  const categoryIds = await categoryTree(knex, args.filter?.categoryId);
  const impossible = words?.length === 0 || categoryIds?.length === 0 || !isPossibleBrand(args.filter?.brand);
  const matching = () => matchingProducts(knex, { words, categoryIds, filter: args.filter ?? {}, channel });
  const rows = impossible ? [] : await readStretches(knex, stretches, page, matching, channel);
  return toConnection(rows, page, {
    key: (row) => cursorKey(sort, row.stretch, row.sort_key),
    node: toProduct,
  });
}

/** The words to look for. Null: no search. Empty: a search without a word, which nothing matches. */
function readSearch(search: string | null | undefined): string[] | null {
  if (search == null || foldText(search) === '') return null;
  if (search.length > MAX_SEARCH_LENGTH) {
    throw new CommerceError('BAD_USER_INPUT', `\`search\` must have at most ${MAX_SEARCH_LENGTH} characters.`);
  }
  return searchWords(search);
}

function readSort(args: ListingArgs, searching: boolean): ProductSort {
  if (args.sortBy === 'RELEVANCE' && !searching) {
    throw new CommerceError('BAD_USER_INPUT', '`sortBy: RELEVANCE` needs a `search`.');
  }
  if (args.sortBy) return args.sortBy;
  if (searching) return 'RELEVANCE';
  return args.filter?.updatedSince == null ? 'TITLE_ASC' : 'UPDATED_ASC';
}

function isPossibleBrand(brand: string | null | undefined): boolean {
  return brand == null || isStorable(foldText(brand));
}

/**
 * The category and all below it. Null: no filter. Asked for on its own, so that the planner knows how many products the
 * categories have when it chooses between walking the list and sorting the categories' products.
 */
async function categoryTree(knex: Knex, categoryId: string | null | undefined): Promise<string[] | null> {
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

function matchingProducts(
  knex: Knex,
  wanted: {
    words: string[] | null;
    categoryIds: string[] | null;
    filter: ProductFilter;
    channel: ListingChannel;
  },
): Knex.QueryBuilder {
  const query = knex
    .from('product.product as p')
    .join('product.product_state as s', 's.product_id', 'p.id')
    .whereRaw('not p.hidden');
  const { words, categoryIds, filter, channel } = wanted;
  if (words) query.whereRaw("p.search @@ product.search_query(?::text[], true, '')", [words]);
  if (categoryIds) {
    query.whereRaw(
      'p.id in (select pc.product_id from product.product_category as pc where pc.category_id = any(?::text[]))',
      [categoryIds],
    );
  }
  if (filter.brand != null) query.where('p.brand_key', foldText(filter.brand));
  if (filter.availableOnly) query.where('s.available', '>', channel.safetyStock);
  if (filter.updatedSince != null) query.where('s.updated_at', '>=', new Date(filter.updatedSince));
  return query;
}

async function readStretches(
  knex: Knex,
  stretches: readonly Stretch[],
  page: Page<Place>,
  matching: () => Knex.QueryBuilder,
  channel: ListingChannel,
): Promise<Row[]> {
  const forward = page.direction === 'forward';
  const order = stretches.map((_, index) => (forward ? index : stretches.length - 1 - index));
  const start = page.cursor ? order.indexOf(page.cursor.stretch) : 0;
  const rows: Row[] = [];
  for (const index of order.slice(start)) {
    const missing = page.size + 1 - rows.length;
    const stretch = stretches[index];
    if (!stretch || missing === 0) break;
    const key = page.cursor?.stretch === index ? page.cursor.key : null;
    const query = withListedPrice(knex, matching(), stretch, channel);
    rows.push(...(await readStretch(knex, query, { stretch, index, key, forward, limit: missing })));
  }
  return rows;
}

function withListedPrice(
  knex: Knex,
  query: Knex.QueryBuilder,
  stretch: Stretch,
  channel: ListingChannel,
): Knex.QueryBuilder {
  if (stretch.priced === undefined) return query;
  const list = [channel.priceList, channel.currencyCode];
  if (stretch.priced) {
    return query
      .join('product.listed_price as l', 'l.product_id', 'p.id')
      .whereRaw('l.price_list = ? and l.currency_code = ?', list);
  }
  return query.whereNotExists(
    knex
      .from('product.listed_price as l')
      .whereRaw('l.product_id = p.id and l.price_list = ? and l.currency_code = ?', list),
  );
}

async function readStretch(
  knex: Knex,
  query: Knex.QueryBuilder,
  part: {
    stretch: Stretch;
    index: number;
    key: readonly (string | number | null)[] | null;
    forward: boolean;
    limit: number;
  },
): Promise<Row[]> {
  const { columns, direction } = part.stretch;
  const ascending = (direction === 'asc') === part.forward;
  const expressions = columns.map((column) => column.sql).join(', ');
  const bindings = columns.flatMap((column) => column.bindings ?? []);
  if (part.key) {
    const values = columns.map((column) => `?::${column.type}`).join(', ');
    query.whereRaw(`(${expressions}) ${ascending ? '>' : '<'} (${values})`, [...bindings, ...part.key]);
  }
  query
    .select(
      ...PRODUCT_COLUMNS,
      knex.raw(`jsonb_build_array(${expressions}) as sort_key`, bindings),
      knex.raw('? as stretch', [part.index]),
    )
    .orderByRaw(columns.map((column) => `${column.sql} ${ascending ? 'asc' : 'desc'}`).join(', '), bindings)
    .limit(part.limit);
  return query;
}
