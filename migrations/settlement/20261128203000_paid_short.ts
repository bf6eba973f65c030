import type { Knex } from 'knex';

/**
 * Payouts that arrived short, with nothing left to decide; which difference took the place of which. What is only booked outside
 * of its period waits for nobody any more.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.payout drop constraint payout_state_check;
    alter table settlement.payout add constraint payout_state_check
      check (state in ('SCHEDULED', 'IN_TRANSIT', 'PARTIALLY_PAID', 'PAID_SHORT', 'PAID', 'FAILED', 'CANCELLED', 'CARRIED_FORWARD'));

    with given_up as (
      update settlement.payout p set state = 'PAID_SHORT', changed_at = clock_timestamp() where p.state = 'PARTIALLY_PAID' and not exists (
        select from settlement.difference d where d.channel_code = p.channel_code and d.group_key = 'payout:' || p.id and d.state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED'))
      returning p.id)
    insert into settlement.payout_change (payout_id, position, state, actor, note)
      select g.id, coalesce(max(c.position), 0) + 1, 'PAID_SHORT', 'system', 'what is missing was given up'
      from given_up g left join settlement.payout_change c on c.payout_id = g.id group by g.id;
    create index payout_carried_into on settlement.payout (carried_into) where carried_into is not null;
    create index payout_carried on settlement.payout (channel_code, currency_code) where state = 'CARRIED_FORWARD';

    create table settlement.difference_successor (
      difference_id text not null references settlement.difference (id),
      successor_id text not null references settlement.difference (id),
      since timestamptz not null default clock_timestamp(),
      primary key (difference_id, successor_id)
    );
    comment on table settlement.difference_successor is 'Differences that were found when another of the same lines or payout was found no more: what later news made of it.';
    create index difference_successor_of on settlement.difference_successor (successor_id);

    insert into settlement.match_due (channel_code, order_key)
      select distinct channel_code, group_key from settlement.difference
      where state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED') and reason in ('PERIOD_SHIFT', 'LATE_REFUND') and difference_minor = 0 order by 1, 2;
  `);
}
