import { CommerceError } from '../../platform/errors.ts';
import type { PublishedKey } from './wire.ts';

export interface Keyring {
  /** @throws CommerceError SYSTEM_UNAVAILABLE while keys are read for one that is not known; UNAUTHENTICATED when there is none */
  keyOf(kid: string): PublishedKey;
  /** Reads the published keys now. */
  refresh(): Promise<void>;
}

/** Keys are read anew for an unknown name no more often: anybody may send one. */
const REFRESH_MILLIS = 60_000;

/**
 * The published keys of signatures. ShipEngine changes them; a webhook under a key that is not known is answered so that it comes again,
 * while they are read.
 * @param now milliseconds since 1970; tests pass their own
 */
export function createKeyring(read: () => Promise<readonly PublishedKey[]>, now: () => number = Date.now): Keyring {
  let keys = new Map<string, PublishedKey>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;
  function refresh(): Promise<void> {
    reading ??= read()
      .then((found) => {
        keys = new Map(found.map((key) => [key.kid, key]));
        readAt = now();
      })
      .finally(() => {
        reading = null;
      });
    return reading;
  }
  return {
    refresh,
    keyOf(kid) {
      const key = keys.get(kid);
      if (key) return key;
      if (now() - readAt < REFRESH_MILLIS)
        throw new CommerceError('UNAUTHENTICATED', 'Not a webhook of ShipEngine: nobody has the key of its signature.');
      refresh().catch(() => undefined); // the next webhook asks again
      throw new CommerceError('SYSTEM_UNAVAILABLE', 'The keys of ShipEngine are being read', { system: 'SHIPENGINE' });
    },
  };
}
