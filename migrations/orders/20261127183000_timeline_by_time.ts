import type { Knex } from 'knex';

/** A timeline tells when each thing happened, and when it was heard of. Of entries made before, the latter is not known. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table orders.timeline add column recorded_at timestamptz;
    alter table orders.timeline alter column recorded_at set default clock_timestamp();
    comment on column orders.timeline.recorded_at is 'When it was written here; occurred_at is when it happened. Null for entries older than this column.';
  `);
}
