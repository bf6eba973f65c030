import type { Knex } from 'knex';

/** What the ERP gets of the channel ledger. See subgraphs/settlement/vouchers. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(TABLES);
  await knex.raw(GUARDS);
}

const TABLES = `
create table settlement.voucher_run (
  id bigint generated always as identity primary key,
  period text check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  channel_code text,
  requested_by text not null,
  requested_at timestamptz not null default clock_timestamp(),
  state text not null default 'REQUESTED' check (state in ('REQUESTED', 'RUNNING', 'DONE')),
  waiting_for text,
  started_at timestamptz,
  finished_at timestamptz
);
comment on table settlement.voucher_run is 'Who had vouchers posted, when, and of what. The settlement worker does what is not DONE, in the order of ids.';
comment on column settlement.voucher_run.period is 'Null: every month.';
comment on column settlement.voucher_run.channel_code is 'Null: every channel.';
comment on column settlement.voucher_run.waiting_for is 'Code of the failure after which the run is tried again. Null while it goes on.';
create index voucher_run_due on settlement.voucher_run (id) where state <> 'DONE';

create table settlement.voucher (
  id text primary key,
  period text not null,
  channel_code text not null,
  currency_code text not null,
  number int not null check (number > 0),
  state text not null check (state in ('PREPARED', 'SENT', 'ACCEPTED', 'REFUSED')),
  total_minor bigint not null check (total_minor > 0),
  entry_count int not null check (entry_count > 0),
  erp_number text,
  refusal text,
  prepared_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp(),
  unique (period, channel_code, currency_code, number),
  constraint voucher_accepted_has_number check ((state = 'ACCEPTED') = (erp_number is not null)),
  constraint voucher_refused_has_reason check ((state = 'REFUSED') = (refusal is not null))
);
comment on table settlement.voucher is 'Entries of the ledger as the ERP gets them: one sum per account and side. The id is the reference that the ERP knows it by.';
comment on column settlement.voucher.channel_code is 'Empty for entries that belong to no channel.';
comment on column settlement.voucher.total_minor is 'Sum of the debits, which is that of the credits.';
create index voucher_open on settlement.voucher (period, channel_code) where state <> 'ACCEPTED';

create table settlement.voucher_line (
  voucher_id text not null references settlement.voucher (id),
  account text not null,
  side text not null check (side in ('DEBIT', 'CREDIT')),
  amount_minor bigint not null check (amount_minor > 0),
  primary key (voucher_id, account, side)
);

create table settlement.voucher_entry (
  entry_id text not null references settlement.ledger_entry (id),
  currency_code text not null,
  voucher_id text not null references settlement.voucher (id),
  primary key (entry_id, currency_code)
);
comment on table settlement.voucher_entry is 'Which voucher an entry is in, per currency: a conversion holds two. The key makes it one voucher at most.';
create index voucher_entry_voucher on settlement.voucher_entry (voucher_id);

create table settlement.voucher_change (
  voucher_id text not null references settlement.voucher (id),
  position int not null,
  state text not null,
  run_id bigint not null references settlement.voucher_run (id),
  note text not null,
  changed_at timestamptz not null default clock_timestamp(),
  primary key (voucher_id, position)
);
create index voucher_change_run on settlement.voucher_change (run_id);

create view settlement.entry_without_voucher as
  select e.id, e.sequence, e.period, coalesce(e.channel_code, '') as channel_code from settlement.ledger_entry e
  where e.erp = 'VOUCHER' and not exists (select from settlement.voucher_entry v where v.entry_id = e.id);
comment on view settlement.entry_without_voucher is 'Entries that the ERP is to get and that are in no voucher yet. All currencies of an entry are put in vouchers together.';
`;

const GUARDS = `
create function settlement.voucher_faults(of_voucher text) returns table (voucher_id text, fault text) language sql stable as $$
  with summed as (
    select m.voucher_id, l.account, l.side, sum(l.amount_minor)::bigint as amount_minor
    from settlement.voucher_entry m join settlement.ledger_line l on l.entry_id = m.entry_id and l.currency_code = m.currency_code
    where of_voucher is null or m.voucher_id = of_voucher group by 1, 2, 3
  ), lines as (
    select v.voucher_id, account, side, amount_minor from settlement.voucher_line v where of_voucher is null or v.voucher_id = of_voucher
  )
  select distinct voucher_id, 'its lines are not the sums of its entries' from lines full join summed using (voucher_id, account, side)
  where lines.amount_minor is distinct from summed.amount_minor
  union all
  select lines.voucher_id, 'its debits and credits differ' from lines group by 1
  having sum(case side when 'DEBIT' then amount_minor else -amount_minor end) <> 0
  union all
  select distinct v.id, 'it holds an entry that does not belong in it' from settlement.voucher v
  join settlement.voucher_entry m on m.voucher_id = v.id join settlement.ledger_entry e on e.id = m.entry_id
  where (of_voucher is null or v.id = of_voucher)
    and (e.erp <> 'VOUCHER' or e.period <> v.period or coalesce(e.channel_code, '') <> v.channel_code or m.currency_code <> v.currency_code)
  union all
  select distinct m.voucher_id, 'an entry of it is in no voucher with another of its currencies'
  from settlement.voucher_entry m join settlement.ledger_line l on l.entry_id = m.entry_id
  where (of_voucher is null or m.voucher_id = of_voucher)
    and not exists (select from settlement.voucher_entry o where o.entry_id = l.entry_id and o.currency_code = l.currency_code)
$$;
comment on function settlement.voucher_faults is 'What does not add up in a voucher, or in all with null: nothing, unless somebody wrote past the triggers.';

create function settlement.voucher_must_add_up() returns trigger language plpgsql as $$
declare found_fault text;
begin
  select fault into found_fault from settlement.voucher_faults(new.id) limit 1;
  if found_fault is not null then
    raise exception 'voucher %: %', new.id, found_fault using errcode = 'check_violation', constraint = 'voucher_adds_up';
  end if;
  return null;
end $$;
create constraint trigger voucher_adds_up after insert on settlement.voucher
  deferrable initially deferred for each row execute function settlement.voucher_must_add_up();

create function settlement.admit_voucher_change() returns trigger language plpgsql as $$
begin
  if (old.id, old.period, old.channel_code, old.currency_code, old.number, old.total_minor, old.entry_count, old.prepared_at)
     is distinct from (new.id, new.period, new.channel_code, new.currency_code, new.number, new.total_minor, new.entry_count, new.prepared_at)
     or (old.state, new.state) not in (('PREPARED', 'SENT'), ('SENT', 'ACCEPTED'), ('SENT', 'REFUSED'), ('REFUSED', 'SENT')) then
    raise exception 'voucher % cannot change so: % to %', old.id, old.state, new.state using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger voucher_moves before update on settlement.voucher for each row execute function settlement.admit_voucher_change();
create trigger voucher_kept before delete on settlement.voucher for each row execute function settlement.refuse_change();
create trigger voucher_line_kept before update or delete on settlement.voucher_line for each row execute function settlement.refuse_change();
create trigger voucher_entry_kept before update or delete on settlement.voucher_entry for each row execute function settlement.refuse_change();
create trigger voucher_change_kept before update or delete on settlement.voucher_change for each row execute function settlement.refuse_change();
`;
