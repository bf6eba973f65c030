import type { Knex } from 'knex';
import type { MigrationSet } from '../../../platform/db/migrate.ts';
import { feedCounterSql } from '../../kit/feed.ts';

/** Tables of the ERP, in its own database. Amounts are integer minor units of the row's currency. */
export const migrations: MigrationSet = {
  '20261123090000_erp': {
    async up(knex: Knex) {
      await knex.raw(feedCounterSql('erp'));
      await knex.raw(MASTER_DATA);
      await knex.raw(BILLING);
      await knex.raw(ACCOUNTING);
    },
  },
  '20261127120000_general_ledger': {
    async up(knex: Knex) {
      await knex.raw(GENERAL_LEDGER);
    },
  },
  '20261127124500_sales_bom': {
    async up(knex: Knex) {
      await knex.raw(masterTable('sales_bom'));
    },
  },
  '20261128191500_dispute_account': {
    async up(knex: Knex) {
      await knex.raw(LATER_ACCOUNTS);
    },
  },
};

/**
 * The index on change numbers is not unique although they are: to change a column of a unique index PostgreSQL locks the
 * row against everything that refers to it, and two payments of one document would deadlock.
 */
const feedIndex = (table: string) => `create index on erp.${table} (change_no);`;

/** Master records of one kind, with their feed: the newest state under its newest change number. */
function masterTable(table: string): string {
  return `
      create table erp.${table} (
        record_no text primary key,
        content jsonb not null,
        change_no bigint not null,
        changed_at timestamptz not null default now()
      );
      ${feedIndex(table)}`;
}

const MASTER_DATA = ['material_group', 'material', 'condition_record']
  .map(masterTable)
  .join('\n')
  .concat(`create index on erp.material ((content ->> 'oldMaterialNo'));`);

const BILLING = `
  create table erp.customer_account (
    sold_to text primary key,
    opened_at timestamptz not null default now()
  );

  create sequence erp.billing_number start 90000001;
  create table erp.billing_document (
    billing_no text primary key default lpad(nextval('erp.billing_number')::text, 10, '0'),
    external_ref text not null unique,
    fingerprint text not null,
    doc_type text not null check (doc_type in ('F2', 'G2')),
    sold_to text not null references erp.customer_account,
    order_ref text not null,
    currency text not null,
    items jsonb not null,
    net_minor bigint not null,
    tax_minor bigint not null,
    gross_minor bigint not null check (gross_minor = net_minor + tax_minor),
    paid_minor bigint not null default 0 check (paid_minor between 0 and gross_minor),
    status text not null check (status in ('OPEN', 'POSTED', 'CLEARED')),
    created_at timestamptz not null default now(),
    -- When it goes into the books. Only read while OPEN.
    posting_due_at timestamptz not null,
    change_no bigint not null
  );
  ${feedIndex('billing_document')}
  create index on erp.billing_document (posting_due_at) where status = 'OPEN';
  create index on erp.billing_document (sold_to);

  create table erp.payment (
    payment_ref text primary key,
    fingerprint text not null,
    billing_no text not null references erp.billing_document,
    accounting_doc_no text,
    received_at timestamptz not null default now()
  );
`;

const ACCOUNTING = `
  create sequence erp.accounting_number start 100000001;
  create table erp.accounting_document (
    accounting_doc_no text primary key default lpad(nextval('erp.accounting_number')::text, 10, '0'),
    doc_type text not null check (doc_type in ('RV', 'DZ')),
    billing_no text not null references erp.billing_document,
    header_text text not null,
    currency text not null,
    posted_at timestamptz not null default now(),
    change_no bigint not null
  );
  ${feedIndex('accounting_document')}
  -- A billing document is booked once, whatever happens.
  create unique index on erp.accounting_document (billing_no) where doc_type = 'RV';

  create table erp.accounting_line (
    accounting_doc_no text not null references erp.accounting_document,
    line_no int not null,
    account text not null,
    -- S (Soll): debit. H (Haben): credit.
    debit_credit text not null check (debit_credit in ('S', 'H')),
    amount_minor bigint not null check (amount_minor >= 0),
    primary key (accounting_doc_no, line_no)
  );

  -- Checked at commit, when all lines are there: books that do not balance cannot be stored.
  create function erp.refuse_unbalanced() returns trigger language plpgsql as $$
    begin
      if (select sum(case debit_credit when 'S' then amount_minor else -amount_minor end)
          from erp.accounting_line where accounting_doc_no = new.accounting_doc_no) <> 0 then
        raise exception 'accounting document % does not balance', new.accounting_doc_no using errcode = 'check_violation';
      end if;
      return null;
    end $$;
  create constraint trigger balanced after insert or update on erp.accounting_line
    deferrable initially deferred for each row execute function erp.refuse_unbalanced();
`;

/** Accounts that the settlement's posting rules took up later. */
const LATER_ACCOUNTS = `insert into erp.gl_account (account, account_name) values ('1366', 'Channels: in dispute') on conflict do nothing;`;

const GENERAL_LEDGER = `
  create table erp.gl_account (
    account text primary key,
    account_name text not null
  );
  insert into erp.gl_account (account, account_name) values
    ('1200', 'Trade receivables'), ('1361', 'Channels: sold and invoiced, not yet settled'),
    ('1362', 'Channels: settled, not yet paid out'), ('1363', 'Channels: held back'),
    ('1364', 'Payouts on their way to the bank'), ('1365', 'Clearing between currencies'),
    ('1390', 'Settlement lines without an explanation'), ('1460', 'Payment providers'), ('1776', 'Output tax'),
    ('1777', 'Tax that channels paid for us'), ('1800', 'Bank'), ('4840', 'Exchange differences'),
    ('4930', 'Settlement differences accepted'), ('4931', 'Settlement differences within tolerance'),
    ('6770', 'Commissions of channels'), ('6771', 'Fees of channels'), ('6772', 'Chargebacks'),
    ('6931', 'Settlement differences written off'), ('8400', 'Revenue'), ('8405', 'Delivery charges'),
    ('8420', 'Discounts borne by us');

  create table erp.posting_period (
    posting_period text primary key,
    status text not null default 'OPEN' check (status in ('OPEN', 'CLOSED'))
  );

  alter table erp.accounting_document drop constraint accounting_document_doc_type_check;
  alter table erp.accounting_document alter column billing_no drop not null,
    add constraint accounting_document_doc_type_check check (doc_type in ('RV', 'DZ', 'SA')),
    add constraint accounting_document_source check ((billing_no is null) = (doc_type = 'SA'));

  create table erp.gl_document (
    external_ref text primary key,
    fingerprint text not null,
    posting_period text not null,
    accounting_doc_no text unique references erp.accounting_document
  );
`;
