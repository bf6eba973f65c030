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
}

export function digest(entries: readonly Entry[]): ClientRecord {
  const keys = new Map<string, KeyRecord>();
  const unknowns: Record<string, number> = {};
  let stock: ClientRecord['stock'] = {};
  for (const entry of entries) {
    switch (entry.type) {
      case 'begin':
        stock = entry.stock;
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
  return { keys, stock, unknowns };
}

/** Whether all answers to a key say the same. */
export const agree = ({ told }: KeyRecord): boolean => told.every((one) => isDeepStrictEqual(one, told[0]));
