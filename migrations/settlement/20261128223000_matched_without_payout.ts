import type { Knex } from 'knex';

/** Has statements settled again that the difference of their payout kept from MATCHED. See subgraphs/settlement/matching/matcher.ts. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    update settlement.statement s set state = 'MATCHING'
    where s.state in ('PARTIALLY_MATCHED', 'DISPUTED')
      and exists (select from settlement.difference d where d.statement_id = s.id and starts_with(d.group_key, 'payout:'));
  `);
}
