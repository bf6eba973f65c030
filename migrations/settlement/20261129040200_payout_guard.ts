import type { Knex } from 'knex';

/** A payout goes only the ways of its table, whoever writes. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function settlement.admit_payout_move() returns trigger language plpgsql as $$
    begin
      if new.state <> all (case old.state
        when 'SCHEDULED' then array['IN_TRANSIT', 'PARTIALLY_PAID', 'PAID', 'FAILED', 'CANCELLED', 'CARRIED_FORWARD']
        when 'IN_TRANSIT' then array['PARTIALLY_PAID', 'PAID', 'FAILED', 'CANCELLED']
        when 'FAILED' then array['SCHEDULED']
        when 'PARTIALLY_PAID' then array['IN_TRANSIT', 'PAID', 'PAID_SHORT', 'FAILED']
        when 'PAID_SHORT' then array['IN_TRANSIT', 'PARTIALLY_PAID', 'PAID', 'FAILED']
        when 'PAID' then array['IN_TRANSIT', 'PARTIALLY_PAID', 'FAILED']
        else array[]::text[] end) then
        raise exception 'payout % cannot change so: % to %', old.id, old.state, new.state using errcode = 'restrict_violation';
      end if;
      return new;
    end $$;
    create trigger payout_moves before update of state on settlement.payout
      for each row when (old.state is distinct from new.state) execute function settlement.admit_payout_move();
  `);
}
