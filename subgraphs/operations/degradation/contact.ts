import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';

/**
 * Notes that a feed of a system of record was read to its end, in the transaction that applied it or after it: from now on
 * the system's silence means that nothing changed there.
 * @param feed name of the feed; the data of a system is as old as that of its feed that was heard longest ago
 */
export async function noteContact(knex: Knex, system: string, feed: string): Promise<void> {
  await query(knex, 'select integration.note_contact(?, ?)', [system, feed]);
}
