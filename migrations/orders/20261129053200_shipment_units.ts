import type { Knex } from 'knex';

/** What an order counted of each shipment: its parcels end one by one, and what is told of them may come twice. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table orders.shipment_units (
      shipment_id text not null,
      order_line_id text not null references orders.order_line (id),
      delivered int not null check (delivered >= 0),
      lost int not null check (lost >= 0),
      primary key (shipment_id, order_line_id)
    );
    comment on table orders.shipment_units is 'Units of a shipment that its order counts as delivered or lost, as they were told. None for shipments that ended before this was kept.';
  `);
}
