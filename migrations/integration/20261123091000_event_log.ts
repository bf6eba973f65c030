import type { Migration } from '../../platform/db/migrate.ts';

/** Outbox, event log, positions of its readers (events/README.md). */
export const eventLog: Migration = {
  async up(knex) {
    await knex.raw(TABLES);
    await knex.raw(FUNCTIONS);
  },
};

const TABLES = `
create table integration.outbox (
  position bigint generated always as identity primary key,
  id uuid not null default gen_random_uuid(),
  type text not null,
  source text not null,
  subject text not null,
  version int not null check (version > 0),
  channel_code text,
  occurred_at timestamptz not null default clock_timestamp(),
  trace_id text not null,
  data jsonb not null
);
comment on table integration.outbox is 'Events of committed changes that are not in the log yet. Nearly always empty.';
comment on column integration.outbox.position is 'Order of writing. Within one subject it is the order of the versions, because they are written under the row lock of the aggregate.';
-- Every row is deleted soon after it was written: clean up by number of dead rows, not by share of the table.
alter table integration.outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create table integration.event_log (
  sequence bigint primary key,
  id uuid not null,
  type text not null,
  source text not null,
  subject text not null,
  version int not null,
  channel_code text,
  occurred_at timestamptz not null,
  trace_id text not null,
  data jsonb not null,
  order_id text generated always as (data ->> 'orderId') stored,
  recorded_at timestamptz not null
);
comment on table integration.event_log is 'History of events. Appended only by integration.relay_outbox and so without a gap; cut off at its old end by integration.prune_event_log.';
comment on column integration.event_log.order_id is 'The order the event concerns, for the topic order:<id>.';
comment on column integration.event_log.recorded_at is 'When it came into the log. Never goes back along the sequence, which occurred_at may.';
create index event_log_subject on integration.event_log (subject, type, sequence);
create index event_log_order on integration.event_log (order_id, sequence) where order_id is not null;
create index event_log_channel on integration.event_log (channel_code, sequence) where channel_code is not null;
create index event_log_type on integration.event_log (type, sequence);

create table integration.event_log_state (
  only_row boolean primary key default true check (only_row),
  epoch text,
  head bigint not null default 0,
  floor bigint not null default 0,
  check (floor <= head)
);
comment on column integration.event_log_state.epoch is 'Random name of this log, part of every sequence it gives out, so that a sequence of another database is recognised. Set on first use: databases copied from one template differ.';
comment on column integration.event_log_state.head is 'Sequence of the newest event.';
comment on column integration.event_log_state.floor is 'Sequence of the newest event that was pruned. Who stands behind it has missed nothing.';
insert into integration.event_log_state default values;

create table integration.event_consumer (
  name text primary key,
  position bigint not null,
  updated_at timestamptz not null default now()
);
comment on table integration.event_consumer is 'Groups of readers. Events behind the position of any of them are not pruned: delete the row of a group that is gone for good.';
comment on column integration.event_consumer.position is 'Every event up to here is settled.';

create table integration.consumed_event (
  consumer text not null,
  source text not null,
  event_id text not null,
  sequence bigint not null,
  consumed_at timestamptz not null default now(),
  primary key (consumer, source, event_id)
);
comment on table integration.consumed_event is 'Events whose effect is committed: written in the transaction of the effect, so that a repetition has none.';
create index consumed_event_age on integration.consumed_event using brin (consumed_at);
`;

const FUNCTIONS = `
create function integration.event_log_epoch() returns text language sql as $$
  update integration.event_log_state
  set epoch = substr(replace(gen_random_uuid()::text, '-', ''), 1, 8)
  where epoch is null;
  select epoch from integration.event_log_state;
$$;

create function integration.relay_outbox(p_limit int) returns int language plpgsql as $$
declare
  v_head bigint;
  v_moved int;
begin
  -- One at a time. A second one would give sequences to later events while the first has not committed its own,
  -- and a reader that looks in between would step over them.
  if not pg_try_advisory_xact_lock(hashtextextended('integration.relay_outbox', 0)) then
    return -1;
  end if;
  if not exists (select from integration.outbox) then
    return 0;
  end if;
  select head into strict v_head from integration.event_log_state for update;
  with moved as (
    delete from integration.outbox
    where ctid = any (array (select ctid from integration.outbox order by position limit p_limit))
    returning *
  )
  insert into integration.event_log
    (sequence, id, type, source, subject, version, channel_code, occurred_at, trace_id, data, recorded_at)
  select v_head + row_number() over (order by position),
    id, type, source, subject, version, channel_code, occurred_at, trace_id, data, clock_timestamp()
  from moved
  order by position;
  get diagnostics v_moved = row_count;
  update integration.event_log_state set head = v_head + v_moved;
  return v_moved;
end $$;
comment on function integration.relay_outbox is 'Moves the oldest events from the outbox to the end of the log. Returns how many, or -1 when another session is doing it.';

create function integration.prune_event_log(p_before timestamptz, p_limit int) returns int language plpgsql as $$
declare
  v_floor bigint;
  v_old bigint;
  v_removed int;
begin
  select floor into strict v_floor from integration.event_log_state for update;
  select max(sequence) into v_old
  from (
    select sequence, recorded_at from integration.event_log where sequence > v_floor order by sequence limit p_limit
  ) as oldest
  where recorded_at < p_before and sequence <= coalesce((select min(position) from integration.event_consumer), sequence);
  if v_old is null then
    return 0;
  end if;
  -- The floor moves in the same commit as the rows go: who reads both in one statement never sees them apart.
  update integration.event_log_state set floor = v_old;
  delete from integration.event_log where sequence <= v_old;
  get diagnostics v_removed = row_count;
  return v_removed;
end $$;
comment on function integration.prune_event_log is 'Removes events recorded before the given time that every group has settled, the oldest first, at most p_limit. Returns how many.';
`;
