/**
 * Puts batch results back into key order, as DataLoader requires.
 * A key with no row becomes `null`: "unknown", which is not an error.
 */
export function inKeyOrder<K, V>(keys: readonly K[], found: ReadonlyMap<K, V>): (V | null)[] {
  return keys.map((key) => found.get(key) ?? null);
}

/** Groups rows by a key, keeping their order; the shape that one-to-many loaders need. */
export function groupBy<K, V>(rows: readonly V[], key: (row: V) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group) group.push(row);
    else groups.set(key(row), [row]);
  }
  return groups;
}

/** Cuts a list into pieces of at most `size`. */
export function chunk<V>(items: readonly V[], size: number): V[][] {
  const pieces: V[][] = [];
  for (let start = 0; start < items.length; start += size) pieces.push(items.slice(start, start + size));
  return pieces;
}
