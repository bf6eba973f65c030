import { orderInput } from '../capture/requests.ts';
import type { Outcome, ShopClient } from './shop-client.ts';

/** What visitors of a shop ask for: the numbers of goods and orders. */
export interface Wishes {
  good(): number;
  order(): number;
}

export type Visit = 'listing' | 'search' | 'by price' | 'product page' | 'cart' | 'order page' | 'order';

/** One visit of a kind. */
export function visit(client: ShopClient, kind: Visit, { good, order }: Wishes): Promise<Outcome> {
  switch (kind) {
    case 'listing':
      return client.ask('ProductListing', { first: 20 });
    case 'search':
      return client.ask('ProductListing', { first: 20, search: `item ${good()}` });
    case 'by price':
      return client.ask('ProductListing', { first: 20, sortBy: 'PRICE_ASC' });
    case 'product page':
      return client.ask('ProductPage', { handle: `bench-${good()}` });
    case 'cart':
      return client.ask('CartAvailability', { skus: Array.from({ length: 5 }, () => `BENCH-${good()}`) });
    case 'order page':
      return client.ask('OrderPage', { id: `ord_bench_${order()}` });
    case 'order':
      return client.ask('PlaceOrder', { input: { ...orderInput('spread'), lines: threeOf(good) } });
  }
}

function threeOf(good: () => number) {
  const skus = new Set<string>();
  while (skus.size < 3) skus.add(`BENCH-${good()}`);
  return Array.from(skus, (sku) => ({ sku, quantity: 1 }));
}

/** Whether the visit found what it came for: an answer of nulls is fast and worth nothing. */
export function isFound({ data, codes }: Outcome): boolean {
  if (data === null || codes.length > 0) return false;
  const [found] = Object.values(data);
  if (Array.isArray(found)) return found.every((each) => each !== null);
  if (typeof found !== 'object' || found === null) return false;
  if ('edges' in found) return (found.edges as unknown[]).length > 0;
  return !('order' in found) || found.order !== null;
}

/** Of a hundred visitors of a shop. */
const MIXED: readonly (readonly [Visit, number])[] = [
  ['listing', 40],
  ['search', 15],
  ['product page', 30],
  ['cart', 8],
  ['order page', 5],
  ['order', 2],
];

/** @param even from 0 up to 1 */
export function mixedVisit(even: number): Visit {
  let left = even * 100;
  for (const [kind, share] of MIXED) {
    left -= share;
    if (left < 0) return kind;
  }
  return 'listing';
}
