import type { Knex } from 'knex';

/** What channels are told of their orders, and what they asked to be cancelled. See subgraphs/order/notices. */
export const channelNotices = {
  async up(knex: Knex): Promise<void> {
    await knex.raw(`
      create table orders.channel_notice (
        id           bigint generated always as identity primary key,
        order_id     text        not null,
        step         text        not null,
        channel_code text        not null,
        kind         text        not null,
        units        int         not null check (units >= 0),
        body         jsonb       not null,
        trace_id     text        not null,
        attempts     int         not null default 0,
        due_at       timestamptz not null default now(),
        stopped      boolean     not null default false,
        taken_at     timestamptz,
        unique (order_id, step)
      );
      comment on table orders.channel_notice is 'What a channel is to be told of an order, once per step. Sent in the order of their ids, order by order.';
      comment on column orders.channel_notice.units is 'Units that the notice is about.';
      comment on column orders.channel_notice.due_at is 'When it is sent next; while it is being sent, when another worker may.';
      comment on column orders.channel_notice.stopped is 'The channel refused it: it is sent again only when somebody asks for it.';
      create index channel_notice_due on orders.channel_notice (channel_code, due_at) where taken_at is null and not stopped;

      create table orders.cancellation_request (
        id                 text        primary key,
        order_id           text        not null,
        channel_code       text        not null,
        channel_request_id text        not null,
        reason             text        not null,
        wanted             int         not null check (wanted > 0),
        refused            int         not null default 0 check (refused >= 0),
        cancelled          jsonb       not null default '[]',
        requested_at       timestamptz not null default now(),
        answered_at        timestamptz
      );
      comment on table orders.cancellation_request is 'Units that a channel wants cancelled. Answered when each is cancelled or refused.';
      comment on column orders.cancellation_request.cancelled is 'Units that are cancelled, by line: [{ lineId, quantity }].';
      create index cancellation_request_order on orders.cancellation_request (order_id);

      alter table orders.channel_duty
        add column subject text not null default '',
        drop constraint channel_duty_kind_check,
        add constraint channel_duty_kind_check check (kind in ('ACKNOWLEDGE', 'SHIP', 'ANSWER_CANCELLATION')),
        drop constraint channel_duty_pkey,
        add primary key (order_id, kind, subject);
      comment on column orders.channel_duty.subject is 'The request that is to be answered; empty for duties of the order itself.';
    `);
  },
};
