import type { Knex } from 'knex';

/**
 * Goods that came back and are kept: the order desk is told of them. What was kept before it was told of any becomes one notice
 * per order, which only a comparison with the desk makes use of: there people may have entered it by hand.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table orders.desk_return (
      id text primary key,
      order_id text not null references orders.customer_order (id),
      lines jsonb not null,
      kept_before boolean not null default false,
      written_at timestamptz not null default clock_timestamp(),
      told_at timestamptz
    );
    create index desk_return_order on orders.desk_return (order_id);
    comment on table orders.desk_return is 'What the order desk is told of goods that came back and are kept: one notice each time units are accepted. The id is the desk''s idempotency key.';
    comment on column orders.desk_return.lines is 'Order lines and units: [{"lineId", "quantity"}].';
    comment on column orders.desk_return.kept_before is 'Units that were kept before the desk was told of returns. Told only when a comparison finds that the desk lacks them.';

    insert into orders.desk_return (id, order_id, lines, kept_before)
    select order_id || ':returned:0', order_id, jsonb_agg(jsonb_build_object('lineId', line_id, 'quantity', units) order by line_id), true
    from (select r.order_id, l.order_line_id as line_id, sum(c.accepted)::int as units
          from orders.return r join orders.return_line l on l.return_id = r.id join orders.return_condition c on c.return_line_id = l.id
          where c.accepted > 0 group by 1, 2) kept
    group by order_id;
  `);
}
