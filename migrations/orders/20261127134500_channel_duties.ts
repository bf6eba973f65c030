import type { Knex } from 'knex';

/** What channels expect of their orders by when. See subgraphs/order/duties. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table orders.channel_duty (
      order_id     text        not null,
      kind         text        not null check (kind in ('ACKNOWLEDGE', 'SHIP')),
      channel_code text        not null,
      trace_id     text        not null,
      due_at       timestamptz not null,
      escalate_at  timestamptz not null check (escalate_at < due_at),
      done_at      timestamptz,
      escalated_at timestamptz,
      missed_at    timestamptz,
      primary key (order_id, kind)
    );
    comment on table orders.channel_duty is 'What has to be done for an order by a time that its channel sets, by config/channel-duties.yaml when it was placed.';
    comment on column orders.channel_duty.escalated_at is 'When somebody was told that the time is nearly up; missed_at when it was over.';
    create index channel_duty_open on orders.channel_duty (escalate_at) where done_at is null;
  `);
}
