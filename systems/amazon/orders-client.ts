import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { sleep } from '../../platform/clock.ts';
import { isCommerceError } from '../../platform/errors.ts';
import { badResponse, unavailable } from '../client-kit/failure.ts';
import { keptToken } from '../client-kit/kept-token.ts';
import type { SystemStatistics } from '../client-kit/statistics.ts';
import { createSystemClient, type SystemCall } from '../client-kit/system-client.ts';
import { type AmazonOrder, nothing, orderAnswer, ordersPage, type ShipmentConfirmation } from './orders-wire.ts';
import { createPace, type Rate } from './pace.ts';
import { AMAZON_RATES, type AmazonOperation } from './rates.ts';
import { tokenAnswer } from './wire.ts';

export interface AmazonOrdersOptions {
  /** Of the region, such as https://sellingpartnerapi-eu.amazon.com. */
  readonly baseUrl: string;
  /** Login with Amazon. */
  readonly loginUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  /** Where the account sells, such as A1F83G8C2ARO7P. */
  readonly marketplaceIds: readonly string[];
  /** Of one call, in milliseconds. */
  readonly timeoutMillis: number;
  /** Orders of a page, 1 to 100. Default 100. */
  readonly pageSize?: number;
  /** Default: as published. */
  readonly rates?: Partial<Record<AmazonOperation, Rate>>;
  /** Milliseconds since 1970, and how to wait; tests pass their own. */
  readonly now?: () => number;
  readonly pause?: (millis: number, signal?: AbortSignal) => Promise<void>;
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

export function createAmazonOrdersClient(options: AmazonOrdersOptions): AmazonOrdersClient {
  const { baseUrl, timeoutMillis, pageSize = 100, marketplaceIds, now = Date.now, pause = sleep } = options;
  const policy = { token: '', timeoutMillis, attempts: 1, errorIn };
  const client = createSystemClient(SYSTEM, { ...policy, baseUrl });
  const login = new URL(options.loginUrl);
  const door = createSystemClient(SYSTEM, { ...policy, attempts: 3, baseUrl: login.origin });
  const access = keptToken(async () => {
    const { clientId: client_id, clientSecret: client_secret, refreshToken: refresh_token } = options;
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id, client_secret });
    const answer = await door.call({ method: 'POST', path: login.pathname, body, authorization: null, answer: tokenAnswer, repeatable: true }); // biome-ignore format: one thought
    return { token: answer.access_token, seconds: answer.expires_in };
  }, now);
  const rates = { ...AMAZON_RATES, ...options.rates };
  const pace = {
    searchOrders: createPace(rates.searchOrders, now),
    getOrder: createPace(rates.getOrder, now),
    confirmShipment: createPace(rates.confirmShipment, now),
  };

  /** One call of an operation, whose time has come. */
  async function call<Answer extends z.ZodType>(
    operation: AmazonOperation,
    wanted: Omit<SystemCall<Answer>, 'authorization' | 'headers' | 'onHeaders' | 'repeatable'>,
  ): Promise<z.output<Answer>> {
    const once = (token: string) => {
      pace[operation].count();
      return client.call({
        ...wanted,
        authorization: null,
        headers: { 'x-amz-access-token': token },
        onHeaders: (headers) => pace[operation].allow(allowedIn(headers)),
        repeatable: false,
      });
    };
    const token = await access.token();
    try {
      return await once(token);
    } catch (error) {
      if (isStatus(error, 429)) pace[operation].empty();
      if (!isStatus(error, 401) && !isStatus(error, 403)) throw error;
      access.forget(token); // it ended before its time; another is asked for once
      return once(await access.token());
    }
  }

  /** The same, after waiting for its time where that is soon. */
  async function soon<Answer extends z.ZodType>(operation: AmazonOperation, wanted: Parameters<typeof call<Answer>>[1]) {
    const wait = pace[operation].waitMillis();
    if (wait >= timeoutMillis) throw unavailable(SYSTEM, 'rate-limited');
    if (wait > 0) await pause(wait, wanted.signal);
    return call(operation, wanted);
  } // biome-ignore format: one thought

  /** Waits until a page may be asked for, and tells of it now and then. */
  async function* untilItsTime(signal: AbortSignal): AsyncGenerator<readonly unknown[]> {
    for (let left = pace.searchOrders.waitMillis(); left > 0; left = pace.searchOrders.waitMillis()) {
      await pause(Math.min(left, SIGN_OF_LIFE_MILLIS), signal);
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
            page = await call('searchOrders', { method: 'GET', path: `${ORDERS}?${query.toString()}`, answer: ordersPage, signal }); // biome-ignore format: one thought
          } catch (error) {
            const mayCome = isCommerceError(error) && error.code === 'SYSTEM_UNAVAILABLE';
            if (!mayCome || attempt >= ATTEMPTS || signal.aborted) throw error;
            await pause(FIRST_PAUSE_MILLIS * 2 ** (attempt - 1), signal);
          }
        }
        yield page.orders;
        token = page.pagination?.nextToken || null;
      }
    },
    async order(orderId, signal) {
      const query = new URLSearchParams({ includedData: INCLUDED.join(',') });
      const path = `${ORDERS}/${encodeURIComponent(orderId)}?${query.toString()}`;
      return (await soon('getOrder', { method: 'GET', path, answer: orderAnswer, signal })).order;
    },
    async confirmShipment(orderId, body, signal) {
      const path = `/orders/v0/orders/${encodeURIComponent(orderId)}/shipmentConfirmation`;
      await soon('confirmShipment', { method: 'POST', path, body, answer: nothing, signal });
    },
    statistics: () => client.statistics(),
    close: async () => {
      await Promise.all([client.close(), door.close()]);
    },
  };
}

const isStatus = (error: unknown, status: number) => isCommerceError(error) && error.details.status === status;

/** Calls of the operation in a second that Amazon says it allows; NaN where it does not say. */
const allowedIn = (headers: IncomingHttpHeaders) => Number.parseFloat(String(headers['x-amzn-ratelimit-limit'] ?? ''));

const listed = z.object({ errors: z.array(z.object({ code: z.string() })).min(1) });
const loginError = z.object({ error: z.string() });

/** Amazon's list of errors, or that of its login, in the form of ours. Only the code is taken: texts may name a buyer. */
function errorIn(answer: unknown): unknown {
  const code = listed.safeParse(answer).data?.errors[0]?.code ?? loginError.safeParse(answer).data?.error;
  if (code === undefined) return null;
  const words = code.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
  return { error: { code: words.replaceAll(/[^A-Z0-9]+/g, '_').slice(0, 64) } };
}
