import type { Knex } from 'knex';

/** What goods cost, as the ERP says when it posts their document: an order's margin. See subgraphs/settlement/finance.ts. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.document_line add column cost_minor bigint check (cost_minor >= 0);
    comment on column settlement.document_line.cost_minor is 'What the goods of the line cost, in the currency of the document, when it was posted. Null: the ERP does not know, or knows it in another currency.';
  `);
}
