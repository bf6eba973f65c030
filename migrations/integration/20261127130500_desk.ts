import type { Migration } from '../../platform/db/migrate.ts';

/** What an exception puts at risk, until when, and what waits behind it where no workflow does. See subgraphs/operations. */
export const desk: Migration = {
  up: (knex) =>
    knex.raw(`
      alter table integration.exception
        add column at_stake_minor    bigint,
        add column at_stake_currency text,
        add column deadline          timestamptz,
        add column set_aside_by      text,
        add column set_aside_id      text,
        add constraint exception_at_stake check ((at_stake_minor is null) = (at_stake_currency is null)),
        add constraint exception_set_aside check ((set_aside_by is null) = (set_aside_id is null));
      comment on column integration.exception.at_stake_minor is 'Value of the order that is not cancelled, in minor units, when the newest attempt failed. Told by the order owner.';
      comment on column integration.exception.deadline is 'When the work behind it has to be done at the latest. Null when there is no such time.';
      comment on column integration.exception.set_aside_by is 'Consumer group or feed that set an event or entry aside and takes it again on a retry. Null when none did.';
      comment on column integration.exception.set_aside_id is 'Place of the event in the log, or of the entry in the feed.';
      create index exception_deadline on integration.exception (deadline) where deadline is not null and state in ('OPEN', 'RETRYING');
    `),
};
