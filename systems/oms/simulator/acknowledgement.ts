import type { Knex } from 'knex';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { takeFeedNumbers } from '../../kit/feed.ts';

const MOST_AT_ONCE = 500;

/**
 * Acknowledges the orders whose time has come.
 *
 * @returns how many, and the milliseconds until more are due (null: nothing known)
 */
export async function acknowledgeDueOrders(
  knex: Knex,
): Promise<{ acknowledged: number; nextDueMillis: number | null }> {
  const acknowledged = await inTransaction(knex, async (trx) => {
    const { rows } = await trx.raw<{ rows: { desk_no: string }[] }>(
      `select desk_no from oms.desk_order where state = 'RECEIVED' and acknowledge_due_at <= now()
       order by acknowledge_due_at, desk_no limit ? for no key update skip locked`,
      [MOST_AT_ONCE],
    );
    if (rows.length === 0) return 0;
    const first = await takeFeedNumbers(trx, 'oms', 'desk_order', rows.length);
    await trx.raw(
      `update oms.desk_order set state = 'ACKNOWLEDGED', acknowledged_at = now(), change_no = ? + position - 1
       from unnest(?::text[]) with ordinality as given (due_no, position) where desk_no = due_no`,
      [first, rows.map((row) => row.desk_no)],
    );
    return rows.length;
  });
  const { rows } = await knex.raw<{ rows: { millis: string | null }[] }>(
    `select extract(epoch from min(acknowledge_due_at) - clock_timestamp()) * 1000 as millis
     from oms.desk_order where state = 'RECEIVED'`,
  );
  const millis = rows[0]?.millis ?? null;
  return { acknowledged, nextDueMillis: millis === null ? null : Math.max(0, Math.ceil(Number(millis))) };
}
