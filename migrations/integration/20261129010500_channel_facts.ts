import type { Knex } from 'knex';

/** What channels are to know of their items, such as units and prices, what they were told, and what became of it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table integration.channel_fact (
      channel_code text not null,
      topic text not null,
      item text collate "C" not null,
      sku text collate "C" not null,
      value jsonb,
      held text,
      memo jsonb not null default '{}',
      rank double precision not null default 0,
      urgent boolean not null default false,
      changed_at timestamptz,
      due_at timestamptz not null default '-infinity',
      attempts int not null default 0,
      alone boolean not null default false,
      told_value jsonb,
      told_by bigint,
      told_at timestamptz,
      confirmed_value jsonb,
      confirmed_at timestamptz,
      refused text,
      primary key (channel_code, topic, item)
    );
    comment on table integration.channel_fact is 'One row per item of a channel and topic (STOCK, PRICE): what the channel should know, and what it does know.';
    comment on column integration.channel_fact.item is 'What the channel calls it.';
    comment on column integration.channel_fact.value is 'What it should know now. Null: there is nothing to tell.';
    comment on column integration.channel_fact.held is 'Why the value is not told: what is wrong with it.';
    comment on column integration.channel_fact.memo is 'What who weighs the value remembers of it.';
    comment on column integration.channel_fact.rank is 'Lower goes first.';
    comment on column integration.channel_fact.changed_at is 'Since when the channel does not know the value. Null: it was told.';
    comment on column integration.channel_fact.alone is 'A submission with others was refused as a whole: it goes by itself, so that the culprit is found.';
    comment on column integration.channel_fact.told_value is 'What it was told last, by the submission told_by. Null: what it knows is unknown.';
    comment on column integration.channel_fact.confirmed_value is 'What it said last that it has applied.';
    comment on column integration.channel_fact.refused is 'Its code, when it refused the value. It is not told again until it changes, or somebody retries.';
    create index channel_fact_waiting on integration.channel_fact (channel_code, topic, rank, item) where changed_at is not null;
    create index channel_fact_sku on integration.channel_fact (sku);

    create table integration.channel_submission (
      id bigint generated always as identity primary key,
      channel_code text not null,
      topic text not null,
      way text not null,
      state text not null default 'SENDING' check (state in ('SENDING', 'ACCEPTED', 'ENDED')),
      reference text,
      begun_at timestamptz not null default clock_timestamp(),
      taken_at timestamptz,
      look_at timestamptz,
      looks int not null default 0,
      ended_at timestamptz
    );
    comment on table integration.channel_submission is 'What was sent to a channel at once. SENDING: no answer yet. ACCEPTED: the channel will say later what it applied. ENDED: the outcome of each item is known, or never will be.';
    create index channel_submission_open on integration.channel_submission (channel_code, topic, state) where state <> 'ENDED';
    create index channel_submission_ended on integration.channel_submission (ended_at) where state = 'ENDED';

    create table integration.channel_submission_item (
      submission_id bigint not null references integration.channel_submission on delete cascade,
      item text collate "C" not null,
      value jsonb not null,
      changed_at timestamptz not null,
      outcome text check (outcome in ('APPLIED', 'REFUSED', 'FAILED', 'UNKNOWN')),
      primary key (submission_id, item)
    );
    create index channel_submission_item_open on integration.channel_submission_item (item) where outcome is null;

    create table integration.channel_way (
      channel_code text not null,
      topic text not null,
      way text not null,
      tokens double precision not null,
      counted_at timestamptz not null default clock_timestamp(),
      paused_until timestamptz not null default '-infinity',
      failures int not null default 0,
      primary key (channel_code, topic, way)
    );
    comment on table integration.channel_way is 'How many submissions a channel may be sent on a way now, by all workers together; since when it is left alone.';

    create table integration.channel_comparison (
      channel_code text not null,
      topic text not null,
      due_at timestamptz not null default '-infinity',
      compared_at timestamptz,
      compared int,
      different int,
      failures int not null default 0,
      primary key (channel_code, topic)
    );
    comment on table integration.channel_comparison is 'When all that a channel knows is looked at next, and how much of it was right the last time. compared null: it cannot be asked, all was told again.';

    create function integration.channel_figures(p_since timestamptz) returns table (
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
        where submission.taken_at >= p_since group by submission.channel_code, submission.topic
      )
      select fact.channel_code, fact.topic, fact.items, fact.waiting,
             coalesce(extract(epoch from clock_timestamp() - fact.oldest), 0)::double precision, fact.held, fact.refused, lag.taken, lag.applied,
             (comparison.compared - comparison.different)::double precision / nullif(comparison.compared, 0), comparison.compared_at
      from fact left join lag using (channel_code, topic) left join integration.channel_comparison comparison using (channel_code, topic)
      order by fact.channel_code, fact.topic
    $$;
    comment on function integration.channel_figures is 'How far each channel knows what it should. lag: seconds from a change to the channel having taken it. applied: to its saying that it has applied it. Both of what was taken since p_since.';
  `);
}
