import type { IncomingMessage } from 'node:http';
import { readFeed, setUnits, type WalmartListings, workOn } from './listings.ts';

type Send = (status: number, content: unknown) => undefined;
type Refuse = (status: number, code: string) => undefined;

/** Bodies of these are checked by the published model. */
export type ListingMessage = 'inventory' | 'inventories' | 'price';

/** What one request may look at. */
export interface ListingRequest {
  readonly message: IncomingMessage;
  readonly asked: URL;
  readonly body: string;
  readonly pageSize: number;
  readonly check: (operation: ListingMessage, body: unknown) => string | null;
  readonly send: Send;
  readonly refuse: Refuse;
}

/** Answers what is about items: stock, prices, feeds. @returns false when it is about something else */
export function answerListings(listings: WalmartListings, request: ListingRequest): boolean {
  const { message, asked, send, refuse } = request;
  const { pathname, searchParams } = asked;
  const route = `${message.method} ${pathname.replace(/^(\/v3\/(?:inventories|feeds))\/[^/]+$/, '$1/{id}')}`;
  const id = decodeURIComponent(pathname.split('/')[3] ?? '');
  switch (route) {
    case 'PUT /v3/inventory': {
      const body = parse(request, 'inventory');
      if (body === null) return refused(refuse);
      const { amount } = (body as { quantity: { amount: number } }).quantity;
      const sku = searchParams.get('sku') ?? '';
      const code = setUnits(listings, sku, listings.nodes[0] ?? '', amount);
      if (code) refuse(404, code);
      else send(200, { sku, quantity: { unit: 'EACH', amount } });
      return true;
    }
    case 'PUT /v3/inventories/{id}': {
      const body = parse(request, 'inventories');
      if (body === null) return refused(refuse);
      const { nodes } = (body as { inventories: { nodes: { shipNode: string; inputQty: { amount: number } }[] } }).inventories; // biome-ignore format: one thought
      if (!listings.items.has(id)) refuse(404, 'CONTENT_NOT_FOUND.GMP_INVENTORY_API');
      else
        send(200, {
          sku: id,
          nodes: nodes.map(({ shipNode, inputQty }) => {
            const code = setUnits(listings, id, shipNode, inputQty.amount);
            return code ? { shipNode, status: 'Failure', errors: [{ code }] } : { shipNode, status: 'Success' };
          }),
        });
      return true;
    }
    case 'PUT /v3/price': {
      const body = parse(request, 'price') as { sku: string; pricing: { currentPrice: { currency: string; amount: number } }[] } | null; // biome-ignore format: one thought
      const price = body?.pricing[0]?.currentPrice;
      if (!body || !price) return refused(refuse);
      const item = listings.items.get(body.sku);
      if (!item) refuse(404, 'CONTENT_NOT_FOUND.GMP_PRICE_API');
      else {
        item.price = price;
        send(200, { ItemPriceResponse: { mart: 'WALMART_US', sku: body.sku, message: 'Thank you. Your price has been updated.' } }); // biome-ignore format: one thought
      }
      return true;
    }
    case 'GET /v3/inventories':
      inventories(listings, request);
      return true;
    case 'POST /v3/feeds':
      takeFeed(listings, request);
      return true;
    case 'GET /v3/feeds/{id}':
      tellFeed(listings, id, request);
      return true;
    default:
      return false;
  }
}

function inventories({ items }: WalmartListings, { asked, pageSize, send, refuse }: ListingRequest): undefined {
  const limit = Number(asked.searchParams.get('limit') ?? 10);
  if (limit > 50) return refuse(400, 'INVALID_REQUEST_PARAM.GMP_INVENTORY_API');
  const from = Number(Buffer.from(asked.searchParams.get('nextCursor') ?? '', 'base64url').toString() || 0);
  const next = from + Math.min(limit, pageSize);
  const page = [...items].slice(from, next).map(([sku, { units }]) => ({
    sku,
    nodes: [...units].map(([shipNode, amount]) => ({ shipNode, inputQty: each(amount), availToSellQty: each(amount), reservedQty: each(0) })), // biome-ignore format: one thought
  }));
  const meta = { totalCount: items.size, ...(next < items.size ? { nextCursor: Buffer.from(String(next)).toString('base64url') } : {}) }; // biome-ignore format: one thought
  send(200, { meta, elements: { inventories: page } });
}

function takeFeed(listings: WalmartListings, { asked, message, body, send, refuse }: ListingRequest): undefined {
  const type = asked.searchParams.get('feedType') ?? '';
  const [, boundary = ''] = /^multipart\/form-data; boundary=(.+)$/.exec(message.headers['content-type'] ?? '') ?? [];
  const part = (boundary === '' ? '' : body.split(`--${boundary}`)[1]) ?? '';
  const begin = part.indexOf('\r\n\r\n');
  const isFile = part.slice(0, begin).includes('name="file"');
  const entries = isFile ? readFeed(type, parsed(part.slice(begin).trim()), listings.nodes) : null;
  if (!entries) return refuse(400, 'INVALID_REQUEST_CONTENT.GMP_FEED_API');
  if (entries.length > 10_000) return refuse(413, 'PAYLOAD_TOO_LARGE.GMP_FEED_API');
  const id = `F${String(listings.feeds.size + 1).padStart(8, '0')}@AUoBAQA`;
  listings.feeds.set(id, { id, type, entries, status: 'RECEIVED', outcomes: [] });
  if (listings.works) workOn(listings, id);
  send(200, { feedId: id });
}

function tellFeed(
  { feeds }: WalmartListings,
  id: string,
  { asked, pageSize, send, refuse }: ListingRequest,
): undefined {
  const feed = feeds.get(id);
  const limit = Number(asked.searchParams.get('limit') ?? 50);
  if (!feed) return refuse(404, 'CONTENT_NOT_FOUND.GMP_FEED_API');
  if (limit > 50) return refuse(400, 'INVALID_REQUEST_PARAM.GMP_FEED_API');
  const offset = Number(asked.searchParams.get('offset') ?? 0);
  const shown = asked.searchParams.get('includeDetails') === 'true' ? feed.outcomes.slice(offset, offset + limit) : [];
  send(200, {
    feedId: id,
    feedStatus: feed.status,
    itemsReceived: feed.entries.length,
    itemsSucceeded: feed.outcomes.filter(({ status }) => status === 'SUCCESS').length,
    offset,
    limit: Math.min(limit, pageSize),
    itemDetails: {
      itemIngestionStatus: shown.map(({ sku, status, code, type }, index) => ({
        martId: 0,
        sku,
        index: offset + index,
        ingestionStatus: status,
        ...(code === null
          ? {}
          : { ingestionErrors: { ingestionError: [{ type, code, description: `about ${sku}` }] } }),
      })),
    },
  });
}

function parse({ body, check }: ListingRequest, operation: ListingMessage): unknown {
  const content = parsed(body);
  return content === undefined || check(operation, content) !== null ? null : content;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refused(refuse: Refuse): true {
  refuse(400, 'INVALID_REQUEST_CONTENT.GMP_GATEWAY_API');
  return true;
}

const each = (amount: number) => ({ unit: 'EACH', amount });
