import { randomUUID } from 'node:crypto';
import type { SystemClient } from '../client-kit/system-client.ts';
import { tokenAnswer } from './wire.ts';

/** Walmart's access tokens: good for 15 minutes. */
export interface Access {
  /** @throws CommerceError as every call does, when no token that is good can be had */
  token(): Promise<string>;
  /** A token was refused before its time: the next call asks for another. */
  forget(token: string): void;
}

/** A token is renewed so long before it ends. Until then the old one serves, should Walmart give no new one. */
const EARLY_MILLIS = 120_000;
/** A token is not used for a request that it might not outlive. */
const MARGIN_MILLIS = 10_000;

/** @param now milliseconds since 1970; tests pass their own */
export function walmartAccess(
  client: Pick<SystemClient, 'call'>,
  credentials: { readonly clientId: string; readonly clientSecret: string },
  now: () => number = Date.now,
): Access {
  const basic = Buffer.from(`${credentials.clientId}:${credentials.clientSecret}`).toString('base64');
  let held: { readonly token: string; readonly until: number } | null = null;
  let asking: Promise<string> | null = null;

  async function ask(): Promise<string> {
    const answer = await client.call({
      method: 'POST',
      path: '/v3/token',
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
      authorization: `Basic ${basic}`,
      headers: { 'WM_SVC.NAME': SERVICE, 'WM_QOS.CORRELATION_ID': randomUUID() },
      answer: tokenAnswer,
      repeatable: true,
    });
    held = { token: answer.access_token, until: now() + answer.expires_in * 1_000 };
    return held.token;
  }

  return {
    async token() {
      const left = held === null ? 0 : held.until - now();
      if (held !== null && left > EARLY_MILLIS) return held.token;
      // All who come meanwhile wait for the same answer.
      asking ??= ask().finally(() => {
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

/** Name under which Walmart knows whoever calls. */
export const SERVICE = 'Walmart Marketplace';
