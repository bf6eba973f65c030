import type { Knex } from 'knex';

/** A snapshot knows that goods left before the feed tells for which orders: until it has, nothing is short. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function inventory.shortages(p_skus text[]) returns table (sku text, location_id text, missing int) language sql stable as $$
      select sku, location_id, committed - on_hand from inventory.position
      where committed > on_hand and (p_skus is null or sku = any (p_skus))
        and source_sequence <= coalesce((select max(sequence) from inventory.source_feed), source_sequence)
    $$;
    comment on function inventory.shortages is 'Positions where less is on hand than was promised to orders: the warehouse lost goods. Every position for null. Not those whose balance is newer than the bookings that were read: what left may have left for these orders.';
  `);
}
