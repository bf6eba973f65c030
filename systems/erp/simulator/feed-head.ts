import type { Knex } from 'knex';
import type { MasterTable } from './master-data.ts';

/** Tables with a feed: master records, billing and accounting documents. */
export type FeedTable = MasterTable | 'billing_document' | 'accounting_document';

/**
 * Number of the newest entry of a feed; 0 when there is none. The feed's counter may be ahead of it: a repeated request
 * takes a number and stores nothing.
 */
export async function newestChange(knex: Knex, table: FeedTable): Promise<number> {
  const { rows } = await knex.raw<{ rows: { head: string }[] }>(
    `select coalesce(max(change_no), 0) as head from erp.${table}`,
  );
  return Number(rows[0]?.head);
}
