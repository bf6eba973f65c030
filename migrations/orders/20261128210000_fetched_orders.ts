import type { Knex } from 'knex';

/** How far the orders of channels that are fetched are read, and what each said last. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table orders.import_progress (
      channel_code text primary key,
      read_until timestamptz,
      swept_at timestamptz,
      due_at timestamptz not null default '-infinity',
      failures int not null default 0
    );
    comment on table orders.import_progress is 'Up to when a channel''s orders were fetched. One worker at a time fetches: due_at moves ahead while it does.';
    comment on column orders.import_progress.read_until is 'Changes before this are here. Null: nothing was fetched yet.';
    comment on column orders.import_progress.swept_at is 'When what is older than the overlap was last looked through.';

    create table orders.fetched_order (
      channel_code text not null,
      channel_order_id text not null,
      fingerprint text not null,
      content jsonb,
      asked jsonb not null default '{}',
      raw text,
      fetched_at timestamptz not null default now(),
      primary key (channel_code, channel_order_id)
    );
    comment on table orders.fetched_order is 'What a channel said last of each of its orders.';
    comment on column orders.fetched_order.content is 'What changes are seen by, without personal data. Null where it could not be read.';
    comment on column orders.fetched_order.asked is 'Units that the channel cancelled and that were asked back here, by its line.';
    comment on column orders.fetched_order.raw is 'The order as it came, where somebody has to look at it. Holds personal data: null otherwise, and after 90 days.';
    create index fetched_order_raw on orders.fetched_order (fetched_at) where raw is not null;
  `);
}
