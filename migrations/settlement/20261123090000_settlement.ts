import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table settlement.document (
      id text primary key,
      kind text not null check (kind in ('INVOICE', 'CREDIT_MEMO')),
      posting_key text not null unique,
      number text not null unique,
      order_id text not null,
      order_number text not null,
      return_id text,
      channel_code text not null,
      customer_id text,
      currency_code text not null,
      net_minor bigint not null check (net_minor >= 0),
      tax_minor bigint not null check (tax_minor >= 0),
      total_minor bigint not null check (total_minor >= 0),
      payment_due boolean not null,
      issued_at timestamptz not null,
      trace_id text not null,
      constraint document_adds_up check (total_minor = net_minor + tax_minor)
    );
    comment on table settlement.document is 'Invoices and credit memos as the ERP has them. The ERP owns them; this is a projection.';
    comment on column settlement.document.posting_key is 'The workflow step that had it posted, and the ERP''s external reference: one document per key.';
    comment on column settlement.document.payment_due is 'The money was authorised with the order: the document is to be cleared once it is posted.';
    create table settlement.document_state (
      number text primary key,
      status text not null check (status in ('DRAFT', 'POSTED', 'PAID', 'CANCELLED')),
      source_sequence bigint not null
    );
    comment on table settlement.document_state is 'State of each document by the ERP''s number. Apart from the document, because the feed may bring it before the document is recorded.';
    comment on column settlement.document_state.source_sequence is 'Change number of the ERP; an older one never overwrites it.';

    create index document_order on settlement.document (order_id, issued_at, id);
    create index document_list on settlement.document (kind, issued_at desc, id desc);
    create index document_customer on settlement.document (customer_id, issued_at desc, id desc) where customer_id is not null;

    create table settlement.refund (
      id text primary key,
      document_id text not null unique references settlement.document (id),
      order_id text not null,
      return_id text,
      amount_minor bigint not null check (amount_minor >= 0),
      currency_code text not null,
      created_at timestamptz not null default now()
    );
    create index refund_order on settlement.refund (order_id, created_at);

    create table settlement.journal_entry (
      id text primary key,
      number text not null unique,
      order_id text,
      document_number text,
      description text not null,
      posted_at timestamptz not null,
      source_sequence bigint not null
    );
    comment on table settlement.journal_entry is 'Accounting documents as the ERP posted them.';
    create index journal_entry_posted on settlement.journal_entry (posted_at desc, id desc);
    create index journal_entry_order on settlement.journal_entry (order_id, posted_at);

    create table settlement.journal_line (
      entry_id text not null references settlement.journal_entry (id),
      position int not null,
      account text not null,
      side text not null check (side in ('DEBIT', 'CREDIT')),
      amount_minor bigint not null check (amount_minor >= 0),
      currency_code text not null,
      primary key (entry_id, position)
    );
    create index journal_line_account on settlement.journal_line (account);
  `);
}
