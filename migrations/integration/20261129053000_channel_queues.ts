import type { Migration } from '../../platform/db/migrate.ts';

/** What a channel is told for the first time waits by itself, so that changes do not wait behind it; and is no lag of changes. */
export const channelQueues: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table integration.channel_fact add column filling boolean not null default false;
      comment on column integration.channel_fact.filling is 'Told for the first time, or all over again: changes go before it.';
      create index channel_fact_queue on integration.channel_fact (channel_code, topic, filling, rank, item) where changed_at is not null;
      drop index integration.channel_fact_waiting;
      alter table integration.channel_submission add column filling boolean not null default false;

      create or replace function integration.channel_figures(p_since timestamptz) returns table (
        channel_code text, topic text, items int, waiting int, waiting_seconds double precision, held int, refused int,
        lag_seconds_p95 double precision, applied_seconds_p95 double precision, accuracy_ratio double precision, compared_at timestamptz
      ) language sql stable as $$
        with fact as (
          select channel_code, topic, count(value)::int as items, count(changed_at)::int as waiting, min(changed_at) as oldest,
                 count(held)::int as held, count(refused)::int as refused
          from integration.channel_fact group by channel_code, topic
        ), lag as (
          select submission.channel_code, submission.topic,
                 percentile_disc(0.95) within group (order by extract(epoch from submission.taken_at - item.changed_at)::double precision) as taken,
                 percentile_disc(0.95) within group (order by extract(epoch from submission.ended_at - item.changed_at)::double precision)
                   filter (where item.outcome = 'APPLIED') as applied
          from integration.channel_submission submission join integration.channel_submission_item item on item.submission_id = submission.id
          where submission.taken_at >= p_since and not submission.filling group by submission.channel_code, submission.topic
        )
        select fact.channel_code, fact.topic, fact.items, fact.waiting,
               coalesce(extract(epoch from clock_timestamp() - fact.oldest), 0)::double precision, fact.held, fact.refused, lag.taken, lag.applied,
               (comparison.compared - comparison.different)::double precision / nullif(comparison.compared, 0), comparison.compared_at
        from fact left join lag using (channel_code, topic) left join integration.channel_comparison comparison using (channel_code, topic)
        order by fact.channel_code, fact.topic
      $$;
      comment on function integration.channel_figures is 'How far each channel knows what it should. lag: seconds from a change to the channel having taken it. applied: to its saying that it has applied it. Both of what was taken since p_since; what is told for the first time, or all over again, is no change.';
    `),
};
