import type { Knex } from 'knex';

/** Payouts whose money should have come and did not. See subgraphs/settlement/payouts/missing.ts. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.payout add column missing_since date;
    comment on column settlement.payout.missing_since is 'The day until which its money was waited for, once that is over: what did not arrive is a difference from then on. Null before.';
  `);
}
