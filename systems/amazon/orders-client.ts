import type { z } from 'zod';
import { isCommerceError } from '../../platform/errors.ts';
import { badResponse } from '../client-kit/failure.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import type { AmazonCalls } from './calls.ts';
import { type AmazonOrder, nothing, orderAnswer, ordersPage, type ShipmentConfirmation } from './orders-wire.ts';

export interface AmazonOrdersOptions {
  /** Where the account sells, such as A1F83G8C2ARO7P. */
  readonly marketplaceIds: readonly string[];
  /** Orders of a page, 1 to 100. Default 100. */
  readonly pageSize?: number;
}

/**
 * The orders of a selling account at Amazon: read by 2026-01-01, shipments confirmed by v0, which has the only way of it. No call
 * goes out before its operation's rate allows it, and none is repeated here. Every failure is a CommerceError, see
 * `createSystemClient`; what would have to wait longer than a call may take is SYSTEM_UNAVAILABLE.
 */
export interface AmazonOrdersClient {
  /**
   * Orders that the seller fulfils and that changed since a moment, as they came, page by page. While the rate allows no page
   * yet, empty ones are told: it goes on.
   */
  changedOrders(since: Date, signal: AbortSignal): AsyncIterable<readonly unknown[]>;
  order(orderId: string, signal: AbortSignal): Promise<AmazonOrder>;
  confirmShipment(orderId: string, confirmation: ShipmentConfirmation, signal: AbortSignal): Promise<void>;
  statistics(): SystemStatistics;
  close(): Promise<void>;
}

const SYSTEM = 'AMAZON';
const ORDERS = '/orders/2026-01-01/orders';
/** What orders are read with. Buyer and recipient need roles of the application, no token of their own. */
const INCLUDED = ['BUYER', 'RECIPIENT', 'FULFILLMENT', 'CANCELLATION', 'PACKAGES'];
/** Above this, pages lead in a circle. */
const MOST_PAGES = 2_000;
/** While a page waits for its time, its reader hears of it so often, in milliseconds. */
const SIGN_OF_LIFE_MILLIS = 30_000;
/** Times that a page is asked for which Amazon puts off, or fails to give. */
const ATTEMPTS = 4;
/** Pause after a page that failed, doubled each time. */
const FIRST_PAUSE_MILLIS = 1_000;

/** @param calls closed with the client */
export function createAmazonOrdersClient(calls: AmazonCalls, options: AmazonOrdersOptions): AmazonOrdersClient {
  const { pageSize = 100, marketplaceIds } = options;

  /** Waits until a page may be asked for, and tells of it now and then. */
  async function* untilItsTime(signal: AbortSignal): AsyncGenerator<readonly unknown[]> {
    for (let left = calls.waitMillis('searchOrders'); left > 0; left = calls.waitMillis('searchOrders')) {
      await calls.pause(Math.min(left, SIGN_OF_LIFE_MILLIS), signal);
      yield [];
    }
  }

  return {
    async *changedOrders(since, signal) {
      const seen = new Set<string>();
      for (let token: string | null = ''; token !== null; ) {
        if (seen.has(token) || seen.size >= MOST_PAGES) throw badResponse(SYSTEM, 'nextToken');
        seen.add(token);
        const query = new URLSearchParams({
          lastUpdatedAfter: since.toISOString(),
          marketplaceIds: marketplaceIds.join(','),
          fulfilledBy: 'MERCHANT',
          includedData: INCLUDED.join(','),
          maxResultsPerPage: String(pageSize),
          ...(token === '' ? {} : { paginationToken: token }),
        });
        let page: z.output<typeof ordersPage> | null = null;
        for (let attempt = 1; page === null; attempt += 1) {
          yield* untilItsTime(signal);
          try {
            page = await calls.now('searchOrders', { method: 'GET', path: `${ORDERS}?${query.toString()}`, answer: ordersPage, signal }); // biome-ignore format: one thought
          } catch (error) {
            const mayCome = isCommerceError(error) && error.code === 'SYSTEM_UNAVAILABLE';
            if (!mayCome || attempt >= ATTEMPTS || signal.aborted) throw error;
            await calls.pause(FIRST_PAUSE_MILLIS * 2 ** (attempt - 1), signal);
          }
        }
        yield page.orders;
        token = page.pagination?.nextToken || null;
      }
    },
    async order(orderId, signal) {
      const query = new URLSearchParams({ includedData: INCLUDED.join(',') });
      const path = `${ORDERS}/${encodeURIComponent(orderId)}?${query.toString()}`;
      return (await calls.soon('getOrder', { method: 'GET', path, answer: orderAnswer, signal })).order;
    },
    async confirmShipment(orderId, body, signal) {
      const path = `/orders/v0/orders/${encodeURIComponent(orderId)}/shipmentConfirmation`;
      await calls.soon('confirmShipment', { method: 'POST', path, body, answer: nothing, signal });
    },
    statistics: () => calls.statistics(),
    close: () => calls.close(),
  };
}
