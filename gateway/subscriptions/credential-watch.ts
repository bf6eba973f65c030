import type { Caller } from '../../platform/caller.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { canonicalJson } from '../../platform/idempotency/canonical-json.ts';
import { type Authenticate, type Credentials, callerOn } from '../access/grant.ts';

/**
 * Time between two looks at a credential that holds streams open, in milliseconds. Added to the time that `authenticate`
 * believes an earlier look-up, it is how long a stream may outlive its credential.
 */
const RECHECK_MILLIS = 1_000;

interface Watched {
  readonly timer: NodeJS.Timeout;
  /** True while a look is under way: a slow database must not gather looks. */
  looking: boolean;
  readonly listeners: Set<() => void>;
}

/**
 * Looks again and again whether the credentials behind open streams are still good: a request is authenticated once,
 * but a stream may outlive its key or token. One look per credential, however many streams it holds.
 */
export class CredentialWatch {
  readonly #authenticate: Authenticate;
  readonly #recheckMillis: number;
  readonly #watched = new Map<string, Watched>();

  constructor(authenticate: Authenticate, recheckMillis = RECHECK_MILLIS) {
    this.#authenticate = authenticate;
    this.#recheckMillis = recheckMillis;
  }

  /**
   * @param caller what the credential granted when the stream was opened
   * @param onInvalid called once when the credential is revoked, expired, or no longer grants that
   * @returns stops watching
   */
  watch(credentials: Credentials, caller: Caller, onInvalid: () => void): () => void {
    const key = canonicalJson([credentials['x-api-key'] ?? null, credentials.authorization ?? null, rightsOf(caller)]);
    const watched = this.#watched.get(key) ?? this.#begin(key, credentials, caller);
    watched.listeners.add(onInvalid);
    return () => {
      watched.listeners.delete(onInvalid);
      if (watched.listeners.size === 0) this.#end(key, watched);
    };
  }

  #begin(key: string, credentials: Credentials, caller: Caller): Watched {
    const timer = setInterval(() => void this.#look(key, credentials, caller), this.#recheckMillis);
    timer.unref();
    const watched = { timer, looking: false, listeners: new Set<() => void>() };
    this.#watched.set(key, watched);
    return watched;
  }

  #end(key: string, watched: Watched): void {
    clearInterval(watched.timer);
    if (this.#watched.get(key) === watched) this.#watched.delete(key);
  }

  async #look(key: string, credentials: Credentials, caller: Caller): Promise<void> {
    const watched = this.#watched.get(key);
    if (!watched || watched.looking) return;
    watched.looking = true;
    const isGood = await this.#isStillGood(credentials, caller);
    watched.looking = false;
    if (isGood) return;
    this.#end(key, watched);
    for (const listener of watched.listeners) listener();
  }

  async #isStillGood(credentials: Credentials, caller: Caller): Promise<boolean> {
    try {
      const now = callerOn(await this.#authenticate(credentials, caller.traceId), caller.contract);
      return now !== null && canonicalJson(rightsOf(now)) === canonicalJson(rightsOf(caller));
    } catch (error) {
      // When nobody can tell (the database is down), the stream goes on: it was good a moment ago.
      return !(isCommerceError(error) && (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN'));
    }
  }
}

function rightsOf(caller: Caller): object {
  const { traceId: _, ...rights } = caller;
  return rights;
}
