import type { Knex } from 'knex';

/** Commands that a node may have carried out although their outcome is not recorded. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table fulfillment.node_command (
      scope text not null,
      operation text not null,
      key text not null,
      request_hash bytea not null,
      fulfillment_order_id text not null,
      asked_at timestamptz not null default now(),
      primary key (scope, operation, key)
    );
    comment on table fulfillment.node_command is 'Commands of which a node is about to be asked. Gone once their outcome is recorded under the idempotency key; what stays may have been carried out, and is asked again when it is repeated.';
    comment on column fulfillment.node_command.request_hash is 'As in integration.idempotency_key: the same key with another input is refused.';
    create index node_command_asked on fulfillment.node_command (asked_at);
  `);
}
