import { randomUUID } from 'node:crypto';
import type { Caller } from '../../platform/caller.ts';
import type { Load } from './options.ts';
import { pickSkus } from './world.ts';

/** Who asks when the gateway is left out: what it would say of the storefront's key. */
export const caller: Caller = {
  contract: 'storefront',
  clientId: 'dev-storefront',
  channel: {
    code: 'WEB',
    kind: 'STOREFRONT',
    name: 'Web shop',
    priceList: 'WEB',
    currencyCode: 'GBP',
    safetyStock: 0,
    acknowledgementHours: null,
  },
  customerId: null,
  scopes: [],
  traceId: '0'.repeat(32),
};

/** An order of three lines, paid, for an address, under a new key; of a `store` load to be served by one location, which no batch takes. */
export function orderInput(load: Load) {
  return {
    idempotencyKey: randomUUID(),
    currencyCode: 'GBP',
    customer: { customerId: 'bench-customer', email: 'ada@example.com', name: 'Ada Buyer' },
    lines: lines(load === 'hot'),
    delivery: {
      ...(load === 'store' ? { locationId: 'bench-east' } : {}),
      method: 'SHIPPING' as const,
      address: { name: 'Ada Buyer', line1: '1 High Street', city: 'London', postalCode: 'N1 1AA', countryCode: 'GB' },
    },
    payment: { reference: 'pay', provider: 'bench', authorized: { amount: '3.00', currencyCode: 'GBP' } },
  };
}

export function holdInput(hot: boolean) {
  return { idempotencyKey: randomUUID(), lines: lines(hot), ttlSeconds: 600 };
}

function lines(hot: boolean) {
  return pickSkus(hot).map((number) => ({ sku: `BENCH-${number}`, quantity: 1 }));
}
