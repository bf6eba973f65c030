import type { Knex } from 'knex';
import { change } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { CommerceError } from '../../platform/errors.ts';
import { type Connection, type Page, type PageArgs, toConnection } from '../../platform/graphql/connection.ts';
import { categoryTree, type ListingChannel, type ProductFilter, productsOf, type Wanted } from './matching.ts';
import { foldText, type Product, searchWords } from './model.ts';
import { PRODUCT_COLUMNS, type ProductRow, toProduct } from './rows.ts';
import {
  cursorKey,
  type KeyPart,
  type Place,
  type ProductSort,
  readSortedPage,
  type Stretch,
  stretchesOf,
} from './sorting.ts';
import { isStorable } from './storable.ts';

export interface ListingArgs extends PageArgs {
  search?: string | null;
  filter?: ProductFilter | null;
  sortBy?: ProductSort | null;
}

type Row = ProductRow & { readonly sort_key: KeyPart[]; readonly stretch: number };

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
  const filter = args.filter ?? {};
  const words = readSearch(args.search);
  const sort = readSort(args, words !== null);
  const stretches = stretchesOf(sort, words !== null);
  const page = readSortedPage(args, sort, stretches);
  const categoryIds = await categoryTree(knex, filter.categoryId);
  const impossible = words?.length === 0 || categoryIds?.length === 0 || !isPossibleBrand(filter.brand);
  const rows = impossible ? [] : await readPageRows(knex, stretches, page, { words, categoryIds, filter, channel });
  return toConnection(rows, page, { key: (row) => cursorKey(sort, row.stretch, row.sort_key), node: toProduct });
}

/** The words to look for. Null: no search. Empty: a search without a word, which nothing matches. */
function readSearch(search: string | null | undefined): string[] | null {
  if (search == null) return null;
  if (search.length > MAX_SEARCH_LENGTH) {
    throw new CommerceError('BAD_USER_INPUT', `\`search\` must have at most ${MAX_SEARCH_LENGTH} characters.`);
  }
  return foldText(search) === '' ? null : searchWords(search);
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

/** Reads the stretches in the page's direction until it is full: the page's size and one row more. */
async function readPageRows(
  knex: Knex,
  stretches: readonly Stretch[],
  page: Page<Place>,
  wanted: Wanted,
): Promise<Row[]> {
  const forward = page.direction === 'forward';
  const order = stretches.map((_, index) => (forward ? index : stretches.length - 1 - index));
  const start = page.cursor ? order.indexOf(page.cursor.stretch) : 0;
  const rows: Row[] = [];
  for (const index of order.slice(start)) {
    const missing = page.size + 1 - rows.length;
    const stretch = stretches[index];
    if (!stretch || missing === 0) break;
    const after = page.cursor?.stretch === index ? page.cursor.key : null;
    const read = (db: Knex) => readStretch(db, stretch, wanted, { after, forward, limit: missing });
    const found = stretch.of === 'ranked' ? await byIndexOnly(knex, read) : await read(knex);
    rows.push(...found.map((row) => ({ ...row, stretch: index })));
  }
  return rows;
}

/**
 * A search that is cut off must be cut off alike on every page: an index delivers its matches in one order, a
 * sequential scan begins wherever another one happens to be.
 */
function byIndexOnly<T>(knex: Knex, read: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  return inTransaction(knex, async (trx) => {
    await change(trx, 'set local enable_seqscan = off');
    return read(trx);
  });
}

/**
 * First the keys alone, so that the planner may sort many narrow rows rather than walk a long index; then the products of
 * the page.
 */
function readStretch(
  knex: Knex,
  stretch: Stretch,
  wanted: Wanted,
  part: { after: readonly KeyPart[] | null; forward: boolean; limit: number },
): Promise<Omit<Row, 'stretch'>[]> {
  const { columns, direction } = stretch;
  const way = (direction === 'asc') === part.forward ? 'asc' : 'desc';
  const names = columns.map((_, index) => `key_${index}`);
  const keys = productsOf(knex, stretch.of, wanted)
    .select(columns.map((column, index) => knex.raw(`${column.sql} as key_${index}`)))
    .orderByRaw(columns.map((column) => `${column.sql} ${way}`).join(', '))
    .limit(part.limit);
  if (part.after) {
    const values = columns.map((column) => `?::${column.type}`).join(', ');
    const expressions = columns.map((column) => column.sql).join(', ');
    keys.whereRaw(`(${expressions}) ${way === 'asc' ? '>' : '<'} (${values})`, part.after);
  }
  return knex
    .from(keys.as('k'))
    .join('product.product as p', 'p.id', `k.${names.at(-1)}`)
    .join('product.product_state as s', 's.product_id', 'p.id')
    .select(...PRODUCT_COLUMNS, knex.raw(`jsonb_build_array(${names.join(', ')}) as sort_key`))
    .orderByRaw(names.map((name) => `${name} ${way}`).join(', '));
}
