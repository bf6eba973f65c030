import { isDeepStrictEqual } from 'node:util';
import type { Asked, Entry, Operation, Told } from './history.ts';

/** Everything clients know about one key. */
export interface KeyRecord {
  readonly key: string;
  readonly operation: Operation;
  readonly asked: Asked;
  attempts: number;
  /** Outcomes that were acknowledged; more than one when a request was repeated after its answer, or sent twice. */
  readonly told: Told[];
}

export interface ClientRecord {
  readonly keys: ReadonlyMap<string, KeyRecord>;
  /** Units per SKU before the first order. */
  readonly stock: Readonly<Record<string, number>>;
  readonly unknowns: Readonly<Record<string, number>>;
  /** Seconds within which an order that was placed without a payment has to be paid. */
  readonly payWithin: number;
}

export function digest(entries: readonly Entry[]): ClientRecord {
  const keys = new Map<string, KeyRecord>();
  const unknowns: Record<string, number> = {};
  let stock: ClientRecord['stock'] = {};
  let payWithin = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    switch (entry.type) {
      case 'begin':
        stock = entry.stock;
        payWithin = entry.payWithin;
        break;
      case 'invoke': {
        const known = keys.get(entry.key);
        if (known) known.attempts += 1;
        else
          keys.set(entry.key, {
            key: entry.key,
            operation: entry.operation,
            asked: entry.asked,
            attempts: 1,
            told: [],
          });
        break;
      }
      case 'answer':
        keys.get(entry.key)?.told.push(entry.told);
        break;
      case 'unknown':
        for (const code of entry.codes) unknowns[code] = (unknowns[code] ?? 0) + 1;
        break;
      case 'gaveUp':
      case 'fault':
        break;
    }
  }
  return { keys, stock, unknowns, payWithin };
}

/** Whether all answers to a key say the same. */
export const agree = ({ told }: KeyRecord): boolean => told.every((one) => isDeepStrictEqual(one, told[0]));

/** How the buyer of an order paid, as far as they were told. */
type Payment = 'PAID' | 'UNPAID' | 'REFUSED' | 'UNKNOWN';

/** Per order that was acknowledged. Paid is also what was paid with its order. */
export function paymentsOf({ keys }: ClientRecord): ReadonlyMap<string, Payment> {
  const later = new Map([...keys.values()].flatMap((key) => (key.operation === 'orderRecordPayment' ? [[key.asked.orderId, key] as const] : []))); // biome-ignore format: one thought
  const payment = (orderId: string, { asked }: KeyRecord): Payment => {
    if (!asked.unpaid) return 'PAID';
    const key = later.get(orderId);
    if (!key) return 'UNPAID';
    const [told] = key.told;
    if (!told) return 'UNKNOWN';
    return told.codes.length === 0 ? 'PAID' : 'REFUSED';
  };
  return new Map(
    [...keys.values()].flatMap((key) => {
      const orderId = key.operation === 'orderPlace' ? key.told[0]?.orderId : null;
      return orderId ? [[orderId, payment(orderId, key)]] : [];
    }),
  );
}
