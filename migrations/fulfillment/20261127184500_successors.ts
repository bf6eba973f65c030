import type { Knex } from 'knex';

/** Which work took over the units of work that was moved, split, opened anew or joined to other work. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table fulfillment.successor (
      work_id text not null references fulfillment.fulfillment_order (id),
      successor_id text not null references fulfillment.fulfillment_order (id),
      primary key (work_id, successor_id)
    );
    comment on table fulfillment.successor is 'Work that took over units of work that ended. Work that was split has several.';
  `);
}
