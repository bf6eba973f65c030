import type { Knex } from 'knex';

/** When a node gave units of its work back, by its own clock: what its warehouse books is compared with it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table fulfillment.fulfillment_order add column gave_back_at timestamptz;
    comment on column fulfillment.fulfillment_order.gave_back_at is 'When its node last refused units of it, or was short of some, by the node''s clock. Null while it did not, and for work of earlier releases.';
  `);
}
