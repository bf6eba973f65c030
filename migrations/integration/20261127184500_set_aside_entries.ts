import type { Knex } from 'knex';

/** Entries of feeds that nobody could read or store, so that they can be looked at and taken again. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table integration.set_aside_entry (
      feed text not null,
      position bigint not null,
      entry text not null,
      problem text not null,
      set_aside_at timestamptz not null default now(),
      handled_at timestamptz,
      primary key (feed, position)
    );
    comment on table integration.set_aside_entry is 'Entries of systems'' feeds that could not be read or stored; an exception tells of each. May hold personal data.';
    comment on column integration.set_aside_entry.position is 'Number of the entry in the feed.';
    comment on column integration.set_aside_entry.entry is 'As it came; JSON as text, because it may hold what jsonb refuses.';
    comment on column integration.set_aside_entry.handled_at is 'When it was applied after all.';
  `);
}
