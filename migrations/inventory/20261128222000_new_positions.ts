import type { Knex } from 'knex';

/**
 * A position begins with nothing promised. What is reserved of a known one is not bound to what is on hand: holds that are over
 * stay in it until they are swept, and the warehouse may lose goods.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function inventory.refuse_promised_start() returns trigger language plpgsql as $$
      begin
        raise exception 'a position begins with nothing promised: % of % at % cannot begin with % reserved and % committed', new.on_hand, new.sku, new.location_id, new.reserved, new.committed using errcode = '23514';
      end
    $$;
    comment on function inventory.refuse_promised_start is 'Units are promised by moves only, which the ledger and the reservations tell.';
    create trigger position_begins_unpromised before insert on inventory.position
      for each row when (new.reserved::bigint + new.committed > new.on_hand)
      execute function inventory.refuse_promised_start();
  `);
}
