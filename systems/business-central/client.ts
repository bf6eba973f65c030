import { z } from 'zod';
import { behindCircuits } from '../client-kit/statistics.ts';
import { createSystemClient } from '../client-kit/system-client.ts';
import { createODataClient, type ODataClient } from '../odata/client.ts';

export interface BusinessCentralOptions {
  /** e.g. `https://api.businesscentral.dynamics.com/v2.0/<tenant>/production/api/v2.0`. */
  readonly address: string;
  /** GUID of the company. */
  readonly company: string;
  /** e.g. `https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token`. */
  readonly tokenAddress: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly timeoutMillis: number;
}

/** It lets one user make five calls at a time; one place stays for people who try things. */
const CONCURRENCY = 4;
/** Before it ends, in milliseconds, a token is not used any more. */
const SAFETY_MILLIS = 60_000;
const SCOPE = 'https://api.businesscentral.dynamics.com/.default';

const tokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

/** Business Central of one company: OData V4, with tokens of OAuth 2 that are asked for when they are needed. */
export function createBusinessCentralClient(options: BusinessCentralOptions): ODataClient {
  const { address, company, tokenAddress, clientId, clientSecret, timeoutMillis } = options;
  const tokens = createSystemClient('Business Central login', { baseUrl: tokenAddress, token: '', timeoutMillis, concurrency: 1 }); // biome-ignore format: one thought
  let held: Promise<{ readonly header: string; readonly until: number }> | null = null;

  async function ask(): Promise<{ header: string; until: number }> {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, scope: SCOPE }); // biome-ignore format: one thought
    const asked = Date.now();
    const answer = await tokens.call({ method: 'POST', path: '', body: form, answer: tokenAnswer, authorization: null, repeatable: true }); // biome-ignore format: one thought
    return { header: `Bearer ${answer.access_token}`, until: asked + answer.expires_in * 1_000 - SAFETY_MILLIS };
  }

  const odata = createODataClient('Business Central', {
    version: 4,
    baseUrl: `${address.replace(/\/$/, '')}/companies(${company})`,
    timeoutMillis,
    concurrency: CONCURRENCY,
    async authorize(anew) {
      const known = held === null ? null : await held;
      if (anew || known === null || known.until < Date.now()) {
        held = ask().catch((error: unknown) => {
          held = null;
          throw error;
        });
      }
      return held === null ? null : (await held).header;
    },
  });
  return {
    ...odata,
    statistics: () => behindCircuits(odata.statistics(), tokens.statistics()),
    async close() {
      await Promise.all([odata.close(), tokens.close()]);
    },
  };
}
