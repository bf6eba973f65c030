import type { Knex } from 'knex';

/** Money on its way from channels to the bank, and what the bank says arrived. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table settlement.payout (
      id text primary key,
      channel_code text not null,
      external_id text not null,
      statement_id text references settlement.statement (id),
      state text not null check (state in ('SCHEDULED', 'IN_TRANSIT', 'PAID', 'FAILED', 'CANCELLED', 'CARRIED_FORWARD')),
      amount_minor bigint not null,
      currency_code text not null,
      reference text,
      scheduled_at timestamptz,
      carried_into text references settlement.payout (id),
      changed_at timestamptz not null default clock_timestamp(),
      unique (channel_code, external_id)
    );
    comment on column settlement.payout.amount_minor is 'What the bank is to show. Negative: the channel is owed, and takes it from the next payout (carried_into).';
    create index payout_statement on settlement.payout (statement_id);
    create index payout_open on settlement.payout (currency_code, amount_minor) where state in ('SCHEDULED', 'IN_TRANSIT');

    create table settlement.payout_change (
      payout_id text not null references settlement.payout (id),
      position int not null,
      state text not null,
      actor text not null,
      note text not null,
      changed_at timestamptz not null default clock_timestamp(),
      primary key (payout_id, position)
    );

    create table settlement.bank_receipt (
      id text primary key,
      source text not null,
      account_tail text not null,
      bank_reference text not null,
      remittance text not null,
      amount_minor bigint not null,
      currency_code text not null,
      booked_on date not null,
      payout_id text references settlement.payout (id),
      received_at timestamptz not null default clock_timestamp(),
      unique (source, account_tail, bank_reference, amount_minor, booked_on)
    );
    comment on table settlement.bank_receipt is 'Credits on our bank account that may be payouts. account_tail: last four characters, never the whole number.';
    create index bank_receipt_open on settlement.bank_receipt (currency_code, amount_minor) where payout_id is null;
  `);
}
