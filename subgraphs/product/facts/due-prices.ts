import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { takeChangeMoment } from '../change-clock.ts';
import { settleProducts } from '../product-state.ts';

/**
 * Works in the prices that began or ended since the last time: they change what a product costs although nobody wrote
 * anything. Until then such a product keeps its old place in price sorts; the price that is shown is exact at any time.
 *
 * @returns how many products were brought up to date
 */
export async function workInDuePrices(knex: Knex, now: Date): Promise<number> {
  // A look without taking a turn: nearly always nothing is due.
  if ((await findDueProducts(knex, now)).length === 0) return 0;
  return inTransaction(knex, async (trx) => {
    const at = await takeChangeMoment(trx, now);
    const due = await takeDueProducts(trx, at);
    await settleProducts(trx, due, at);
    return due.length;
  });
}

/** The products with due prices; from now on they are the caller's to settle, in this transaction. */
export async function takeDueProducts(trx: Knex.Transaction, at: Date): Promise<string[]> {
  const due = await findDueProducts(trx, at);
  await change(trx, 'update product.change_clock set prices_worked_to = ?', [at]);
  return due;
}

async function findDueProducts(db: Knex, until: Date): Promise<string[]> {
  const [clock] = await query<{ from: Date | null }>(
    db,
    `select nullif(prices_worked_to, '-infinity') as from from product.change_clock`,
  );
  // Before the first writer there is no price.
  if (!clock?.from) return [];
  // As constants, so that the planner sees how short the period is.
  const rows = await query<{ product_id: string }>(
    db,
    `select distinct variant.product_id from product.variant join (
       select variant_id from product.price where valid_from > ? and valid_from <= ?
       union select variant_id from product.price where valid_to > ? and valid_to <= ?
     ) as due on due.variant_id = variant.id`,
    [clock.from, until, clock.from, until],
  );
  return rows.map((row) => row.product_id);
}
