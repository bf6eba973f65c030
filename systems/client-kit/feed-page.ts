import { z } from 'zod';

/** An entry of a feed that is not as the system documents it. */
export interface UnreadableEntry {
  /** Its number in the feed. */
  readonly number: number;
  /** As it came. May hold personal data. */
  readonly entry: unknown;
  /** What is wrong, without the value, e.g. `shape of scannedAt`. */
  readonly problem: string;
}

/**
 * The page of a feed, read entry by entry: one that nobody can read must not keep all later ones from us. An entry without
 * a number cannot be passed over, and makes the page SYSTEM_BAD_RESPONSE.
 *
 * @param list name of the list in the answer
 * @param numberField of an entry's number, which only grows
 * @returns a schema for the page, with `unreadable` beside the list
 */
export function feedPage<List extends string, Entry extends z.ZodType, Rest extends z.ZodRawShape>(
  list: List,
  entry: Entry,
  numberField: string,
  rest: Rest,
) {
  const numbered = z.looseObject({ [numberField]: z.int().min(1) });
  return z.object({ ...rest, [list]: z.array(numbered) }).transform((page) => {
    const entries: z.output<Entry>[] = [];
    const unreadable: UnreadableEntry[] = [];
    for (const raw of (page as Record<string, unknown>)[list] as Record<string, unknown>[]) {
      const parsed = entry.safeParse(raw);
      if (parsed.success) entries.push(parsed.data);
      else
        unreadable.push({
          number: Number(raw[numberField]),
          entry: raw,
          problem: `shape of ${parsed.error.issues[0]?.path.join('.') || 'the entry'}`,
        });
    }
    return { ...page, [list]: entries, unreadable } as unknown as z.output<z.ZodObject<Rest>> & {
      [Name in List]: z.output<Entry>[];
    } & { unreadable: UnreadableEntry[] };
  });
}

/** The page in the order of the numbers, each entry once: a feed may repeat and reorder. `next` is behind all of them. */
export function pageOf<Entry extends { readonly position: number }>(
  after: number,
  entries: readonly Entry[],
  unreadable: readonly UnreadableEntry[],
) {
  const byNumber = new Map(entries.map((entry) => [entry.position, entry]));
  const aside = new Map(unreadable.map(({ number, ...entry }) => [number, { ...entry, position: number }]));
  const inOrder = <One extends { readonly position: number }>(all: Iterable<One>) =>
    [...all].sort((a, b) => a.position - b.position);
  return {
    entries: inOrder(byNumber.values()),
    unreadable: inOrder(aside.values()),
    next: Math.max(after, ...byNumber.keys(), ...aside.keys()),
  };
}
