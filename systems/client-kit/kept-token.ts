/** An access token that a system gives for a while. */
export interface KeptToken {
  /** @throws CommerceError as every call does, when no token that is good can be had */
  token(): Promise<string>;
  /** A token was refused before its time: the next call asks for another. */
  forget(token: string): void;
}

/** A token is renewed so long before it ends. Until then the old one serves, should the system give no new one. */
const EARLY_MILLIS = 120_000;
/** A token is not used for a request that it might not outlive. */
const MARGIN_MILLIS = 10_000;

/**
 * Keeps a token and renews it in time.
 * @param ask asks for one
 * @param now milliseconds since 1970; tests pass their own
 */
export function keptToken(
  ask: () => Promise<{ readonly token: string; readonly seconds: number }>,
  now: () => number = Date.now,
): KeptToken {
  let held: { readonly token: string; readonly until: number } | null = null;
  let asking: Promise<string> | null = null;

  async function renew(): Promise<string> {
    const { token, seconds } = await ask();
    held = { token, until: now() + seconds * 1_000 };
    return token;
  }

  return {
    async token() {
      const left = held === null ? 0 : held.until - now();
      if (held !== null && left > EARLY_MILLIS) return held.token;
      // All who come meanwhile wait for the same answer.
      asking ??= renew().finally(() => {
        asking = null;
      });
      try {
        return await asking;
      } catch (error) {
        if (held !== null && held.until - now() > MARGIN_MILLIS) return held.token;
        throw error;
      }
    },
    forget(token) {
      if (held?.token === token) held = null;
    },
  };
}
