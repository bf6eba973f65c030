import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { isCommerceError } from '../../platform/errors.ts';
import { FileBody } from '../client-kit/exchange.ts';
import { badResponse } from '../client-kit/failure.ts';
import { behindCircuits, type SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemCall } from '../client-kit/system-client.ts';
import { SERVICE, walmartAccess } from './access.ts';
import { type CancelLine, feedAccepted, feedStatus, type ItemPricing, inventoriesPage, itemInventory, type NodeUnits, nodesAnswer, orderAnswer, ordersPage, priceAnswer, type RefundLine, type ShipLine, type WalmartFeedItem, type WalmartInventory, type WalmartOrder } from './wire.ts'; // biome-ignore format: one line

export interface WalmartClientOptions {
  /** e.g. https://marketplace.walmartapis.com. */
  readonly baseUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Of one call with its repetitions, in milliseconds. */
  readonly timeoutMillis: number;
  /** Orders of a page, 1 to 200. Default 200. */
  readonly pageSize?: number;
  /** Milliseconds since 1970; tests pass their own. */
  readonly now?: () => number;
}

/**
 * A selling account at Walmart Marketplace. Asked to slow down, by 429 or because an answer says that nothing is left
 * until some moment, no call goes out before it. Every failure is a CommerceError, see `createSystemClient`.
 */
export interface WalmartClient {
  /** Orders that the seller fulfils and that changed since a moment, as they came, page by page. */
  changedOrders(since: Date, signal: AbortSignal): AsyncIterable<readonly unknown[]>;
  order(purchaseOrderId: string, signal: AbortSignal): Promise<WalmartOrder>;
  acknowledge(purchaseOrderId: string, signal: AbortSignal): Promise<WalmartOrder>;
  ship(purchaseOrderId: string, lines: readonly ShipLine[], signal: AbortSignal): Promise<WalmartOrder>;
  cancel(purchaseOrderId: string, lines: readonly CancelLine[], signal: AbortSignal): Promise<WalmartOrder>;
  refund(purchaseOrderId: string, lines: readonly RefundLine[], signal: AbortSignal): Promise<WalmartOrder>;
  /** Sets the units of an item at the seller's one node. */
  setUnits(sku: string, units: number, signal: AbortSignal): Promise<void>;
  /** Sets the units of an item by node. @returns by node, the code of its error; null where it was set */
  setUnitsByNode(sku: string, nodes: readonly NodeUnits[], signal: AbortSignal): Promise<ReadonlyMap<string, string | null>>;
  /** The units of all items by node, page by page. */
  inventories(signal: AbortSignal): AsyncIterable<readonly WalmartInventory[]>;
  /** Sets what an item costs. */
  setPrice(price: ItemPricing, signal: AbortSignal): Promise<void>;
  /** Hands a feed in. @returns its id: it is worked on later */
  sendFeed(feedType: 'inventory' | 'MP_INVENTORY' | 'price', feed: unknown, signal: AbortSignal): Promise<string>;
  /** What became of a feed's items, as far as it says; none of a feed that failed. Null while it is worked on. */
  feed(feedId: string, signal: AbortSignal): Promise<readonly WalmartFeedItem[] | null>;
  statistics(): SystemStatistics;
  close(): Promise<void>;
} // biome-ignore format: a table

const SYSTEM = 'WALMART';
/** Orders are kept for so long. Without a beginning, Walmart tells those of the last seven days only. */
const KEPT_DAYS = 180;
/** Above this, pages lead in a circle: Walmart tells at most 20,000 orders. */
const MOST_PAGES = 2_000;
/** Items of a page of stock, or of a feed's details, at most. */
const STOCK_PAGE = 50;
/** States of a feed that is worked on. */
const IN_WORK: readonly string[] = ['RECEIVED', 'INPROGRESS'];

