import type { Knex } from 'knex';

/** Postings that were read in the moment in which their document was recorded, and know no order since. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    update settlement.journal_entry e set order_id = d.order_id
    from settlement.document d where d.number = e.document_number and e.order_id is null
  `);
}
