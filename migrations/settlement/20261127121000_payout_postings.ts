import type { Knex } from 'knex';

/** What is posted of a payout's sending, and when the channel says that its state came about. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.payout
      add column sent_minor bigint not null default 0,
      add column sendings int not null default 0,
      add column told_at timestamptz;
    comment on column settlement.payout.sent_minor is 'What stands in the ledger as sent; 0 before it is sent and after it failed.';
    comment on column settlement.payout.sendings is 'How often its sending was posted: each posting has a cause of its own.';
    comment on column settlement.payout.told_at is 'Since when the channel says that it stands like this. Older news is passed over.';
    update settlement.payout set sent_minor = amount_minor, sendings = 1
      where exists (select from settlement.ledger_entry e where e.cause = 'payout:' || payout.id || ':sent');

    -- A decision finds the account by its name; payouts had the number.
    update settlement.difference set account = 'payout-in-transit' where starts_with(group_key, 'payout:') and account ~ '^[0-9]';
  `);
}
