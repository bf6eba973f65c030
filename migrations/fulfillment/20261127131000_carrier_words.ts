import type { Knex } from 'knex';

/** Words of carriers that operators gave a meaning, beside the table that comes with the code. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table fulfillment.carrier_word (
      carrier  text        not null,
      word     text        not null,
      meaning  text        not null,
      added_at timestamptz not null default now(),
      primary key (carrier, word)
    );
    comment on table fulfillment.carrier_word is 'Carriers'' words that the table in the code does not have, with the meaning an operator gave them; carrier in capitals, word in small letters.';
    create index tracking_event_unknown on fulfillment.tracking_event (upper(carrier), lower(btrim(raw_status))) where status = 'UNKNOWN';
  `);
}
