import type { Knex } from 'knex';

/** Work that is taken back from its node, and what then happens to its units. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table fulfillment.withdrawal (
      fulfillment_order_id text primary key references fulfillment.fulfillment_order (id),
      key text not null,
      reason text not null,
      parts jsonb not null,
      state text not null check (state in ('REQUESTED', 'ACCEPTED', 'REJECTED')),
      requested_at timestamptz not null default now()
    );
    comment on table fulfillment.withdrawal is 'Work that its node is asked to give back. Once: a node that said no is not asked again.';
    comment on column fulfillment.withdrawal.key is 'What asked for it: the same request again asks nobody twice.';
    comment on column fulfillment.withdrawal.parts is 'What becomes of the units; those that no part names stay work of the same node.';
    create index withdrawal_key on fulfillment.withdrawal (key);

    alter table fulfillment.fulfillment_order add column fulfil_at timestamptz, add column ready_at timestamptz;
    comment on column fulfillment.fulfillment_order.fulfil_at is 'When scheduled work is to be opened.';
    comment on column fulfillment.fulfillment_order.ready_at is 'Since when the goods wait at the counter.';
    create index fulfillment_order_scheduled on fulfillment.fulfillment_order (fulfil_at) where status = 'SCHEDULED';
    create index fulfillment_order_waiting on fulfillment.fulfillment_order (ready_at) where status = 'READY_FOR_PICKUP';
  `);
}
