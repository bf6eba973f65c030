import type { Rate } from '../../client-kit/pace.ts';
import type { ShipmentConfirmation } from '../orders-wire.ts';
import type { AmazonOperation } from '../rates.ts';
import { AmazonRefusal, confirm, type OrderJson, type StoredOrder } from './orders.ts';
import { type Answer, type Request, refusal, usagePlans } from './usage-plans.ts';

export interface OrderRoutesOptions {
  readonly orders: Map<string, StoredOrder>;
  /** Orders of a page at most, whatever is asked for. */
  readonly pageSize: number;
  /** How often each operation is answered; without, as often as one likes. */
  readonly rates?: Partial<Record<AmazonOperation, Rate>> | undefined;
  /** Milliseconds since 1970, by which rates are counted; tests pass their own. */
  readonly now?: (() => number) | undefined;
  /** What is wrong with a message by the published model; null when nothing is. */
  readonly check: (operation: AmazonOperation, message: unknown) => string | null;
}

const ONE = /^\/orders\/2026-01-01\/orders\/([^/]+)$/;
const CONFIRMATION = /^\/orders\/v0\/orders\/([^/]+)\/shipmentConfirmation$/;
/** What `includedData` adds to an order. */
const SETS = { BUYER: 'buyer', RECIPIENT: 'recipient', FULFILLMENT: 'fulfillment', PACKAGES: 'packages' } as const;
/** Orders are told that were changed so long ago, at the latest. */
const TOLD_AFTER_MILLIS = 120_000;

/** The orders APIs over an account: each operation with its own rate, which every answer tells. */
export function orderRoutes({ orders, pageSize, rates, now = Date.now, check }: OrderRoutesOptions) {
  const within = usagePlans(rates, now);

  function operationOf({ method, asked: { pathname } }: Request): AmazonOperation | null {
    if (method === 'GET' && pathname === '/orders/2026-01-01/orders') return 'searchOrders';
    if (method === 'GET' && ONE.test(pathname)) return 'getOrder';
    return method === 'POST' && CONFIRMATION.test(pathname) ? 'confirmShipment' : null;
  }

  function search({ searchParams }: URL): Answer {
    const query = Object.fromEntries(searchParams);
    const lists = ['marketplaceIds', 'fulfilledBy', 'includedData'].map((name) => [name, query[name]?.split(',')]);
    const problem = check('searchOrders', { ...query, ...Object.fromEntries(lists.filter(([, list]) => list)), ...(query.maxResultsPerPage ? { maxResultsPerPage: Number(query.maxResultsPerPage) } : {}) }); // biome-ignore format: one thought
    const since = Date.parse(query.lastUpdatedAfter ?? '');
    const limit = Number(query.maxResultsPerPage ?? 100);
    if (problem !== null || Number.isNaN(since) || limit < 1 || limit > 100) return refusal(400, 'InvalidInput');
    // A page begins after the last order of the one before: one that changes meanwhile comes again, and none is left out.
    const [place = '', asked] = query.paginationToken ? Buffer.from(query.paginationToken, 'base64url').toString().split('|') : []; // biome-ignore format: one thought
    if (asked !== undefined && asked !== query.lastUpdatedAfter) return refusal(400, 'InvalidInput');
    const placeOf = ({ lastUpdatedTime, orderId }: OrderJson) => `${lastUpdatedTime} ${orderId}`;
    const until = Date.now() - TOLD_AFTER_MILLIS;
    const wanted = [...orders.values()]
      .filter(({ order }) => Date.parse(order.lastUpdatedTime) >= since && Date.parse(order.lastUpdatedTime) <= until)
      .filter(({ order }) => (query.fulfilledBy ?? order.fulfillment.fulfilledBy).includes(order.fulfillment.fulfilledBy)) // biome-ignore format: one thought
      .filter(({ order }) => placeOf(order) > place)
      .sort((a, b) => (placeOf(a.order) < placeOf(b.order) ? -1 : 1));
    const page = wanted.slice(0, Math.min(limit, pageSize));
    const last = page.at(-1);
    const nextToken = last && page.length < wanted.length ? Buffer.from(`${placeOf(last.order)}|${query.lastUpdatedAfter}`).toString('base64url') : undefined; // biome-ignore format: one thought
    const told = page.map(({ order, former, isStale }) =>
      shown(isStale && former ? former : order, query.includedData),
    );
    return {
      status: 200,
      body: { orders: told, ...(nextToken ? { pagination: { nextToken } } : {}), lastUpdatedBefore: new Date(until).toISOString() }, // biome-ignore format: one thought
    };
  }

  function answered(operation: AmazonOperation, { asked, body }: Request): Answer {
    if (operation === 'searchOrders') return search(asked);
    const [, id = ''] = (operation === 'getOrder' ? ONE : CONFIRMATION).exec(asked.pathname) ?? [];
    const stored = orders.get(decodeURIComponent(id));
    if (!stored) return refusal(404, 'NotFound');
    if (operation === 'getOrder')
      return { status: 200, body: { order: shown(stored.order, asked.searchParams.get('includedData') ?? '') } };
    try {
      const message = JSON.parse(body) as ShipmentConfirmation;
      if (check('confirmShipment', message) !== null) return refusal(400, 'InvalidInput');
      confirm(stored, message);
    } catch (error) {
      if (error instanceof AmazonRefusal) return refusal(400, error.code);
      throw error;
    }
    return { status: 204, body: null };
  }

  /** @returns null where the request is about something else */
  return (request: Request): Answer | null => {
    const operation = operationOf(request);
    return operation && within(operation, () => answered(operation, request));
  };
}

/** The order with what was asked for. */
function shown(order: OrderJson, includedData = ''): Record<string, unknown> {
  const asked = includedData.split(',');
  const hidden = Object.entries(SETS).flatMap(([set, field]) => (asked.includes(set) ? [] : [field as string]));
  return Object.fromEntries(Object.entries(order).filter(([field]) => !hidden.includes(field)));
}
