import type { Knex } from 'knex';
import { query } from './query.ts';

/** What time it is by the clock of the operational store: the one clock that all processes share, however wrong their own are. */
export async function storeTime(knex: Knex): Promise<Date> {
  const [row] = await query<{ now: Date }>(knex, 'select clock_timestamp() as now');
  if (!row) throw new Error('the store told no time');
  return row.now;
}
