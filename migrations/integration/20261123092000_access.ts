import type { Migration } from '../../platform/db/migrate.ts';

/** Who may call the gateway, and what it knows about the channels they sell on. See gateway/access. */
export const access: Migration = {
  up: (knex) =>
    knex.raw(`
      create table integration.channel (
        code                  text        primary key,
        kind                  text        not null check (kind in ('STOREFRONT', 'POINT_OF_SALE', 'MARKETPLACE', 'BUSINESS_TO_BUSINESS', 'SOCIAL')),
        name                  text        not null,
        price_list            text        not null,
        currency_code         text        not null check (currency_code ~ '^[A-Z]{3}$'),
        safety_stock          int         not null default 0 check (safety_stock >= 0),
        acknowledgement_hours int         check (acknowledgement_hours > 0),
        created_at            timestamptz not null default now()
      );
      comment on table integration.channel is 'Where orders come from, and the rules that its prices and stock follow.';
      comment on column integration.channel.price_list is 'The price list that quotes this channel''s prices.';
      comment on column integration.channel.currency_code is 'Currency of prices when a request names none.';
      comment on column integration.channel.safety_stock is 'Units of every SKU that are withheld from this channel.';
      comment on column integration.channel.acknowledgement_hours is 'Hours within which the channel expects an order to be acknowledged. Null when it does not.';

      create table integration.api_key (
        prefix       text        primary key,
        hash         bytea       not null unique,
        client_id    text        not null,
        contracts    text[]      not null check (cardinality(contracts) > 0),
        channel_code text        references integration.channel,
        customer_id  text,
        scopes       text[]      not null default '{}',
        development  boolean     not null default false,
        created_at   timestamptz not null default now(),
        revoked_at   timestamptz
      );
      comment on table integration.api_key is 'Keys of clients. A key itself is stored nowhere.';
      comment on column integration.api_key.prefix is 'First part of the key, by which people tell keys apart.';
      comment on column integration.api_key.hash is 'SHA-256 of the whole key.';
      comment on column integration.api_key.client_id is 'Who holds the key. Idempotency keys belong to the client: it may change its API key in between.';
      comment on column integration.api_key.contracts is 'Contracts the key may speak. The first is the one of POST /graphql.';
      comment on column integration.api_key.channel_code is 'The channel the client sells on. Null for back-office clients, who see every channel.';
      comment on column integration.api_key.customer_id is 'The only customer whose objects the key may see. Null for all of the channel.';
      comment on column integration.api_key.development is 'One of the well-known keys of a local installation; refused in production.';
    `),
};
