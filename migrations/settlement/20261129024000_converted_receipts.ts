import type { Knex } from 'knex';

/** Money that the bank converted: what of a payout in another currency it is. See subgraphs/settlement/payouts/by-hand.ts. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table settlement.bank_receipt
      add column payout_minor bigint,
      add column counted_minor bigint not null generated always as (coalesce(payout_minor, amount_minor)) stored,
      add constraint bank_receipt_converted check (payout_minor is null or (payout_id is not null and sign(payout_minor) = sign(amount_minor)));
    comment on column settlement.bank_receipt.payout_minor is 'What of its payout it is, in minor units of the payout''s currency, where that is another one and a person said so. Else null.';
    comment on column settlement.bank_receipt.counted_minor is 'What counts for its payout, in minor units of the payout''s currency: every sum of what arrived of a payout is of these.';
  `);
}
