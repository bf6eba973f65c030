import { LruCache } from '../planning/lru-cache.ts';

/** How long a look-up is believed, in milliseconds. Open streams look once a second: a revoked key is out within 5 s. */
const TRUST_MILLIS = 4_000;
/** Look-ups remembered, of what is not there too: guessing must not become database load for each guess repeated. */
const MAX_REMEMBERED = 10_000;

/**
 * Remembers look-ups for a few seconds, those under way included.
 * @param now milliseconds, from any origin
 */
export function recent<Value>(lookUp: (key: string) => Promise<Value>, now: () => number): typeof lookUp {
  const remembered = new LruCache<{ found: Promise<Value>; until: number }>(MAX_REMEMBERED);
  return (key) => {
    const known = remembered.get(key);
    if (known && known.until > now()) return known.found;
    const found = lookUp(key);
    const entry = { found, until: now() + TRUST_MILLIS };
    remembered.set(key, entry);
    found.catch(() => {
      entry.until = 0; // the next request asks again: an outage is not a refusal
    });
    return found;
  };
}
