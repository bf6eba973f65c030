import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey, type LocalJWKSet } from 'jose';
import type { Logger } from '../../../platform/logger.ts';

/** Age at which the issuer's keys are read again, beside the requests that use them, in milliseconds. */
const REFRESH_MILLIS = 10 * 60_000;
/** Age at which keys are no longer believed although the issuer cannot be reached, in milliseconds. */
const MAX_AGE_MILLIS = 24 * 60 * 60_000;
/** Least time between two readings, in milliseconds: made-up key ids must not become a storm on the issuer. */
const COOLDOWN_MILLIS = 30_000;

/** The keys of the issuer cannot be had, and none are known. */
export class KeysUnavailable extends Error {}

export interface KeySetOptions {
  /** Reads the keys from where the issuer publishes them. */
  readonly load: () => Promise<JSONWebKeySet>;
  readonly logger: Logger;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

/**
 * Public keys of a token issuer. An unknown key id has them read again, at most every 30 s; while the issuer is out of
 * reach the last known ones hold for a day.
 */
export class KeySet {
  readonly #options: Required<KeySetOptions>;
  #known: { readonly find: LocalJWKSet; readonly at: number; readonly text: string } | null = null;
  #loading: Promise<void> | null = null;
  #triedAt = Number.NEGATIVE_INFINITY;
  #generation = 0;

  constructor(options: KeySetOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  /** Grows when the keys are others than before: what was verified with a former one is to be verified again. */
  get generation(): number {
    return this.#generation;
  }

  /** Finds the key of a token, for jose. @throws KeysUnavailable, or jose's error when there is no such key */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const known = await this.#current();
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.#reload())) throw error;
      return (await this.#current())(header, token);
    }
  };

  async #current(): Promise<LocalJWKSet> {
    const age = this.#known ? this.#options.now() - this.#known.at : Number.POSITIVE_INFINITY;
    if (age > MAX_AGE_MILLIS) await this.#reload();
    else if (age > REFRESH_MILLIS) void this.#reload();
    const usable = this.#known && this.#options.now() - this.#known.at <= MAX_AGE_MILLIS;
    if (!this.#known || !usable) throw new KeysUnavailable('no keys of the issuer are known');
    return this.#known.find;
  }

  /** @returns whether the keys were read anew; false within the cooldown, and when the issuer did not answer */
  async #reload(): Promise<boolean> {
    if (!this.#loading) {
      if (this.#options.now() - this.#triedAt < COOLDOWN_MILLIS) return false;
      this.#triedAt = this.#options.now();
      this.#loading = this.#load().finally(() => {
        this.#loading = null;
      });
    }
    return this.#loading.then(
      () => true,
      () => false,
    );
  }

  async #load(): Promise<void> {
    const { load, logger, now } = this.#options;
    try {
      const { keys } = await load();
      // A symmetric key in a published set is no secret: whoever reads it could sign.
      const asymmetric = { keys: keys.filter(({ kty, use }) => kty !== 'oct' && use !== 'enc') };
      const text = JSON.stringify(asymmetric);
      if (text !== this.#known?.text) this.#generation += 1;
      this.#known = { find: createLocalJWKSet(asymmetric), at: now(), text };
    } catch (error) {
      logger.warn(
        { err: { type: error instanceof Error ? error.name : typeof error } },
        'keys of the token issuer not read',
      );
      throw error;
    }
  }
}