export function createWalmartClient(options: WalmartClientOptions): WalmartClient {
  const { baseUrl, timeoutMillis, pageSize = 200, now = Date.now } = options;
  const policy = { baseUrl, token: '', timeoutMillis, errorIn, pauseIn: pauseIn(now) };
  const client = createSystemClient(SYSTEM, policy);
  // Its own circuit: while no new token is to be had, the old one may still be good.
  const door = createSystemClient(SYSTEM, policy);
  const access = walmartAccess(door, options, now);

  async function call<Answer extends z.ZodType>(wanted: Omit<SystemCall<Answer>, 'authorization' | 'headers'>) {
    const once = (token: string) =>
      client.call({
        ...wanted,
        authorization: null,
        headers: {
          'WM_SEC.ACCESS_TOKEN': token,
          'WM_SVC.NAME': SERVICE,
          'WM_QOS.CORRELATION_ID': randomUUID(),
        },
      });
    const token = await access.token();
    try {
      return await once(token);
    } catch (error) {
      if (!isRefusal(error, 401)) throw error;
      access.forget(token); // it ended before its time; another is asked for once
      return once(await access.token());
    }
  }

  const pathOf = (purchaseOrderId: string) => `/v3/orders/${encodeURIComponent(purchaseOrderId)}`;
  async function tell(purchaseOrderId: string, what: string, body: unknown, signal: AbortSignal) {
    // Nothing names the message: what was not answered is not repeated here, see the adapter.
    const path = `${pathOf(purchaseOrderId)}/${what}`;
    return (await call({ method: 'POST', path, body, answer: orderAnswer, repeatable: false, signal })).order;
  }

  return {
    async *changedOrders(since, signal) {
      const second = (moment: number) => `${new Date(moment).toISOString().slice(0, 19)}Z`;
      const first = new URLSearchParams({
        lastModifiedStartDate: second(since.getTime()),
        createdStartDate: second(now() - KEPT_DAYS * 86_400_000),
        limit: String(pageSize),
        replacementInfo: 'true',
      });
      let next: string | null | undefined = `?${first.toString()}`;
      const seen = new Set<string>();
      while (next) {
        // The cursor is the query of the next page, whole.
        if (!/^\?[\w&=%.:~+*-]+$/.test(next) || seen.has(next) || seen.size >= MOST_PAGES)
          throw badResponse(SYSTEM, 'nextCursor');
        seen.add(next);
        const page: z.output<typeof ordersPage> | null = await call({
          method: 'GET',
          path: `/v3/orders${next}`,
          answer: ordersPage,
          repeatable: true,
          signal,
        }).catch((error: unknown) => {
          if (isRefusal(error, 404)) return null; // that is how it says that there are none
          throw error;
        });
        yield page?.list.elements?.order ?? [];
        next = page?.list.meta?.nextCursor;
      }
    },
    order: async (id, signal) =>
      (await call({ method: 'GET', path: pathOf(id), answer: orderAnswer, repeatable: true, signal })).order,
    acknowledge: (id, signal) => tell(id, 'acknowledge', undefined, signal),
    ship: (id, orderLine, signal) => tell(id, 'shipping', { orderShipment: { orderLines: { orderLine } } }, signal),
    cancel: (id, orderLine, signal) => tell(id, 'cancel', { orderCancellation: { orderLines: { orderLine } } }, signal),
    refund: (id, orderLine, signal) =>
      tell(id, 'refund', { orderRefund: { purchaseOrderId: id, orderLines: { orderLine } } }, signal),
    async setUnits(sku, units, signal) {
      await call({
        method: 'PUT',
        path: `/v3/inventory?sku=${encodeURIComponent(sku)}`,
        body: { sku, quantity: each(units) },
        answer: itemInventory,
        repeatable: true,
        signal,
      });
    },
    async setUnitsByNode(sku, nodes, signal) {
      const answer = await call({
        method: 'PUT',
        path: `/v3/inventories/${encodeURIComponent(sku)}`,
        body: { inventories: { nodes: nodes.map(({ shipNode, units }) => ({ shipNode, inputQty: each(units) })) } },
        answer: nodesAnswer,
        repeatable: true,
        signal,
      });
      return new Map(
        answer.nodes.map(({ shipNode, status, errors }) => [
          shipNode,
          status.toUpperCase() === 'SUCCESS' ? null : codeOf(errors?.[0]?.code ?? status),
        ]),
      );
    },
    async *inventories(signal) {
      const seen = new Set<string>();
      for (let cursor: string | null | undefined = ''; cursor !== null && cursor !== undefined; ) {
        if (seen.has(cursor) || seen.size >= MOST_PAGES) throw badResponse(SYSTEM, 'nextCursor');
        seen.add(cursor);
        const query = new URLSearchParams({
          limit: String(STOCK_PAGE),
          ...(cursor === '' ? {} : { nextCursor: cursor }),
        });
        const page: z.output<typeof inventoriesPage> = await call({ method: 'GET', path: `/v3/inventories?${query.toString()}`, answer: inventoriesPage, repeatable: true, signal }); // biome-ignore format: one thought
        yield page.elements?.inventories ?? [];
        cursor = page.meta?.nextCursor || null;
      }
    },
    async setPrice(body, signal) {
      await call({ method: 'PUT', path: '/v3/price', body, answer: priceAnswer, repeatable: true, signal });
    },
    async sendFeed(feedType, feed, signal) {
      const body = new FileBody(JSON.stringify(feed));
      // It has no name: one that was not answered is sent anew by whoever sends it, with what holds then.
      const answer = await call({ method: 'POST', path: `/v3/feeds?feedType=${feedType}`, body, answer: feedAccepted, repeatable: false, signal }); // biome-ignore format: one thought
      return answer.feedId;
    },
    async feed(feedId, signal) {
      const items: WalmartFeedItem[] = [];
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const query = `includeDetails=true&offset=${page * STOCK_PAGE}&limit=${STOCK_PAGE}`;
        const path = `/v3/feeds/${encodeURIComponent(feedId)}?${query}`;
        const answer = await call({ method: 'GET', path, answer: feedStatus, repeatable: true, signal });
        if (IN_WORK.includes(answer.feedStatus)) return null;
        const found = answer.itemDetails?.itemIngestionStatus ?? [];
        items.push(...found);
        if (found.length === 0 || items.length >= (answer.itemsReceived ?? 0)) return items;
      }
      throw badResponse(SYSTEM, 'itemDetails');
    },
    statistics: () => behindCircuits(client.statistics(), door.statistics()),
    close: async () => {
      await Promise.all([client.close(), door.close()]);
    },
  };
}

