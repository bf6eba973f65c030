import { CommerceError } from '../errors.ts';

/** Largest page any connection serves. */
export const MAX_PAGE = 100;

export interface PageArgs {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
}

/** What a page request means: how many, from which cursor, in which direction. */
export interface Page<Key> {
  readonly size: number;
  readonly direction: 'forward' | 'backward';
  /** Rows strictly beyond this key, in the direction; null starts at the end. */
  readonly cursor: Key | null;
}

export interface Connection<Node> {
  edges: { cursor: string; node: Node }[];
  nodes: Node[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}

/** Opaque cursor of a sort key: clients must not look inside. */
export function encodeCursor(key: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** @throws CommerceError BAD_USER_INPUT when the text is not a cursor with as many parts */
export function decodeCursor(cursor: string, parts: number): (string | number | null)[] {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (
      Array.isArray(key) &&
      key.length === parts &&
      key.every((part) => part === null || ['string', 'number'].includes(typeof part))
    )
      return key;
  } catch {
    // falls through to the refusal: the text came from outside
  }
  throw badCursor();
}

/** Largest time key: microseconds of the year 9999. A cursor from outside may hold anything. */
const MAX_TIME_KEY = 253_402_300_799_999_999n;

/**
 * Reads the part of a cursor that is a time in whole microseconds since 1970, as SQL takes it.
 * @throws CommerceError BAD_USER_INPUT when it is not one
 */
export function timeKey(part: string | number | null | undefined): string {
  if (typeof part === 'string' && /^\d{1,18}$/.test(part) && BigInt(part) <= MAX_TIME_KEY) return part;
  throw badCursor();
}

function badCursor(): CommerceError {
  return new CommerceError(
    'BAD_USER_INPUT',
    'The cursor is not one of this list. Use pageInfo.endCursor or pageInfo.startCursor of an earlier page.',
  );
}

/**
 * Checks paging arguments and reads the cursor.
 * @param parts length of the sort key inside the cursor
 * @throws CommerceError BAD_USER_INPUT for a size outside 1..100, or both directions at once
 */
export function readPage(args: PageArgs, parts: number, defaultSize = 20): Page<(string | number | null)[]> {
  if (args.first != null && args.last != null)
    throw new CommerceError('BAD_USER_INPUT', 'Give `first` or `last`, not both.');
  const backward = args.last != null || (args.before != null && args.first == null);
  const size = (backward ? args.last : args.first) ?? defaultSize;
  if (size < 1 || size > MAX_PAGE) {
    throw new CommerceError('BAD_USER_INPUT', `\`${backward ? 'last' : 'first'}\` must be between 1 and ${MAX_PAGE}.`);
  }
  const cursor = backward ? args.before : args.after;
  return {
    size,
    direction: backward ? 'backward' : 'forward',
    cursor: cursor == null ? null : decodeCursor(cursor, parts),
  };
}

/**
 * Builds a connection from rows read in the page's direction, one row more than the page's size.
 * @param rows at most `page.size + 1` rows, nearest to the cursor first
 */
export function toConnection<Row, Node>(
  rows: readonly Row[],
  page: Page<unknown>,
  options: { key: (row: Row) => readonly (string | number | null)[]; node: (row: Row) => Node },
): Connection<Node> {
  const more = rows.length > page.size;
  const kept = rows.slice(0, page.size);
  if (page.direction === 'backward') kept.reverse();
  const edges = kept.map((row) => ({ cursor: encodeCursor(options.key(row)), node: options.node(row) }));
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: {
      hasNextPage: page.direction === 'forward' ? more : page.cursor !== null,
      hasPreviousPage: page.direction === 'backward' ? more : page.cursor !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

/** A connection over a list that is already complete in memory, such as the lines of one order. */
export function connectionOf<Node extends { id: string }>(
  items: readonly Node[],
  args: PageArgs,
  defaultSize = MAX_PAGE,
): Connection<Node> {
  const page = readPage(args, 1, defaultSize);
  const ordered = page.direction === 'forward' ? items : [...items].reverse();
  const start = page.cursor === null ? 0 : ordered.findIndex((item) => item.id === page.cursor?.[0]) + 1;
  return toConnection(ordered.slice(start, start + page.size + 1), page, {
    key: (item) => [item.id],
    node: (item) => item,
  });
}
