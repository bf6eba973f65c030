import type { Knex } from 'knex';

/**
 * Payouts that arrive in several credits, what people decide about credits, and entries of the bank that contradict what it said
 * before. See subgraphs/settlement/payouts.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.payout drop constraint payout_state_check;
    alter table settlement.payout add constraint payout_state_check
      check (state in ('SCHEDULED', 'IN_TRANSIT', 'PARTIALLY_PAID', 'PAID', 'FAILED', 'CANCELLED', 'CARRIED_FORWARD'));

    alter table settlement.bank_receipt
      add column statement_reference text,
      add column held boolean not null default false,
      add column conflict text check (conflict in ('CHANGED', 'ADDED', 'MISSING')),
      add column contradicts text references settlement.bank_receipt (id),
      add column matchings int not null default 0;
    comment on column settlement.bank_receipt.statement_reference is 'The bank''s id of the statement, with its page where it has several. Null where the file has none.';
    comment on column settlement.bank_receipt.held is 'Only a person matches it: one took it from its payout, or it contradicts what the bank said before.';
    comment on column settlement.bank_receipt.conflict is 'CHANGED: the bank told this entry before with another amount or day (contradicts). ADDED: it sent the statement before without it. MISSING: it sent the statement again without it.';
    comment on column settlement.bank_receipt.matchings is 'How often it was matched: each posting of its arrival has a cause of its own.';
    update settlement.bank_receipt set matchings = 1 where payout_id is not null;
    create index bank_receipt_payout on settlement.bank_receipt (payout_id) where payout_id is not null;
    create index bank_receipt_reference on settlement.bank_receipt (account_tail, bank_reference);
    create index bank_receipt_conflict on settlement.bank_receipt (id) where conflict is not null;
    create index bank_receipt_statement on settlement.bank_receipt (account_tail, statement_reference) where statement_reference is not null;

    create table settlement.bank_statement (
      account_tail text not null,
      reference text not null,
      taken_at timestamptz not null default clock_timestamp(),
      primary key (account_tail, reference)
    );
    comment on table settlement.bank_statement is 'Statements of the bank that were taken in, where it names them: one that comes again has to say the same.';

    create table settlement.receipt_decision (
      id text primary key,
      receipt_id text not null references settlement.bank_receipt (id),
      kind text not null check (kind in ('MATCH', 'RELEASE')),
      payout_id text not null references settlement.payout (id),
      note text not null,
      actor text not null,
      entry_id text references settlement.ledger_entry (id),
      made_at timestamptz not null default clock_timestamp()
    );
    comment on table settlement.receipt_decision is 'What people decided about money at the bank: that it is of a payout, or is not. Each with its reason and its posting.';
    create index receipt_decision_receipt on settlement.receipt_decision (receipt_id, made_at);
    create trigger receipt_decision_kept before update or delete on settlement.receipt_decision for each row execute function settlement.refuse_change();
  `);
}
