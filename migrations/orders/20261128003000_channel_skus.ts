import type { Knex } from 'knex';

/** What channels call our articles, and their orders that were refused because nobody knew what they meant. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table orders.channel_sku (
      channel_code text not null,
      channel_sku text not null,
      sku text not null,
      added_at timestamptz not null default now(),
      primary key (channel_code, channel_sku)
    );
    comment on table orders.channel_sku is 'Which of our SKUs a marketplace means by one of its own.';
    create table orders.refused_import (
      channel_code text not null,
      channel_order_id text not null,
      unknown_skus text[] not null,
      channel jsonb not null,
      input text,
      trace_id text not null,
      attempts int not null default 0,
      refused_at timestamptz not null default now(),
      placed_at timestamptz,
      primary key (channel_code, channel_order_id)
    );
    comment on table orders.refused_import is 'Orders of marketplaces with SKUs that nobody knew. They are placed once somebody has said what the SKUs are.';
    comment on column orders.refused_import.input is 'What the channel sent, JSON. Holds personal data: null once the order is placed.';
    create index refused_import_waiting on orders.refused_import using gin (unknown_skus) where placed_at is null;
  `);
}