function isRefusal(error: unknown, status: number): boolean {
  return isCommerceError(error) && error.code === 'SYSTEM_REJECTED' && error.details.status === status;
}

const coded = z.object({ code: z.string() });
const errorAnswer = z.union([
  z.object({ error: z.array(coded).min(1) }).transform(({ error }) => error),
  z.object({ errors: z.array(coded).min(1) }).transform(({ errors }) => errors),
  z.object({ errors: z.object({ error: z.array(coded).min(1) }) }).transform(({ errors }) => errors.error),
]);

/** Walmart wraps its errors in three ways. Only the code is taken: its texts name what was sent. */
function errorIn(answer: unknown): unknown {
  const code = errorAnswer.safeParse(answer).data?.[0]?.code;
  return code === undefined ? null : { error: { code: codeOf(code) } };
}

/** One of Walmart's codes as ours are written. */
export function codeOf(code: string): string {
  return code.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_').slice(0, 64); // biome-ignore format: one thought
}

const each = (amount: number) => ({ unit: 'EACH', amount });

/** A wait that Walmart asks for is never longer than this: a clock that is wrong there must not stop us for a day. */
const LONGEST_PAUSE_MILLIS = 3_600_000;

/** Calls that are left, and when there will be more: Walmart says both in every answer. */
function pauseIn(now: () => number) {
  return (headers: IncomingHttpHeaders): number | null => {
    const left = Number.parseFloat(String(headers['x-current-token-count'] ?? ''));
    const more = Number.parseFloat(String(headers['x-next-replenishment-time'] ?? ''));
    if (!(left < 1) || !Number.isFinite(more)) return null;
    return Math.min(LONGEST_PAUSE_MILLIS, Math.max(0, more - now()));
  };
}
