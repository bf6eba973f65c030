import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table fulfillment.fulfillment_order (
      id text primary key,
      order_id text not null,
      channel_code text not null,
      customer_id text,
      location_id text not null,
      status text not null,
      request_status text not null,
      reject_reason text,
      delivery_method text not null,
      service_level text,
      ship_by timestamptz,
      node_reference text,
      source_key text not null,
      revision int not null default 0,
      trace_id text not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (source_key, location_id)
    );
    comment on column fulfillment.fulfillment_order.source_key is 'Which sourcing decision made this work: the same decision again makes no second one.';
    create index fulfillment_order_order on fulfillment.fulfillment_order (order_id, created_at);
    create index fulfillment_order_queue on fulfillment.fulfillment_order (location_id, created_at, id);
    create index fulfillment_order_created on fulfillment.fulfillment_order (created_at, id);

    create table fulfillment.fulfillment_order_line (
      id text primary key,
      fulfillment_order_id text not null references fulfillment.fulfillment_order (id),
      position int not null,
      order_line_id text not null,
      sku text not null,
      quantity int not null check (quantity >= 0),
      shipped int not null default 0 check (shipped >= 0),
      short int not null default 0 check (short >= 0),
      unique (fulfillment_order_id, order_line_id),
      constraint fulfillment_order_line_fits check (shipped + short <= quantity)
    );
    comment on column fulfillment.fulfillment_order_line.quantity is 'Units to pick, less those withdrawn before the node was asked.';
    comment on column fulfillment.fulfillment_order_line.short is 'Units the node said it does not have, or sent back.';
    create index fulfillment_order_line_order_line on fulfillment.fulfillment_order_line (order_line_id);

    create table fulfillment.shipment (
      id text primary key,
      fulfillment_order_id text not null references fulfillment.fulfillment_order (id),
      order_id text not null,
      channel_code text not null,
      customer_id text,
      location_id text not null,
      status text not null,
      revision int not null default 0,
      node_event text not null unique,
      shipped_at timestamptz not null,
      delivered_at timestamptz,
      created_at timestamptz not null default now()
    );
    comment on column fulfillment.shipment.node_event is 'The node''s event that reported the goods issue: one event, one shipment.';
    create index shipment_order on fulfillment.shipment (order_id, shipped_at);
    create index shipment_fulfillment_order on fulfillment.shipment (fulfillment_order_id);

    create table fulfillment.shipment_line (
      shipment_id text not null references fulfillment.shipment (id),
      order_line_id text not null,
      sku text not null,
      quantity int not null check (quantity > 0),
      primary key (shipment_id, order_line_id)
    );

    create table fulfillment.package (
      id text primary key,
      shipment_id text not null references fulfillment.shipment (id),
      position int not null,
      carrier text not null,
      tracking_number text not null,
      sscc text,
      status text not null,
      furthest text not null default 'LABEL_CREATED',
      unique (shipment_id, position)
    );
    comment on column fulfillment.package.furthest is 'Highest ranked state so far; an exception hides it in status.';
    create index package_tracking on fulfillment.package (tracking_number, carrier);

    create table fulfillment.package_line (
      package_id text not null references fulfillment.package (id),
      position int not null,
      sku text not null,
      quantity int not null check (quantity > 0),
      primary key (package_id, position)
    );

    create table fulfillment.tracking_event (
      id bigint generated always as identity primary key,
      carrier text not null,
      tracking_number text not null,
      event_id text not null,
      package_id text references fulfillment.package (id),
      status text not null,
      raw_status text not null,
      occurred_at timestamptz not null,
      location text,
      message text,
      received_at timestamptz not null default now(),
      unique (carrier, event_id)
    );
    comment on table fulfillment.tracking_event is 'Every scan as the carrier sent it, also late, repeated and unknown ones. Append-only.';
    create index tracking_event_package on fulfillment.tracking_event (package_id, occurred_at);
    create index tracking_event_orphans on fulfillment.tracking_event (tracking_number, carrier) where package_id is null;

    -- Called by the order owner inside its cancellation: takes units out of work that no node was asked to do yet.
    create function fulfillment.withdraw_unsubmitted(p_order_id text, p_line_ids text[], p_quantities int[])
    returns table (line_id text, quantity int) language plpgsql as $$
    declare
      wish record;
      work record;
      wanted int;
      taken int;
    begin
      -- The same lock as a submission takes: either the node is asked, or the units are withdrawn, never both.
      perform 1 from fulfillment.fulfillment_order f
        where f.order_id = p_order_id and f.request_status = 'UNSUBMITTED' order by f.id for update;
      for wish in select w.id, w.units from unnest(p_line_ids, p_quantities) as w(id, units) loop
        wanted := wish.units;
        for work in
          select l.id, l.quantity from fulfillment.fulfillment_order_line l
          join fulfillment.fulfillment_order f on f.id = l.fulfillment_order_id
          where f.order_id = p_order_id and f.request_status = 'UNSUBMITTED' and l.order_line_id = wish.id and l.quantity > 0
          order by l.id
        loop
          exit when wanted = 0;
          taken := least(wanted, work.quantity);
          update fulfillment.fulfillment_order_line l set quantity = l.quantity - taken where l.id = work.id;
          wanted := wanted - taken;
        end loop;
        line_id := wish.id;
        quantity := wish.units - wanted;
        return next;
      end loop;
      update fulfillment.fulfillment_order f set status = 'CANCELLED', request_status = 'CLOSED', updated_at = now()
        where f.order_id = p_order_id and f.request_status = 'UNSUBMITTED'
          and not exists (select 1 from fulfillment.fulfillment_order_line l where l.fulfillment_order_id = f.id and l.quantity > 0);
    end $$;
  `);
}
