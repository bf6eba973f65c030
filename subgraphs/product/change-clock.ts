import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';

/**
 * Waits for its turn among the writers of products and takes the next moment: the `updated_at` of all that the
 * transaction changes. The turn lasts until the transaction ends. So a reader of "changed since" who has seen one moment
 * has seen all earlier ones, and writers never deadlock over products.
 *
 * @returns a moment later than that of every writer before
 */
export async function takeChangeMoment(trx: Knex.Transaction, now: Date): Promise<Date> {
  const [row] = await query<{ last_at: Date }>(
    trx,
    `update product.change_clock
     set last_at = greatest(?::timestamptz, last_at + interval '1 millisecond')
     returning last_at`,
    [now],
  );
  if (!row) throw new Error('product.change_clock is empty');
  return row.last_at;
}
