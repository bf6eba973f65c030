import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { projectFile } from '../../platform/paths.ts';
import { createWalmartClient, type WalmartClient } from '../../systems/walmart/client.ts';
import { emptyWalmart, type WalmartAccount } from '../../systems/walmart/simulator/account.ts';
import type { ListingMessage } from '../../systems/walmart/simulator/listing-routes.ts';
import { emptyListings, type WalmartListings } from '../../systems/walmart/simulator/listings.ts';
import { startWalmartReference, type WalmartReference, type WalmartReferenceOptions } from '../../systems/walmart/simulator/start.ts'; // biome-ignore format: one line

export interface WalmartWorld {
  readonly account: WalmartAccount;
  readonly listings: WalmartListings;
  readonly client: WalmartClient;
  readonly walmart: WalmartReference;
  stop(): Promise<void>;
}

/** A selling account with a reference server that takes only what the published model allows, and a client of it. */
export async function startWalmart(
  options: Partial<WalmartReferenceOptions> = {},
  timeoutMillis = 5_000,
): Promise<WalmartWorld> {
  const account = emptyWalmart();
  const { listings = emptyListings(['10001', '10002']) } = options;
  const credentials = { clientId: 'test-client', clientSecret: 'test-secret' };
  const walmart = await startWalmartReference({ account, listings, ...credentials, check: checkPublished, ...options });
  const client = createWalmartClient({ baseUrl: walmart.url, ...credentials, timeoutMillis });
  return {
    account,
    listings,
    client,
    walmart,
    async stop() {
      await client.close();
      await walmart.stop();
    },
  };
}

interface Model {
  readonly paths: Record<string, Record<string, { requestBody?: Content; responses: { 200: Content } }>>;
  readonly components: { schemas: Record<string, unknown> };
}
interface Content {
  readonly content: { 'application/json': { schema: unknown; example?: unknown; examples?: Record<string, { value: unknown }> } }; // biome-ignore format: one shape
}

export const publishedOrders = JSON.parse(readFileSync(projectFile('data', 'walmart-marketplace', 'orders.json'), 'utf8')) as Model; // biome-ignore format: one line

/** The schema that the model has for the lines of each message, where it names that of refunds for all of them. */
const LINES = { shipping: 'ShippingLinesType', cancel: 'CancelLinesType', refund: 'RefundLinesType' } as const;
type Message = keyof typeof LINES;

/** Pure: the published model, with the right schema of order lines in the place of the wrong one. */
function repaired(schemas: Model['components']['schemas'], lines: string): Record<string, unknown> {
  const text = JSON.stringify(schemas);
  return JSON.parse(text.replaceAll('"orderLines":{"$ref":"#/components/schemas/RefundLinesType"}', `"orderLines":{"$ref":"#/components/schemas/${lines}"}`)) as Record<string, unknown>; // biome-ignore format: one thought
}

const compiled = new Map<string, ValidateFunction>();

/** @param lines schema of the order lines; `RefundLinesType` is what the model says everywhere */
export function publishedBody(message: Message, lines: string = LINES[message]): ValidateFunction {
  const known = compiled.get(`${message} ${lines}`);
  if (known) return known;
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const body = publishedOrders.paths[`/v3/orders/{purchaseOrderId}/${message}`]?.post?.requestBody;
  const components = { schemas: repaired(publishedOrders.components.schemas, lines) };
  const validate = ajv.compile({ components, ...(body?.content['application/json'].schema as object) });
  compiled.set(`${message} ${lines}`, validate);
  return validate;
}

const publishedModel = (name: string) => JSON.parse(readFileSync(projectFile('data', 'walmart-marketplace', `${name}.json`), 'utf8')) as Model; // biome-ignore format: one line
export const publishedInventory = publishedModel('inventory');
export const publishedPrice = publishedModel('price');
export const publishedFeeds = publishedModel('feeds');

const ABOUT_ITEMS = {
  inventory: [publishedInventory, '/v3/inventory'],
  inventories: [publishedInventory, '/v3/inventories/{sku}'],
  price: [publishedPrice, '/v3/price'],
} as const;

/** Of a message about one item, which replaces what was there. */
function publishedItemBody(message: ListingMessage): ValidateFunction {
  const known = compiled.get(message);
  if (known) return known;
  const [model, path] = ABOUT_ITEMS[message];
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const schema = model.paths[path]?.put?.requestBody?.content['application/json'].schema as object;
  const validate = ajv.compile({ components: model.components, ...schema });
  compiled.set(message, validate);
  return validate;
}

/** What is wrong with a message by the published model. */
function checkPublished(message: Message | ListingMessage, body: unknown): string | null {
  const validate = message in ABOUT_ITEMS ? publishedItemBody(message as ListingMessage) : publishedBody(message as Message);
  return validate(body) ? null : JSON.stringify(validate.errors);
} // biome-ignore format: one thought
