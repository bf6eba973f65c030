import type { Knex } from 'knex';

/** Credits that wait too long for a payout are put on the exception desk. See subgraphs/settlement/payouts/unexplained.ts. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.bank_receipt add column shown_at timestamptz;
    comment on column settlement.bank_receipt.shown_at is 'When it was put on the exception desk, because no payout explained it. Null: it was not, or a payout explains it.';
    create index bank_receipt_unexplained on settlement.bank_receipt (booked_on) where payout_id is null and shown_at is null;
    create index bank_receipt_shown on settlement.bank_receipt (id) where payout_id is not null and shown_at is not null;
  `);
}
