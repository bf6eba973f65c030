import { randomUUID } from 'node:crypto';
import { type KeptToken, keptToken } from '../client-kit/kept-token.ts';
import type { SystemClient } from '../client-kit/system-client.ts';
import { tokenAnswer } from './wire.ts';

/**
 * Walmart's access tokens: good for 15 minutes.
 * @param now milliseconds since 1970; tests pass their own
 */
export function walmartAccess(
  client: Pick<SystemClient, 'call'>,
  credentials: { readonly clientId: string; readonly clientSecret: string },
  now: () => number = Date.now,
): KeptToken {
  const basic = Buffer.from(`${credentials.clientId}:${credentials.clientSecret}`).toString('base64');
  return keptToken(async () => {
    const answer = await client.call({
      method: 'POST',
      path: '/v3/token',
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
      authorization: `Basic ${basic}`,
      headers: { 'WM_SVC.NAME': SERVICE, 'WM_QOS.CORRELATION_ID': randomUUID() },
      answer: tokenAnswer,
      repeatable: true,
    });
    return { token: answer.access_token, seconds: answer.expires_in };
  }, now);
}

/** Name under which Walmart knows whoever calls. */
export const SERVICE = 'Walmart Marketplace';
