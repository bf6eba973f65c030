import type { Knex } from 'knex';

/** Whether it is certain off which payout a settlement that owes money was taken: two payouts may lack the very same amount. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.payout add column carried_certain boolean;
    comment on column settlement.payout.carried_certain is 'Whether nothing else explains that it was carried into that payout. Null while it is not, or was not looked at.';
  `);
}
