import type { Knex } from 'knex';

/**
 * What a channel says of a payout counts by its date, not by when it is read: a cancelled one may be sent after all, one in transit may not
 * be. A settlement that was carried forward can be taken back; the guard refused it.
 *
 * `look_again`: where payouts stand, what was taken off them, and what of them is on its way depended on what was told first. The worker
 * judges these anew.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create or replace function settlement.admit_payout_move() returns trigger language plpgsql as $$
    begin
      if new.state <> all (case old.state
        when 'SCHEDULED' then array['IN_TRANSIT', 'PARTIALLY_PAID', 'PAID', 'FAILED', 'CANCELLED', 'CARRIED_FORWARD']
        when 'IN_TRANSIT' then array['SCHEDULED', 'PARTIALLY_PAID', 'PAID', 'FAILED', 'CANCELLED']
        when 'FAILED' then array['SCHEDULED']
        when 'PARTIALLY_PAID' then array['IN_TRANSIT', 'PAID', 'PAID_SHORT', 'FAILED']
        when 'PAID_SHORT' then array['IN_TRANSIT', 'PARTIALLY_PAID', 'PAID', 'FAILED']
        when 'PAID' then array['IN_TRANSIT', 'PARTIALLY_PAID', 'FAILED']
        when 'CANCELLED' then array['SCHEDULED']
        when 'CARRIED_FORWARD' then array['SCHEDULED']
        else array[]::text[] end) then
        raise exception 'payout % cannot change so: % to %', old.id, old.state, new.state using errcode = 'restrict_violation';
      end if;
      return new;
    end $$;
    alter table settlement.payout add column look_again boolean not null default false;
    comment on column settlement.payout.look_again is 'A version before judged it by what was told first: the worker judges it anew, and takes the mark away.';
    create index payout_look_again on settlement.payout (id) where look_again;
    update settlement.payout p set look_again = true
    where p.state in ('CARRIED_FORWARD', 'IN_TRANSIT', 'FAILED', 'CANCELLED')
      or (p.state in ('PARTIALLY_PAID', 'PAID_SHORT', 'PAID') and exists (select from settlement.payout_change c where c.payout_id = p.id and c.state = 'FAILED'));
  `);
}
