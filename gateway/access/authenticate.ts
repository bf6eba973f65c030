import type { Knex } from '../../platform/db/database.ts';
import { CommerceError } from '../../platform/errors.ts';
import { LruCache } from '../planning/lru-cache.ts';
import { type ApiKey, findApiKey, hashOf } from './api-keys.ts';
import type { Authenticate, Credentials, Grant } from './grant.ts';

/** How long a look-up is believed, in milliseconds: a revoked key works no longer than this. */
const TRUST_MILLIS = 5_000;
/** Look-ups remembered, of unknown keys too: guessing must not become database load for each guess repeated. */
const MAX_REMEMBERED = 10_000;
/** Longer texts are not keys of ours; hashing a megabyte for everyone who sends one would be a gift. */
const MAX_KEY_LENGTH = 200;

export interface AuthenticateOptions {
  readonly knex: Knex;
  /** Refuses the well-known keys of a local installation, also when a database that has them is taken to production. */
  readonly production: boolean;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

/** Authentication by API key, in the header `x-api-key` or the field of that name in `connection_init`. */
export function createAuthenticate(options: AuthenticateOptions): Authenticate {
  const { knex, production, now = () => performance.now() } = options;
  const remembered = new LruCache<{ found: Promise<ApiKey | null>; until: number }>(MAX_REMEMBERED);

  const lookUp = (key: string): Promise<ApiKey | null> => {
    const hash = hashOf(key);
    const known = remembered.get(hash);
    if (known && known.until > now()) return known.found;
    const found = findApiKey(knex, key);
    const entry = { found, until: now() + TRUST_MILLIS };
    remembered.set(hash, entry);
    found.catch(() => {
      entry.until = 0; // the next request asks again: an outage is not a refusal
    });
    return found;
  };

  return async (credentials, traceId) => {
    const key = readKey(credentials);
    if (key === null) throw refused('An API key is missing. Send it in the header x-api-key.');
    const apiKey = key.length > MAX_KEY_LENGTH ? null : await lookUp(key);
    if (!apiKey || (production && apiKey.development)) throw refused('The API key is unknown or was revoked.');
    return toGrant(apiKey, traceId);
  };
}

function readKey(credentials: Credentials): string | null {
  // Header names arrive in lower case; the payload of `connection_init` as its client spelled it.
  const entry = Object.entries(credentials).find(([name]) => name.toLowerCase() === 'x-api-key');
  return typeof entry?.[1] === 'string' && entry[1] !== '' ? entry[1] : null;
}

function toGrant(key: ApiKey, traceId: string): Grant {
  const [contract = ''] = key.contracts;
  return {
    contracts: key.contracts,
    caller: {
      contract,
      clientId: key.clientId,
      channel: key.channel,
      customerId: key.customerId,
      scopes: [...key.scopes],
      traceId,
    },
  };
}

function refused(message: string): CommerceError {
  return new CommerceError('UNAUTHENTICATED', message);
}
