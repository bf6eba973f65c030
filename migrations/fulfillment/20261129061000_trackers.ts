import type { Knex } from 'knex';

/** Parcels that a service tracks for us. See subgraphs/fulfillment/trackers.ts. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table fulfillment.tracker (
      id bigint generated always as identity primary key,
      account text not null,
      carrier text not null check (carrier = upper(carrier)),
      tracking_number text not null,
      tracker text,
      registered_at timestamptz,
      due_at timestamptz not null default now(),
      refused text,
      closed_at timestamptz,
      unique (tracking_number, carrier, account)
    );
    comment on column fulfillment.tracker.account is 'As config/carriers.yaml names it.';
    comment on column fulfillment.tracker.tracker is 'Id of the tracker there. Null until the parcel is registered.';
    comment on column fulfillment.tracker.due_at is 'When it is registered, or asked for again because nothing was heard of it.';
    comment on column fulfillment.tracker.refused is 'Why it is not tracked: code of the refusal. Nothing is tried until somebody retries.';
    comment on column fulfillment.tracker.closed_at is 'When no parcel under this number was expected any more.';
    create index tracker_due on fulfillment.tracker (account, due_at) where closed_at is null and refused is null;
    create index tracker_of on fulfillment.tracker (account, tracker) where closed_at is null;
    create index package_open on fulfillment.package (upper(carrier), tracking_number)
      where status not in ('DELIVERED', 'LOST', 'CANCELLED');
  `);
}
