import type { Knex } from 'knex';

/** What is still to be posted from our own events, and one view of both books: the ERP's and the channel ledger. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.ledger_entry add column erp text not null check (erp in ('VOUCHER', 'MIRROR', 'NONE'));
    comment on column settlement.ledger_entry.erp is 'VOUCHER: the ERP gets it with the vouchers of the period. MIRROR: the ERP booked it itself. NONE: memorandum.';
    create index ledger_entry_booked on settlement.ledger_entry (booked_at desc, id desc) where erp = 'VOUCHER';

    create table settlement.posting_due (
      id bigint generated always as identity primary key,
      event text not null check (event in ('CAPTURED', 'CANCELLED', 'DOCUMENT', 'CLEARED')),
      subject_id text not null,
      amount_minor bigint,
      at timestamptz not null,
      unique (event, subject_id, at)
    );
    comment on table settlement.posting_due is 'What happened to orders and documents and is not in the ledger yet. A row goes with the transaction that posts it.';
    comment on column settlement.posting_due.subject_id is 'CAPTURED, CANCELLED: the order. DOCUMENT, CLEARED: the ERP''s number of the document.';

    create view settlement.journal as
      select id, number, order_id, null::text as statement_id, description, posted_at, 'ERP' as book from settlement.journal_entry
      union all
      select id, 'L-' || sequence, order_id, statement_id, description, booked_at, 'CHANNEL_LEDGER' from settlement.ledger_entry where erp = 'VOUCHER';
    comment on view settlement.journal is 'Postings of the ERP, and of the channel ledger those that the ERP did not make itself.';
  `);
}
