import { CommerceError } from '../../platform/errors.ts';
import { type Page, type PageArgs, readPage } from '../../platform/graphql/connection.ts';
import { isStorable } from './storable.ts';

/** As in the schema, word for word. */
export type ProductSort = 'TITLE_ASC' | 'PRICE_ASC' | 'PRICE_DESC' | 'NEWEST' | 'RELEVANCE' | 'UPDATED_ASC';

export type KeyPart = string | number | null;

/** One column of a sort key: an SQL expression over the relations of its stretch, and its type. */
interface SortColumn {
  readonly sql: string;
  readonly type: 'text' | 'bigint' | 'timestamptz';
}

/**
 * A stretch of a list that can be read in one order. Most lists are one stretch; a list by price is two, with the
 * products that have no price behind the others.
 */
export interface Stretch {
  /**
   * Which products, and what the columns may name besides p (product.product):
   * - all: every product that matches
   * - updated: the same, with s (product.product_state)
   * - priced: those with a price, with l (product.listed_price)
   * - unpriced: those without
   * - ranked: the matches of a search, as r (id, title_key, tier)
   */
  readonly of: 'all' | 'updated' | 'priced' | 'unpriced' | 'ranked';
  /** They decide the order alone: the last is unique. */
  readonly columns: readonly SortColumn[];
  readonly direction: 'asc' | 'desc';
}

const text = (sql: string): SortColumn => ({ sql, type: 'text' });
const BY_TITLE = [text('p.title_key'), text('p.id')];
const RANKED_BY_TITLE = [text('r.title_key'), text('r.id')];
const BY_AGE = [{ sql: 'p.created_at', type: 'timestamptz' }, text('p.id')] as const;
const BY_UPDATE = [{ sql: 's.updated_at', type: 'timestamptz' }, text('s.product_id')] as const;
const BY_PRICE = [{ sql: 'l.amount_minor', type: 'bigint' }, text('l.product_id')] as const;
const BY_TIER = [{ sql: 'r.tier', type: 'bigint' }, ...RANKED_BY_TITLE] as const;

/** The stretches of a list in the order they are read forward. */
export function stretchesOf(sort: ProductSort, searching: boolean): readonly Stretch[] {
  switch (sort) {
    case 'TITLE_ASC':
      // Walking the titles until enough of them match would take for ever where matches stand together, as in "White …".
      return searching
        ? [{ of: 'ranked', columns: RANKED_BY_TITLE, direction: 'asc' }]
        : [{ of: 'all', columns: BY_TITLE, direction: 'asc' }];
    case 'NEWEST':
      return [{ of: 'all', columns: BY_AGE, direction: 'desc' }];
    case 'UPDATED_ASC':
      return [{ of: 'updated', columns: BY_UPDATE, direction: 'asc' }];
    case 'RELEVANCE':
      return [{ of: 'ranked', columns: BY_TIER, direction: 'asc' }];
    case 'PRICE_ASC':
    case 'PRICE_DESC':
      return [
        { of: 'priced', columns: BY_PRICE, direction: sort === 'PRICE_ASC' ? 'asc' : 'desc' },
        { of: 'unpriced', columns: BY_TITLE, direction: 'asc' },
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

/** What a cursor holds: the place of a row, given the values of its stretch's columns. */
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
