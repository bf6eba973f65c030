import type { Knex } from 'knex';
import { type Shortage, shortages } from './stock-ledger.ts';

/** The exceptions that were raised for people, by key. */
export interface RaisedExceptions {
  /** Keys of those that are open and begin with this. */
  openKeys(prefix: string): Promise<string[]>;
  /** Closes the open one of this key, if any. @param by what ended it, in words */
  resolve(key: string, by: string): Promise<void>;
}

const PREFIX = 'inventory:shortage:';

/** Under which a shortage is raised. */
export function shortageKey({ sku, locationId }: Pick<Shortage, 'sku' | 'locationId'>): string {
  return `${PREFIX}${locationId}:${sku}`;
}

/**
 * Closes what was raised of shortages that are over: goods were found, or the orders went elsewhere, which no booking of
 * the warehouse tells. One that came back in this very instant is raised anew.
 */
export async function closeCoveredShortages(
  knex: Knex,
  raised: RaisedExceptions,
  onShortage: (shortage: Shortage) => Promise<void>,
): Promise<void> {
  // First what is raised, then what is short: a shortage and its exception are committed together.
  const keys = await raised.openKeys(PREFIX);
  if (keys.length === 0) return;
  const skuOf = (key: string) => key.slice(key.indexOf(':', PREFIX.length) + 1);
  const short = new Set((await shortages(knex, keys.map(skuOf))).map(shortageKey));
  const over = keys.filter((key) => !short.has(key));
  if (over.length === 0) return;
  for (const key of over) await raised.resolve(key, 'the units are there again');
  for (const shortage of await shortages(knex, over.map(skuOf))) {
    if (over.includes(shortageKey(shortage))) await onShortage(shortage);
  }
}
