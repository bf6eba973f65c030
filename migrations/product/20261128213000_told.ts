import type { Migration } from '../../platform/db/migrate.ts';

/** What each of two systems of record tells of goods and prices, beside the catalogue that is made of it. */
export const told: Migration = {
  up: (knex) =>
    knex.raw(`
      create table product.told_fact (
        system  text collate "C" not null,
        kind    text not null,
        key     text collate "C" not null,
        sku     text collate "C",
        parent  text collate "C",
        own_key text collate "C",
        body    jsonb not null,
        gone    boolean not null default false,
        told_at timestamptz not null default clock_timestamp(),
        primary key (system, kind, key)
      );
      comment on table product.told_fact is 'The newest fact that a system told under each of its keys, while the domain has two systems of record or moved from one to another.';
      comment on column product.told_fact.sku is 'Of a variant.';
      comment on column product.told_fact.parent is 'Key of what it belongs to: product of a variant, variant of a price or bundle, parent of a category.';
      comment on column product.told_fact.own_key is 'Key under which the catalogue has or had it, from which its id is derived; ids outlive a change of systems. Null: never in the catalogue.';
      comment on column product.told_fact.gone is 'The system took it back. Kept, so that it has the same id when it comes again.';
      create index told_fact_by_sku on product.told_fact (sku) where sku is not null;
      create index told_fact_by_parent on product.told_fact (system, kind, parent);
      create index told_fact_by_own_key on product.told_fact (kind, own_key) where own_key is not null;

      create table product.serving (
        single  boolean primary key default true check (single),
        home    text not null,
        systems jsonb not null,
        parts   jsonb not null,
        settled boolean not null default false
      );
      comment on table product.serving is 'Which system serves which part of the catalogue. No row: one system serves all of it and always did.';
      comment on column product.serving.home is 'The system whose keys the ids of the catalogue were first derived from.';
      comment on column product.serving.systems is 'Names, streams, and capabilities that each lacks.';
      comment on column product.serving.parts is 'Parts in their order with conditions and system; the last has no name and no conditions.';
      comment on column product.serving.settled is 'Whether the catalogue follows from this. False until the next worker has seen to it.';

      create table product.told_stream (
        system text not null,
        stream text not null,
        primary key (system, stream)
      );
      comment on table product.told_stream is 'Streams that were read to their end at least once since told facts are kept.';

      create table product.comparing (
        single   boolean primary key default true check (single),
        round    bigint not null default 0,
        after    text collate "C",
        ended_at timestamptz
      );
      comment on table product.comparing is 'How far the present round of comparisons is. ended_at: of the last one; null while one goes on.';
      insert into product.comparing default values;
    `),
};
