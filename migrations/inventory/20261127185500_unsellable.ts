import type { Knex } from 'knex';

/** Goods that are at a site and not for sale, as far as we put them aside; compared with the warehouse. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table inventory.unsellable (
      location_id text not null,
      sku text not null,
      condition text not null,
      quantity int not null check (quantity >= 0),
      updated_at timestamptz not null default clock_timestamp(),
      primary key (location_id, sku, condition)
    );
    comment on table inventory.unsellable is 'Units that are at a location and no part of its stock, by what is wrong with them. The warehouse owns the figure: reconciliation takes its over.';
    create table inventory.put_aside (
      key text primary key,
      booked_at timestamptz not null default clock_timestamp()
    );
    comment on table inventory.put_aside is 'Receipts that inventory.unsellable counts: each once.';
  `);
}
