import { CommerceError } from '../../platform/errors.ts';
import { type Page, type PageArgs, readPage } from '../../platform/graphql/connection.ts';
import { isStorable } from './storable.ts';

/** As in the schema, word for word. */
export type ProductSort = 'TITLE_ASC' | 'PRICE_ASC' | 'PRICE_DESC' | 'NEWEST' | 'RELEVANCE' | 'UPDATED_ASC';

type KeyPart = string | number | null;

/** One column of a sort key: an SQL expression over p, s and l (product, product_state, listed_price), and its type. */
interface SortColumn {
  readonly sql: string;
  readonly bindings?: readonly string[][];
  readonly type: 'text' | 'bigint' | 'timestamptz';
}

/**
 * A stretch of a list that one index can deliver. Most lists are one stretch; a list by price is two, with the products
 * that have no price behind the others. The columns decide the order alone: the last is unique.
 */
export interface Stretch {
  readonly columns: readonly SortColumn[];
  readonly direction: 'asc' | 'desc';
  /** Which products are in this stretch, by their row in product.listed_price. */
  readonly priced?: boolean;
}

const TITLE: readonly SortColumn[] = [
  { sql: 'p.title_key', type: 'text' },
  { sql: 'p.id', type: 'text' },
];
const AGE: readonly SortColumn[] = [
  { sql: 'p.created_at', type: 'timestamptz' },
  { sql: 'p.id', type: 'text' },
];
const UPDATE: readonly SortColumn[] = [
  { sql: 's.updated_at', type: 'timestamptz' },
  { sql: 's.product_id', type: 'text' },
];
const PRICE: readonly SortColumn[] = [
  { sql: 'l.amount_minor', type: 'bigint' },
  { sql: 'l.product_id', type: 'text' },
];
/** Tier 1: every word is a whole word of title or codes. Tier 2: the beginning of one. Tier 3: somewhere else. */
const TIER = `case
  when p.search @@ product.search_query(?::text[], false, 'AB') then 1
  when p.search @@ product.search_query(?::text[], true, 'AB') then 2
  else 3 end`;

/** The stretches of a list in the order they are read forward. */
export function stretchesOf(sort: ProductSort, words: string[]): readonly Stretch[] {
  switch (sort) {
    case 'TITLE_ASC':
      return [{ columns: TITLE, direction: 'asc' }];
    case 'NEWEST':
      return [{ columns: AGE, direction: 'desc' }];
    case 'UPDATED_ASC':
      return [{ columns: UPDATE, direction: 'asc' }];
    case 'RELEVANCE':
      return [{ columns: [{ sql: TIER, bindings: [words, words], type: 'bigint' }, ...TITLE], direction: 'asc' }];
    case 'PRICE_ASC':
    case 'PRICE_DESC':
      return [
        { columns: PRICE, direction: sort === 'PRICE_ASC' ? 'asc' : 'desc', priced: true },
        { columns: TITLE, direction: 'asc', priced: false },
      ];
  }
}

/** A place in a list: the stretch, and the key of a row in it. */
export interface Place {
  readonly stretch: number;
  readonly key: readonly KeyPart[];
}

/** Cursors of all lists have one length: `<sort>/<stretch>`, then the key, filled up with null. */
const MOST_COLUMNS = 3;

/** The cursor of a row, given the values of its stretch's columns. */
export function cursorKey(sort: ProductSort, stretch: number, values: readonly KeyPart[]): KeyPart[] {
  const filling = Array.from({ length: MOST_COLUMNS - values.length }, () => null);
  return [`${sort}/${stretch}`, ...values, ...filling];
}

/**
 * Checks the paging arguments and reads the cursor as a place of this list.
 * @throws CommerceError BAD_USER_INPUT for a size outside 1..100, or a cursor of another list
 */
export function readSortedPage(args: PageArgs, sort: ProductSort, stretches: readonly Stretch[]): Page<Place> {
  const page = readPage(args, 1 + MOST_COLUMNS);
  return { ...page, cursor: page.cursor && toPlace(page.cursor, sort, stretches) };
}

function toPlace(cursor: readonly KeyPart[], sort: ProductSort, stretches: readonly Stretch[]): Place {
  const [tag, ...values] = cursor;
  const stretch = stretches.findIndex((_, index) => tag === `${sort}/${index}`);
  const columns = stretches[stretch]?.columns ?? [];
  const key = values.slice(0, columns.length);
  if (columns.length > 0 && columns.every(({ type }, index) => fits(key[index] ?? null, type))) return { stretch, key };
  throw new CommerceError(
    'BAD_USER_INPUT',
    `The cursor is not one of a list sorted by ${sort}. Use a cursor of an earlier page of the same list.`,
  );
}

/** A cursor comes from outside: a value that PostgreSQL would refuse must not reach it. */
function fits(value: KeyPart, type: SortColumn['type']): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string' && isStorable(value);
    case 'bigint':
      return Number.isSafeInteger(value);
    case 'timestamptz':
      return typeof value === 'string' && /^\d{4}-/.test(value) && !Number.isNaN(Date.parse(value));
  }
}
