import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create sequence orders.order_number start 100001;
    create sequence orders.return_number start 500001;

    create table orders.customer_order (
      id text primary key,
      number text not null unique,
      channel_code text not null,
      channel_kind text not null,
      channel_name text not null,
      channel_order_id text,
      customer_id text,
      stage text not null check (stage in ('CAPTURED', 'VALIDATED', 'REJECTED', 'ACCEPTED', 'CLOSED')),
      status text not null,
      revision int not null check (revision > 0),
      currency_code text not null,
      tax_included boolean not null,
      subtotal_minor bigint not null check (subtotal_minor >= 0),
      discount_minor bigint not null default 0 check (discount_minor >= 0),
      shipping_minor bigint not null default 0 check (shipping_minor >= 0),
      tax_minor bigint not null check (tax_minor >= 0),
      grand_total_minor bigint not null check (grand_total_minor >= 0),
      payment_status text not null,
      payment_provider text,
      payment_reference text,
      authorized_minor bigint,
      delivery_method text not null,
      delivery_location_id text,
      service_level text,
      customer jsonb,
      shipping_address jsonb,
      purchase_order_number text,
      acknowledgement_deadline timestamptz,
      acknowledged_at timestamptz,
      desk_number text,
      trace_id text not null,
      placed_at timestamptz not null,
      updated_at timestamptz not null,
      delivered_at timestamptz
    );
    comment on column orders.customer_order.revision is 'Version of the last event of this order; events count up from 1 without a gap.';
    comment on column orders.customer_order.customer is 'Personal data: name and e-mail address as given. Never logged.';
    comment on column orders.customer_order.shipping_address is 'Personal data. Never logged.';
    create unique index customer_order_channel_order on orders.customer_order (channel_code, channel_order_id) where channel_order_id is not null;
    create index customer_order_placed on orders.customer_order (placed_at desc, id desc);
    create index customer_order_channel_placed on orders.customer_order (channel_code, placed_at desc, id desc);
    create index customer_order_customer on orders.customer_order (customer_id, placed_at desc, id desc) where customer_id is not null;
    create index customer_order_updated on orders.customer_order (updated_at);

    create table orders.order_line (
      id text primary key,
      order_id text not null references orders.customer_order (id),
      position int not null,
      sku text not null,
      title text not null,
      channel_line_id text,
      unit_price_minor bigint not null check (unit_price_minor >= 0),
      total_minor bigint not null check (total_minor >= 0),
      tax_minor bigint not null check (tax_minor >= 0),
      tax_basis_points int not null,
      ordered int not null check (ordered > 0),
      unsourced int not null default 0 check (unsourced >= 0),
      backordered int not null default 0 check (backordered >= 0),
      allocated int not null default 0 check (allocated >= 0),
      in_fulfillment int not null default 0 check (in_fulfillment >= 0),
      in_transit int not null default 0 check (in_transit >= 0),
      delivered int not null default 0 check (delivered >= 0),
      lost int not null default 0 check (lost >= 0),
      cancelled int not null default 0 check (cancelled >= 0),
      returned int not null default 0 check (returned >= 0),
      unique (order_id, position),
      constraint order_line_adds_up check (ordered = unsourced + backordered + allocated + in_fulfillment + in_transit + delivered + lost + cancelled),
      constraint order_line_returned check (returned <= delivered + in_transit)
    );

    create table orders.allocation (
      order_id text not null references orders.customer_order (id),
      line_id text not null references orders.order_line (id),
      location_id text not null,
      quantity int not null check (quantity > 0),
      primary key (order_id, line_id, location_id)
    );
    comment on table orders.allocation is 'The node that the capture committed stock at, per line. Input of sourcing.';

    create table orders.hold (
      order_id text not null references orders.customer_order (id),
      reason text not null,
      note text,
      placed_at timestamptz not null,
      primary key (order_id, reason)
    );

    create table orders.timeline (
      order_id text not null references orders.customer_order (id),
      sequence int not null,
      occurred_at timestamptz not null,
      type text not null,
      system text not null,
      message text not null,
      trace_id text not null,
      primary key (order_id, sequence)
    );

    create table orders.applied_effect (
      order_id text not null references orders.customer_order (id),
      key text not null,
      applied_at timestamptz not null default now(),
      primary key (order_id, key)
    );
    comment on table orders.applied_effect is 'Keys of workflow steps whose effect the order already has: a repeated step changes nothing.';

    create table orders.return (
      id text primary key,
      number text not null unique,
      order_id text not null references orders.customer_order (id),
      state text not null,
      refund_status text not null,
      requested_at timestamptz not null,
      expires_at timestamptz not null,
      location_id text
    );
    create index return_order on orders.return (order_id, requested_at);

    create table orders.return_line (
      id text primary key,
      return_id text not null references orders.return (id),
      position int not null,
      order_line_id text not null references orders.order_line (id),
      sku text not null,
      quantity int not null check (quantity > 0),
      received int not null default 0 check (received >= 0 and received <= quantity),
      reason text not null,
      note text,
      disposition text,
      unique (return_id, position)
    );
    create index return_line_order_line on orders.return_line (order_line_id);
  `);
}
