import type { Migration } from '../../platform/db/migrate.ts';

/**
 * Returns through all their states: units that were inspected, kept and put somewhere, units whose money is owed and paid,
 * labels, exchanges. What came back before this was kept, and paid back unless its refund was on the way.
 */
export const returns: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table orders.return
        add column decline_reason text check (decline_reason in ('FINAL_SALE', 'RETURN_PERIOD_ENDED', 'OTHER')),
        add column decline_note text,
        add column closing boolean not null default false,
        add column last_arrival_at timestamptz,
        add column carrier text,
        add column tracking_number text,
        add column label_asked_at timestamptz,
        add column label_issued_at timestamptz,
        add column exchange_order_id text references orders.customer_order (id),
        add column told text,
        add column look boolean not null default false;
      comment on column orders.return.look is 'It changed since it was looked at whether a person has to be told something.';
      comment on column orders.return.closing is 'Nothing more is expected, although not everything came.';
      comment on column orders.return.told is 'What the exception desk was told of last, so that it is told once; null when nothing is open.';
      create index return_expiring on orders.return (expires_at) where state in ('AUTHORIZED', 'LABEL_ISSUED');
      create index return_partial on orders.return (last_arrival_at) where state = 'PARTIALLY_RECEIVED';
      create index return_look on orders.return (id) where look;
      create unique index return_exchange on orders.return (exchange_order_id) where exchange_order_id is not null;

      alter table orders.return_line
        add column credited int not null default 0,
        add column refunded int not null default 0,
        add column refund_on text not null default 'RECEIPT' check (refund_on in ('AUTHORIZATION', 'FIRST_SCAN', 'RECEIPT'));
      comment on column orders.return_line.credited is 'Units whose money is owed to the buyer or was paid; refunded: units whose credit memo is posted and paid out.';
      comment on column orders.return_line.refund_on is 'When money is given back, by config/returns.yaml when the return was asked for.';

      create table orders.return_condition (
        return_line_id text not null references orders.return_line (id),
        location_id text not null,
        disposition text not null check (disposition in ('SELLABLE', 'DEFECTIVE', 'CUSTOMER_DAMAGED', 'CARRIER_DAMAGED', 'FULFILLER_DAMAGED')),
        inspected int not null check (inspected > 0),
        accepted int not null default 0,
        placed int not null default 0,
        primary key (return_line_id, location_id, disposition),
        constraint return_condition_in_order check (0 <= placed and placed <= accepted and accepted <= inspected)
      );
      comment on table orders.return_condition is 'Units of a return by condition: inspected, accepted (not to be sent back to the buyer), and put on the shelf or aside.';

      insert into orders.return_condition (return_line_id, location_id, disposition, inspected, accepted, placed)
      select l.id, coalesce(r.location_id, ''), coalesce(l.disposition, 'SELLABLE'), l.received, l.received,
        case when r.refund_status in ('SETTLED', 'PARTIAL') then l.received else 0 end
      from orders.return_line l join orders.return r on r.id = l.return_id where l.received > 0;
      update orders.return_line l set credited = l.received,
        refunded = case when r.refund_status in ('SETTLED', 'PARTIAL') then l.received else 0 end
      from orders.return r where r.id = l.return_id and l.received > 0;
      update orders.return set last_arrival_at = now() where state = 'PARTIALLY_RECEIVED';
      alter table orders.return_line add constraint return_line_money
        check (0 <= refunded and refunded <= credited and credited <= quantity);
    `),
};
