import type { Knex } from 'knex';

/** What bundles consist of in a node's work: the node picks components, everybody else counts bundles. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table fulfillment.work_component (
      fulfillment_order_id text not null,
      line_ref text not null,
      order_line_id text not null,
      sku text not null,
      per_unit int not null check (per_unit > 0),
      shipped int not null default 0 check (shipped >= 0),
      short int not null default 0 check (short >= 0),
      primary key (fulfillment_order_id, line_ref),
      foreign key (fulfillment_order_id, order_line_id) references fulfillment.fulfillment_order_line (fulfillment_order_id, order_line_id)
    );
    comment on table fulfillment.work_component is 'Components of the bundles in a piece of work. Lines that are no bundles have none.';
    comment on column fulfillment.work_component.line_ref is 'Under this reference the node reports units of the component.';
    comment on column fulfillment.work_component.per_unit is 'Units of the component in one bundle, as it was when its stock was committed.';
    comment on column fulfillment.work_component.short is 'Units of the component the node said it does not have, or sent back.';

    create table fulfillment.component_event (
      fulfillment_order_id text not null references fulfillment.fulfillment_order (id),
      node_event text not null,
      packages jsonb not null default '[]',
      primary key (fulfillment_order_id, node_event)
    );
    comment on table fulfillment.component_event is 'Events of nodes that moved units of components. An event counts once, also when it completes no bundle.';
    comment on column fulfillment.component_event.packages is 'Packages that left before a bundle was complete: they belong to the work''s next shipment.';
  `);
}
