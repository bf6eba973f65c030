import type { Migration } from '../../platform/db/migrate.ts';

/** Bundles come and change while orders are taken. */
export const setBundle: Migration = {
  async up(knex) {
    await knex.raw(`
      -- As before, and no recipe changes until the caller's transaction ends: what it locks is what it sells.
      drop function inventory.stocked_skus(text[]);
      create function inventory.stocked_skus(p_skus text[]) returns text[] language plpgsql as $$
      begin
        perform pg_advisory_xact_lock_shared(hashtextextended('inventory.bundles', 0));
        return (
          select array_agg(distinct coalesce(part.component_sku, asked.sku)) from unnest(p_skus) as asked (sku)
          left join inventory.bundle_component part on part.bundle_sku = asked.sku
        );
      end
      $$;

      create function inventory.set_bundle(p_bundle text, p_components text[], p_quantities int[]) returns boolean language plpgsql as $$
      begin
        if cardinality(p_components) is distinct from cardinality(p_quantities) then
          raise exception 'every component needs a quantity' using errcode = '22023';
        end if;
        if not exists (
          select from unnest(p_components, p_quantities) as given (sku, quantity)
          full join (select component_sku as sku, quantity from inventory.bundle_component where bundle_sku = p_bundle) known using (sku)
          where given.quantity is distinct from known.quantity
        ) then
          return false;
        end if;
        perform pg_advisory_xact_lock(hashtextextended('inventory.bundles', 0));
        delete from inventory.bundle_component where bundle_sku = p_bundle;
        insert into inventory.bundle_component (bundle_sku, component_sku, quantity)
        select p_bundle, sku, quantity from unnest(p_components, p_quantities) as given (sku, quantity);
        insert into inventory.unannounced (sku, location_id) select p_bundle, id from inventory.location;
        return true;
      end
      $$;
      comment on function inventory.set_bundle is 'Says what a SKU is made of from now on; without components it is no bundle. A component that no node has, such as the empty SKU, keeps it from being sold. Orders keep what they took. Answers whether anything changed.';
    `);
  },
};
