import type { Knex } from 'knex';

/** The sub-ledger of what channels owe us: double entry, append-only, chained by hashes. See subgraphs/settlement/ledger. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(TABLES);
  await knex.raw(GUARDS);
}

const TABLES = `
create table settlement.accounting_period (
  code text primary key check (code ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  closed_at timestamptz not null default clock_timestamp(),
  closed_by text not null,
  head_sequence bigint not null,
  head_hash bytea not null
);
comment on table settlement.accounting_period is 'Closed months. A month without a row is open.';
comment on column settlement.accounting_period.head_hash is 'Newest entry of the ledger when the month was closed: what came before cannot have changed since while the chain verifies.';

create table settlement.posting_rules (
  version int primary key check (version > 0),
  sha256 bytea not null,
  content text not null,
  first_used_at timestamptz not null default clock_timestamp()
);
comment on table settlement.posting_rules is 'Every version of config/posting-rules.yaml that postings were made by, as it was read.';

create table settlement.ledger_head (
  single boolean primary key default true check (single),
  sequence bigint not null,
  hash bytea not null
);
comment on table settlement.ledger_head is 'Newest entry. Its row lock makes appending serial.';
insert into settlement.ledger_head (sequence, hash) values (0, decode(repeat('00', 32), 'hex'));

create table settlement.ledger_entry (
  sequence bigint primary key check (sequence > 0),
  id text not null unique,
  cause text not null unique,
  event text not null,
  rule_version int not null references settlement.posting_rules (version),
  period text not null,
  booked_at timestamptz not null,
  description text not null,
  channel_code text,
  order_id text,
  statement_id text,
  reversal_of text unique references settlement.ledger_entry (id),
  actor text not null,
  recorded_at timestamptz not null,
  previous_hash bytea not null unique check (length(previous_hash) = 32),
  hash bytea not null unique check (length(hash) = 32)
);
comment on column settlement.ledger_entry.sequence is 'Place in the chain: 1, 2, 3 … without a gap.';
comment on column settlement.ledger_entry.cause is 'What it was posted for: one entry per cause, whatever is repeated.';
comment on column settlement.ledger_entry.period is 'Month it counts in. Later than that of booked_at where that month was closed already.';
comment on column settlement.ledger_entry.reversal_of is 'The entry that this one takes back: at most one does.';
comment on column settlement.ledger_entry.hash is 'SHA-256 over the content of the entry, its lines and previous_hash.';
create index ledger_entry_order on settlement.ledger_entry (order_id, sequence) where order_id is not null;
create index ledger_entry_statement on settlement.ledger_entry (statement_id, sequence) where statement_id is not null;
create index ledger_entry_period on settlement.ledger_entry (period, sequence);

create table settlement.ledger_line (
  entry_id text not null references settlement.ledger_entry (id),
  position int not null check (position > 0),
  account text not null,
  side text not null check (side in ('DEBIT', 'CREDIT')),
  amount_minor bigint not null check (amount_minor > 0),
  currency_code text not null check (currency_code ~ '^[A-Z]{3}$'),
  primary key (entry_id, position)
);
create index ledger_line_account on settlement.ledger_line (account, entry_id);

create table settlement.account_balance (
  account text not null,
  channel_code text not null,
  period text not null,
  currency_code text not null,
  debit_minor bigint not null default 0 check (debit_minor >= 0),
  credit_minor bigint not null default 0 check (credit_minor >= 0),
  primary key (account, channel_code, period, currency_code)
);
comment on table settlement.account_balance is 'Sums of the lines, kept by the trigger that admits them; settlement.balance_faults() compares both.';
comment on column settlement.account_balance.channel_code is 'Empty for entries that belong to no channel.';
`;

const GUARDS = `
create function settlement.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op) using errcode = 'restrict_violation';
end $$;

create function settlement.admit_entry() returns trigger language plpgsql as $$
begin
  if exists (select from settlement.accounting_period where code = new.period) then
    raise exception 'period % is closed', new.period using errcode = 'check_violation', constraint = 'period_is_open';
  end if;
  if new.period < to_char(new.booked_at at time zone 'UTC', 'YYYY-MM') then
    raise exception 'an entry cannot count in a month before its date' using errcode = 'check_violation', constraint = 'period_not_before_date';
  end if;
  return new;
end $$;
create trigger ledger_entry_admitted before insert on settlement.ledger_entry for each row execute function settlement.admit_entry();

-- All lines of an entry come in one statement, complete: an entry that has lines cannot get more.
create function settlement.admit_lines() returns trigger language plpgsql as $$
declare fault record;
begin
  select l.entry_id, l.currency_code into fault
  from settlement.ledger_line l where l.entry_id in (select entry_id from added)
  group by l.entry_id, l.currency_code
  having sum(case l.side when 'DEBIT' then l.amount_minor else -l.amount_minor end) <> 0
  limit 1;
  if found then
    raise exception 'debits and credits of entry % differ in %', fault.entry_id, fault.currency_code
      using errcode = 'check_violation', constraint = 'entry_balances';
  end if;
  if exists (select from settlement.ledger_line l where l.entry_id in (select entry_id from added)
             and not exists (select from added a where a.entry_id = l.entry_id and a.position = l.position)) then
    raise exception 'an entry got lines after it was posted' using errcode = 'check_violation', constraint = 'entry_is_complete';
  end if;
  insert into settlement.account_balance as known (account, channel_code, period, currency_code, debit_minor, credit_minor)
  select a.account, coalesce(e.channel_code, ''), e.period, a.currency_code,
    coalesce(sum(a.amount_minor) filter (where a.side = 'DEBIT'), 0), coalesce(sum(a.amount_minor) filter (where a.side = 'CREDIT'), 0)
  from added a join settlement.ledger_entry e on e.id = a.entry_id
  group by 1, 2, 3, 4 order by 1, 2, 3, 4
  on conflict (account, channel_code, period, currency_code) do update
    set debit_minor = known.debit_minor + excluded.debit_minor, credit_minor = known.credit_minor + excluded.credit_minor;
  return null;
end $$;
create trigger ledger_line_admitted after insert on settlement.ledger_line
  referencing new table as added for each statement execute function settlement.admit_lines();

create function settlement.entry_must_balance() returns trigger language plpgsql as $$
begin
  if not exists (select from settlement.ledger_line where entry_id = new.id)
     or exists (select from settlement.ledger_line where entry_id = new.id group by currency_code
                having sum(case side when 'DEBIT' then amount_minor else -amount_minor end) <> 0) then
    raise exception 'entry % has no lines or does not balance', new.id using errcode = 'check_violation', constraint = 'entry_balances';
  end if;
  return null;
end $$;
create constraint trigger ledger_entry_balances after insert on settlement.ledger_entry
  deferrable initially deferred for each row execute function settlement.entry_must_balance();

create trigger ledger_entry_kept before update or delete on settlement.ledger_entry for each row execute function settlement.refuse_change();
create trigger ledger_entry_never_emptied before truncate on settlement.ledger_entry for each statement execute function settlement.refuse_change();
create trigger ledger_line_kept before update or delete on settlement.ledger_line for each row execute function settlement.refuse_change();
create trigger ledger_line_never_emptied before truncate on settlement.ledger_line for each statement execute function settlement.refuse_change();
create trigger accounting_period_kept before update or delete on settlement.accounting_period for each row execute function settlement.refuse_change();
create trigger posting_rules_kept before update or delete on settlement.posting_rules for each row execute function settlement.refuse_change();

create function settlement.balance_faults() returns table (account text, channel_code text, period text, currency_code text, kept_minor bigint, summed_minor bigint)
language sql stable as $$
  with summed as (
    select l.account, coalesce(e.channel_code, '') as channel_code, e.period, l.currency_code,
      coalesce(sum(l.amount_minor) filter (where l.side = 'DEBIT'), 0)::bigint as debit, coalesce(sum(l.amount_minor) filter (where l.side = 'CREDIT'), 0)::bigint as credit
    from settlement.ledger_line l join settlement.ledger_entry e on e.id = l.entry_id group by 1, 2, 3, 4
  )
  select account, channel_code, period, currency_code,
    coalesce(b.debit_minor, 0) - coalesce(b.credit_minor, 0), coalesce(s.debit, 0) - coalesce(s.credit, 0)
  from summed s full join settlement.account_balance b using (account, channel_code, period, currency_code)
  where (coalesce(b.debit_minor, 0), coalesce(b.credit_minor, 0)) <> (coalesce(s.debit, 0), coalesce(s.credit, 0))
$$;
comment on function settlement.balance_faults is 'Balances that are not the sum of their lines: none, unless somebody wrote past the triggers.';
`;
