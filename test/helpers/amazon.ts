import { type AmazonClient, type AmazonClientOptions, createAmazonClient } from '../../systems/amazon/client.ts';
import { type AmazonAccount, emptyAccount } from '../../systems/amazon/simulator/account.ts';
import { type AmazonReference, startAmazonReference } from '../../systems/amazon/simulator/start.ts';

/** The reference server over an empty account, and a client that does not wait when it is asked to. */
export async function startAmazon(overrides: Partial<AmazonClientOptions> = {}): Promise<{
  readonly account: AmazonAccount;
  readonly server: AmazonReference;
  readonly client: AmazonClient;
  /** How long the client was asked to wait, in milliseconds. */
  readonly pauses: number[];
  stop(): Promise<void>;
}> {
  const account = emptyAccount();
  const refreshToken = 'refresh-1';
  const server = await startAmazonReference({ account, refreshToken });
  const pauses: number[] = [];
  const client = createAmazonClient({
    baseUrl: server.url,
    loginUrl: server.loginUrl,
    clientId: 'client',
    clientSecret: 'not-secret',
    refreshToken,
    timeoutMillis: 30_000,
    pause: async (millis) => void pauses.push(millis),
    ...overrides,
  });
  return {
    account,
    server,
    client,
    pauses,
    async stop() {
      await client.close();
      await server.stop();
    },
  };
}

/** A payout as listPayouts tells it. */
export function payoutJson(id: string, state: string, at: Date, amount = '10.00'): string {
  return `{"id":"${id}","currentStatus":"${state}","statusHistory":[{"status":"${state}","lastUpdatedDate":"${at.toISOString()}"}],"amount":{"currencyCode":"GBP","currencyAmount":${amount}},"creationDate":"${at.toISOString()}"}`;
}
