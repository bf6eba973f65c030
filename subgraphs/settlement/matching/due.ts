import type { Knex } from 'knex';
import { change } from '../../../platform/db/query.ts';

/** Lines of a statement that name no order are looked at in blocks of this many line numbers. */
export const LINES_PER_BLOCK = 1_000;

/**
 * Makes a loaded statement visible and has every line of it looked at: call it last in the transaction that ends the
 * load. One statement, whatever the number of lines.
 *
 * @returns false when the statement is not LOADING any more: nothing was done
 */
export async function openForMatching(trx: Knex.Transaction, statementId: string): Promise<boolean> {
  const opened = await change(
    trx,
    `update settlement.statement set state = 'INGESTED', ingested_at = clock_timestamp(),
       line_count = (select count(*) from settlement.statement_line where statement_id = settlement.statement.id)
     where id = ? and state = 'LOADING'`,
    [statementId],
  );
  if (opened === 0) return false;
  await change(
    trx,
    `insert into settlement.match_due (channel_code, order_key)
     select distinct channel_code, coalesce(channel_order_id, merchant_order_id) as order_key from settlement.statement_line
     where statement_id = ? and coalesce(channel_order_id, merchant_order_id) is not null order by order_key`,
    [statementId],
  );
  await change(
    trx,
    `insert into settlement.match_due (channel_code, statement_id, block)
     select distinct channel_code, statement_id, line_number / ? from settlement.statement_line
     where statement_id = ? and coalesce(channel_order_id, merchant_order_id) is null`,
    [LINES_PER_BLOCK, statementId],
  );
  return true;
}
