import type { Migration } from '../../platform/db/migrate.ts';

/** When each system of record was last heard, and what channels do while one is not. See subgraphs/operations/degradation. */
export const degradation: Migration = {
  up: (knex) =>
    knex.raw(`
      create table integration.system_contact (
        system   text        not null,
        feed     text        not null,
        heard_at timestamptz not null,
        primary key (system, feed)
      );
      comment on table integration.system_contact is 'When each feed of a system of record was last read to its end, by whichever process: from then on silence means that nothing changed.';

      create function integration.note_contact(p_system text, p_feed text) returns void language sql as $$
        insert into integration.system_contact as known values (p_system, p_feed, clock_timestamp())
        on conflict (system, feed) do update set heard_at = excluded.heard_at
        -- Once a second is often enough; a clock that was set back must not keep an old moment alive.
        where known.heard_at not between excluded.heard_at - interval '1 second' and excluded.heard_at
      $$;

      create table integration.degradation_rule (
        system          text   not null,
        channel_code    text,
        after_seconds   float8 not null check (after_seconds > 0),
        cap             int    check (cap between 0 and 100000000),
        threshold       int    check (threshold between 0 and 100000000),
        buffer_units    int    check (buffer_units between 0 and 100000000),
        buffer_percent  float8 check (buffer_percent between 0 and 100),
        orders          text   check (orders in ('ACCEPT', 'HOLD', 'REFUSE')),
        constraint degradation_rule_scope unique nulls not distinct (system, channel_code, after_seconds),
        constraint degradation_rule_fallback check (num_nonnulls(cap, threshold, buffer_units, buffer_percent) <= 1),
        constraint degradation_rule_says check (num_nonnulls(cap, threshold, buffer_units, buffer_percent, orders) > 0)
      );
      comment on table integration.degradation_rule is 'The rules of config/degradation.yaml: what a channel does while a system of record is not heard. A null channel_code means all.';
      comment on column integration.degradation_rule.after_seconds is 'Age of the system''s data from which the rule is in force; a system that refuses calls is not waited for longer than half a minute.';
      comment on column integration.degradation_rule.cap is 'Most units shown and sold with one order; 0 hides the goods.';
      comment on column integration.degradation_rule.threshold is 'Sold only while more units than these are left.';
      comment on column integration.degradation_rule.buffer_units is 'Units of the last known stock that are not sold.';
      comment on column integration.degradation_rule.buffer_percent is 'Share of the last known stock on hand that is not sold.';

      create table integration.degradation_state (
        system text primary key,
        rules  text not null,
        since  timestamptz not null
      );
      comment on table integration.degradation_state is 'Systems of record that rules are in force for, as they were last told of: no row while all is well.';

      -- The rules in force at this moment. Half a minute is longer than any feed waits for news, and one process that cannot reach
      -- a system whose feed another one still reads degrades nothing.
      create function integration.rules_in_force() returns setof integration.degradation_rule language sql stable as $$
        select rule.*
        from integration.degradation_rule rule
        cross join lateral (select min(heard_at) as heard_at from integration.system_contact contact where contact.system = rule.system) heard
        where clock_timestamp() - heard.heard_at > make_interval(secs => rule.after_seconds)
           or (clock_timestamp() - heard.heard_at > make_interval(secs => least(30, rule.after_seconds)) and exists (
                select from integration.system_health health
                where health.system = rule.system and health.circuit <> 'CLOSED' and health.reported_at > clock_timestamp() - interval '10 seconds'))
      $$;
      comment on function integration.rules_in_force is 'Rules whose system is silent for longer than they allow, or refuses calls and is silent for half a minute. A system that was never heard is not missed.';

      create type integration.degradation as (
        cap int, threshold int, buffer_units int, buffer_percent float8, orders text, systems text[], waits_for text[]
      );
      comment on type integration.degradation is 'What a channel does now. systems: those that are not heard; waits_for: those that its new orders are held for, or refused because of.';

      create function integration.degradation(p_channel_code text) returns integration.degradation language plpgsql stable as $$
      declare
        v_now integration.degradation;
      begin
        -- Asked for every order. Nearly always nothing is in force.
        if not exists (select from integration.rules_in_force()) then return null; end if;
        with fitting as (
          select *, num_nonnulls(cap, threshold, buffer_units, buffer_percent) > 0 as falls_back, (channel_code is null)::int as closeness
          from integration.rules_in_force() where channel_code is null or channel_code = p_channel_code
        ), said as (
          -- Per system and word the closest rule that says it; of equally close ones the one that waited longest.
          select system,
                 (array_agg(fitting.cap order by closeness, after_seconds desc) filter (where falls_back))[1] as cap,
                 (array_agg(fitting.threshold order by closeness, after_seconds desc) filter (where falls_back))[1] as threshold,
                 (array_agg(fitting.buffer_units order by closeness, after_seconds desc) filter (where falls_back))[1] as buffer_units,
                 (array_agg(fitting.buffer_percent order by closeness, after_seconds desc) filter (where falls_back))[1] as buffer_percent,
                 (array_agg(fitting.orders order by closeness, after_seconds desc) filter (where fitting.orders is not null))[1] as orders
          from fitting group by system
        ), strictest as (
          -- When several systems are not heard, all that is said of them holds.
          select *, case when bool_or(said.orders = 'REFUSE') over () then 'REFUSE' when bool_or(said.orders = 'HOLD') over () then 'HOLD' end as verdict from said
        )
        select min(strictest.cap), max(strictest.threshold), max(strictest.buffer_units), max(strictest.buffer_percent), max(verdict),
               array_agg(system order by system), array_agg(system order by system) filter (where strictest.orders = verdict)
        into v_now from strictest having count(*) > 0;
        return v_now;
      end $$;
      comment on function integration.degradation is 'What a channel does because systems of record are not heard; null when they are.';
    `),
};
