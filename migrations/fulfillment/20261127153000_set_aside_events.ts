import type { Knex } from 'knex';

/** Events of nodes that could not be applied, so that they can be applied later. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table fulfillment.set_aside_event (
      position bigint primary key,
      fulfillment_order_id text not null,
      event text not null,
      reason text not null,
      set_aside_at timestamptz not null default now(),
      handled_at timestamptz
    );
    comment on table fulfillment.set_aside_event is 'Events of nodes that their work did not allow, or that could not be stored; an exception tells of each.';
    comment on column fulfillment.set_aside_event.position is 'In the feed of the nodes'' warehouse system.';
    comment on column fulfillment.set_aside_event.event is 'JSON as text: it may hold what jsonb refuses.';
    comment on column fulfillment.set_aside_event.handled_at is 'When it was applied after all.';
    create index set_aside_event_work on fulfillment.set_aside_event (fulfillment_order_id, position) where handled_at is null;
  `);
}
