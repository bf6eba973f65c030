import type { Cache } from '../port.ts';

interface Kept {
  readonly value: string;
  /** Milliseconds, of `now`. */
  readonly until: number;
  readonly bytes: number;
}

/** What an entry takes beside its texts: places in the map, the object, the heads of the strings. */
const ENTRY_BYTES = 200;
/** A character takes one byte or two, depending on what is in the text. */
const CHARACTER_BYTES = 2;

/**
 * Keeps the most recently used texts in the memory of this process.
 * @param maxBytes of all that is kept; more is never kept, an entry that is larger alone is not
 * @param now milliseconds, from any origin, never going back
 */
export function memoryCache(maxBytes: number, now: () => number = () => performance.now()): Cache {
  // A Map iterates in insertion order: re-inserting on use keeps the least recently used first.
  const entries = new Map<string, Kept>();
  let bytes = 0;

  const remove = (key: string): void => {
    const known = entries.get(key);
    if (!known) return;
    entries.delete(key);
    bytes -= known.bytes;
  };

  return {
    async get(keys) {
      const at = now();
      return keys.map((key) => {
        const known = entries.get(key);
        if (!known) return null;
        if (known.until <= at) {
          remove(key);
          return null;
        }
        entries.delete(key);
        entries.set(key, known);
        return known.value;
      });
    },
    async set(fresh) {
      const at = now();
      for (const { key, value, millis } of fresh) {
        remove(key);
        const size = ENTRY_BYTES + CHARACTER_BYTES * (key.length + value.length);
        if (size > maxBytes) continue;
        entries.set(key, { value, until: at + millis, bytes: size });
        bytes += size;
        for (const oldest of entries.keys()) {
          if (bytes <= maxBytes) break;
          remove(oldest);
        }
      }
    },
    clockSkewMillis: 0,
    describe: () => 'in this process',
  };
}
