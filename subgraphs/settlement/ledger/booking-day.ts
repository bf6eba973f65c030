import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { monthOf } from './model.ts';

/**
 * The day on which something that people decide counts: the day of what it is about, while the month of that is still open, so that a
 * month is closed with what was decided about it; else the day of the decision.
 *
 * @param occasion the day of what is decided about; null: it has none
 */
export async function bookingDay(trx: Knex.Transaction, occasion: Date | null, now: Date): Promise<Date> {
  if (occasion === null || monthOf(occasion) >= monthOf(now)) return now;
  const closed = await query(trx, 'select 1 from settlement.accounting_period where code = ?', [monthOf(occasion)]);
  return closed.length > 0 ? now : occasion;
}
