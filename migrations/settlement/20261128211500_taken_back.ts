import type { Knex } from 'knex';

/** Money that the bank takes back, such as a payout that is returned. See subgraphs/settlement/payouts/taken-back.ts. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.bank_receipt add column takes_back text references settlement.bank_receipt (id);
    comment on column settlement.bank_receipt.takes_back is 'The credit that the bank took back with it; its amount is negative. Null for a credit, and while nobody knows which it was.';
    create unique index bank_receipt_taken_back on settlement.bank_receipt (takes_back) where takes_back is not null;
  `);
}
