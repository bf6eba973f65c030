import type { Knex } from 'knex';

/** When stock on a shelf last grew: a node that refused units is asked again after that, not after each booking. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table inventory.position add column raised_at timestamptz;
    comment on column inventory.position.raised_at is 'When on_hand last grew, by the clock of the warehouse. Null while it never did.';
    update inventory.position set raised_at = as_of where on_hand > 0;
    create index movement_rise on inventory.movement (source_sequence, sku, location_id) where on_hand_delta > 0;

    create function inventory.note_rises(p_rows jsonb) returns void language sql as $$
      with rise as (
        select entry.sku, entry."locationId" as location_id, max(entry."measuredAt") as at
        from jsonb_populate_recordset(null::inventory.source_row, p_rows) entry
        join inventory.movement on movement.source_sequence = entry.sequence and movement.sku = entry.sku
          and movement.location_id = entry."locationId" and movement.on_hand_delta > 0
        group by entry.sku, entry."locationId"
      )
      update inventory.position set raised_at = greatest(position.raised_at, rise.at)
      from rise where position.sku = rise.sku and position.location_id = rise.location_id
    $$;
    comment on function inventory.note_rises is 'After apply_source, in its transaction and with its rows: notes which of them raised a balance. A booking that is told again changes nothing.';

    create function inventory.raised_at(p_sku text, p_location_id text) returns timestamptz language sql stable as $$
      select max(position.raised_at) from inventory.position
      where position.location_id = p_location_id and position.sku = any (inventory.stocked_skus(array[p_sku]))
    $$;
    comment on function inventory.raised_at is 'When stock of a SKU, or of a component of a bundle, last grew at a location, by the clock of the warehouse.';
  `);
}
