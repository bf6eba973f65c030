import type { Knex } from 'knex';

/** Returns that buyers ask for on a platform elsewhere. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table orders.platform_return (
      account text not null,
      external_id text not null,
      record jsonb not null,
      return_id text references orders.return (id),
      heard_at timestamptz not null default now(),
      due_at timestamptz default now(),
      primary key (account, external_id)
    );
    comment on table orders.platform_return is 'What a returns platform said last of each return, and the return that it is here.';
    comment on column orders.platform_return.record is 'As it came, without what is personal.';
    comment on column orders.platform_return.due_at is 'When it is to be taken. Null: it was, or a person was told.';
    create index platform_return_due on orders.platform_return (account, due_at) where due_at is not null;
  `);
}
