import type { Knex } from 'knex';

/**
 * Goods that were sent without a parcel that can be followed: nobody tells when they arrive. See
 * subgraphs/fulfillment/untracked.ts. What left with an earlier release counted as delivered when it left, and stays so.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table fulfillment.shipment add column untracked text check (untracked in ('WAITING', 'TOLD'));
    comment on column fulfillment.shipment.untracked is 'It left without a tracking number, and nobody said yet that it arrived. TOLD: the exception desk was asked.';
    create index shipment_untracked on fulfillment.shipment (shipped_at) where untracked is not null;
  `);
}
