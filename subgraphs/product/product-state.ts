import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { writeEvents } from '../../events/outbox.ts';
import { change, query } from '../../platform/db/query.ts';

/**
 * Brings everything that is derived from products up to date after they changed: the order of price sorts, stock,
 * `updated_at`, and a product-changed event each. Ids without a product are passed over: a variant or a price that came
 * before its product is worked in when the product comes.
 *
 * @param at moment of the transaction, from the change clock
 */
export async function settleProducts(trx: Knex.Transaction, productIds: readonly string[], at: Date): Promise<void> {
  if (productIds.length === 0) return;
  await change(trx, 'select product.refresh_listed_prices(?::text[], ?)', [productIds, at]);
  const changed = await query<{ product_id: string; revision: number; skus: string[] }>(
    trx,
    `with written as (
       insert into product.product_state as known (product_id, revision, available, updated_at)
       select product.id, 1, product.available_of(product.id), ?::timestamptz
       from product.product where product.id = any(?::text[]) order by product.id
       on conflict (product_id) do update
       set revision = known.revision + 1, available = excluded.available, updated_at = excluded.updated_at
       returning product_id, revision
     )
     select product_id, revision,
       array(select sku from product.variant where variant.product_id = written.product_id order by sku) as skus
     from written order by product_id`,
    [at, productIds],
  );
  const traceId = randomBytes(16).toString('hex');
  await writeEvents(
    trx,
    changed.map((row) => ({
      type: 'product-changed.v1' as const,
      subject: row.product_id,
      version: row.revision,
      channelCode: null,
      traceId,
      data: { productId: row.product_id, skus: row.skus },
    })),
  );
}
