import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { slug } from '../model.ts';

/** What a new product's handle is made of, best first; `id` is unique. */
export interface HandleWish {
  readonly id: string;
  readonly title: string;
  readonly key: string;
}

/**
 * Handles for products that have none: the title; when it is taken, title and key; at last the id. First come, first
 * served, and never taken away again, because links outside point there.
 *
 * @returns handle by product id
 */
export async function chooseHandles(
  trx: Knex.Transaction,
  wishes: readonly HandleWish[],
): Promise<ReadonlyMap<string, string>> {
  const candidates = new Map(wishes.map((wish) => [wish.id, candidatesOf(wish)]));
  const rows = await query<{ handle: string }>(
    trx,
    'select handle from product.product where handle = any(?::text[])',
    [[...candidates.values()].flat()],
  );
  const taken = new Set(rows.map((row) => row.handle));
  const chosen = new Map<string, string>();
  for (const [id, choices] of candidates) {
    const handle = choices.find((choice) => !taken.has(choice)) ?? idHandle(id);
    taken.add(handle);
    chosen.set(id, handle);
  }
  return chosen;
}

function candidatesOf({ id, title, key }: HandleWish): string[] {
  const name = slug(title);
  return [name, slug(`${name} ${key}`), idHandle(id)].filter((candidate) => candidate !== '');
}

const idHandle = (id: string) => id.replace('_', '-');
