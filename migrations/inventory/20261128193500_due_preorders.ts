import type { Knex } from 'knex';

/** The day of preorders is found from the rules: from every position and all who wait it was not found in time, and nobody was served. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function inventory.announce_released(p_since timestamptz) returns void language plpgsql as $$
    declare
      -- Null in v_skus stands for a rule of all goods.
      v_skus text[] := (select array_agg(distinct sku) from inventory.channel_rule where release_at > p_since and release_at <= clock_timestamp());
    begin
      -- Asked every second; there is a day to announce on few of them.
      if v_skus is null then return; end if;
      insert into inventory.unannounced (sku, location_id)
      with waiting as materialized (
        select distinct sku from inventory.backorder
      ), stocked as materialized (
        select distinct coalesce(part.component_sku, waiting.sku) as sku
        from waiting left join inventory.bundle_component part on part.bundle_sku = waiting.sku
        where array_position(v_skus, null) is not null or waiting.sku = any (v_skus)
          or exists (select from inventory.bundle_component due where due.bundle_sku = waiting.sku and due.component_sku = any (v_skus))
      )
      select position.sku, position.location_id from stocked join inventory.position using (sku);
    end
    $$;
  `);
}
