import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { projectFile } from '../../platform/paths.ts';
import { type AmazonClient, type AmazonClientOptions, createAmazonClient } from '../../systems/amazon/client.ts';
import { type AmazonOrdersClient, type AmazonOrdersOptions, createAmazonOrdersClient } from '../../systems/amazon/orders-client.ts'; // biome-ignore format: one line
import type { AmazonOperation } from '../../systems/amazon/rates.ts';
import { type AmazonAccount, emptyAccount } from '../../systems/amazon/simulator/account.ts';
import { MARKETPLACE } from '../../systems/amazon/simulator/orders.ts';
import {
  type AmazonReference,
  type AmazonReferenceOptions,
  startAmazonReference,
} from '../../systems/amazon/simulator/start.ts';

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

interface Model {
  readonly paths: Record<string, Record<string, { parameters: Parameter[]; responses: Record<string, { 'x-amzn-api-sandbox'?: { static?: { request: { parameters: Record<string, { value: unknown }> }; response: unknown }[] } }> }>>; // biome-ignore format: one shape
  readonly definitions: Record<string, unknown>;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
}

const publishedModel = (name: string) => JSON.parse(readFileSync(projectFile('data', 'amazon-sp-api', `${name}.json`), 'utf8')) as Model; // biome-ignore format: one line
export const publishedOrders = publishedModel('orders_2026-01-01');
export const publishedOrdersV0 = publishedModel('ordersV0');

const ajv = new Ajv({ strict: false, validateFormats: false });

/** Whether something is right by a definition of a published model. */
export function publishedSchema({ definitions }: Model, name: string): ValidateFunction {
  return ajv.compile({ definitions, $ref: `#/definitions/${name}` });
}

/** Whether the query of an operation is right: no parameter that is not published, each in its shape. */
const searchQuery = () => {
  const parameters = publishedOrders.paths['/orders/2026-01-01/orders']?.get?.parameters.filter((one) => one.in === 'query') ?? []; // biome-ignore format: one thought
  const properties = Object.fromEntries(parameters.map(({ name, in: _in, required: _required, ...schema }) => [name, schema])); // biome-ignore format: one thought
  return ajv.compile({ type: 'object', properties, additionalProperties: false });
};
const validators = {
  searchOrders: searchQuery(),
  confirmShipment: publishedSchema(publishedOrdersV0, 'ConfirmShipmentRequest'),
};

/** What is wrong with a message about orders by the published model. */
function checkPublished(operation: AmazonOperation, message: unknown): string | null {
  if (operation === 'getOrder') return null;
  return validators[operation](message) ? null : JSON.stringify(validators[operation].errors);
}

/** An account with orders, a reference server that takes only what the published model allows, and a client of it. */
export async function startAmazonOrders(
  options: Partial<AmazonOrdersOptions> & Pick<Partial<AmazonReferenceOptions>, 'pageSize'> & { readonly served?: AmazonReferenceOptions['rates'] } = {},
): Promise<{ readonly orders: AmazonAccount['orders']; readonly server: AmazonReference; readonly client: AmazonOrdersClient; stop(): Promise<void> }> {
  const account = emptyAccount();
  const { served, pageSize = 2, ...overrides } = options;
  const server = await startAmazonReference({ account, refreshToken: 'refresh-1', pageSize, rates: served, check: checkPublished, ...(overrides.now ? { now: overrides.now } : {}) });
  const client = createAmazonOrdersClient({
    baseUrl: server.url,
    loginUrl: server.loginUrl,
    clientId: 'client',
    clientSecret: 'not-secret',
    refreshToken: 'refresh-1',
    marketplaceIds: [MARKETPLACE],
    timeoutMillis: 5_000,
    rates: { searchOrders: { perSecond: 1_000, burst: 1_000 }, getOrder: { perSecond: 1_000, burst: 1_000 }, confirmShipment: { perSecond: 1_000, burst: 1_000 } },
    ...overrides,
  });
  return {
    orders: account.orders,
    server,
    client,
    async stop() {
      await client.close();
      await server.stop();
    },
  };
} // biome-ignore format: one thought
