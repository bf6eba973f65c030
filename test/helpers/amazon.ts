import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { projectFile } from '../../platform/paths.ts';
import { type AmazonCallsOptions, createAmazonCalls } from '../../systems/amazon/calls.ts';
import { type AmazonClient, type AmazonClientOptions, createAmazonClient } from '../../systems/amazon/client.ts';
import { type AmazonListingsClient, createAmazonListingsClient } from '../../systems/amazon/listings-client.ts';
import { type AmazonOrdersClient, type AmazonOrdersOptions, createAmazonOrdersClient } from '../../systems/amazon/orders-client.ts'; // biome-ignore format: one line
import { AMAZON_RATES, type AmazonOperation } from '../../systems/amazon/rates.ts';
import { type AmazonAccount, emptyAccount } from '../../systems/amazon/simulator/account.ts';
import { type AmazonListings, emptyListings } from '../../systems/amazon/simulator/listings.ts';
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
export const publishedListings = publishedModel('listingsItems_2021-08-01');
export const publishedFeeds = publishedModel('feeds_2021-06-30');

const ajv = new Ajv({ strict: false, validateFormats: false });

/** Whether something is right by a definition of a published model. */
export function publishedSchema({ definitions }: Model, name: string): ValidateFunction {
  return ajv.compile({ definitions, $ref: `#/definitions/${name}` });
}

/** Whether the query of a GET is right: no parameter that is not published, each in its shape. */
function publishedQuery(model: Model, path: string): ValidateFunction {
  const parameters = model.paths[path]?.get?.parameters.filter((one) => one.in === 'query') ?? [];
  const properties = Object.fromEntries(parameters.map(({ name, in: _in, required: _required, ...schema }) => [name, schema])); // biome-ignore format: one thought
  const required = parameters.flatMap(({ name, required: isRequired }) => (isRequired ? [name] : []));
  return ajv.compile({ type: 'object', properties, required, additionalProperties: false });
}
const validators: Partial<Record<AmazonOperation, ValidateFunction>> = {
  searchOrders: publishedQuery(publishedOrders, '/orders/2026-01-01/orders'),
  confirmShipment: publishedSchema(publishedOrdersV0, 'ConfirmShipmentRequest'),
  searchListingsItems: publishedQuery(publishedListings, '/listings/2021-08-01/items/{sellerId}'),
  patchListingsItem: publishedSchema(publishedListings, 'ListingsItemPatchRequest'),
  createFeedDocument: publishedSchema(publishedFeeds, 'CreateFeedDocumentSpecification'),
  createFeed: publishedSchema(publishedFeeds, 'CreateFeedSpecification'),
};

/** What is wrong with a message about orders or listings by the published model. */
function checkPublished(operation: AmazonOperation, message: unknown): string | null {
  const validate = validators[operation];
  return !validate || validate(message) ? null : JSON.stringify(validate.errors);
}

/** An account with orders and listings, a reference server that takes only what the published model allows, and clients of it. */
export async function startAmazonOrders(
  options: Partial<AmazonCallsOptions & AmazonOrdersOptions> & Pick<Partial<AmazonReferenceOptions>, 'pageSize'> & { readonly served?: AmazonReferenceOptions['rates'] } = {},
): Promise<{ readonly orders: AmazonAccount['orders']; readonly listings: AmazonListings; readonly server: AmazonReference; readonly client: AmazonOrdersClient; readonly items: AmazonListingsClient; stop(): Promise<void> }> {
  const account = emptyAccount();
  const listings = emptyListings();
  const { served, pageSize = 2, rates = {}, ...overrides } = options;
  const server = await startAmazonReference({ account, listings, refreshToken: 'refresh-1', pageSize, rates: served, check: checkPublished, ...(overrides.now ? { now: overrides.now } : {}) });
  const quick = Object.fromEntries(Object.keys(AMAZON_RATES).map((operation) => [operation, { perSecond: 1_000, burst: 1_000 }]));
  const calls = createAmazonCalls({
    baseUrl: server.url,
    loginUrl: server.loginUrl,
    clientId: 'client',
    clientSecret: 'not-secret',
    refreshToken: 'refresh-1',
    timeoutMillis: 5_000,
    rates: { ...quick, ...rates },
    ...overrides,
  });
  const client = createAmazonOrdersClient(calls, { marketplaceIds: [MARKETPLACE] });
  return {
    orders: account.orders,
    listings,
    server,
    client,
    items: createAmazonListingsClient(calls, { marketplaceIds: [MARKETPLACE], sellerId: 'SELLER1', timeoutMillis: 5_000 }),
    async stop() {
      await client.close();
      await server.stop();
    },
  };
} // biome-ignore format: one thought
