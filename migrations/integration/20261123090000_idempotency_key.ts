import type { Migration } from '../../platform/db/migrate.ts';

/** What was answered to a key, written by the transaction whose effect it records. See platform/idempotency. */
export const idempotencyKey: Migration = {
  up: (knex) =>
    knex.raw(`
      create table integration.idempotency_key (
        scope        text        not null,
        operation    text        not null,
        key          text        not null,
        request_hash bytea       not null,
        result       jsonb       not null,
        created_at   timestamptz not null default now(),
        primary key (scope, operation, key)
      );
      comment on table integration.idempotency_key is 'Answers by idempotency key. A row exists exactly when the effect was committed.';
      comment on column integration.idempotency_key.scope is 'Client that sent the key; keys of different clients never meet.';
      comment on column integration.idempotency_key.request_hash is 'SHA-256 of the RFC 8785 form of the input.';

      -- Rows are written in the order of their age and only ever deleted by age: a block range index is enough and costs nothing to write.
      create index idempotency_key_by_age on integration.idempotency_key using brin (created_at);

      -- One round trip that answers whether the caller may run the effect. A function, because the statement after the
      -- lock needs a snapshot taken after the lock: within one statement it would not see the row that the previous
      -- holder committed just before.
      create function integration.claim_idempotency_key(p_scope text, p_operation text, p_key text, p_request_hash bytea)
      returns table (kind text, result jsonb)
      language plpgsql volatile as $$
      begin
        if not pg_try_advisory_xact_lock(hashtextextended(format('%L %L %L', p_scope, p_operation, p_key), 0)) then
          return query select 'IN_FLIGHT'::text, null::jsonb;
          return;
        end if;
        return query
          select case when known.request_hash = p_request_hash then 'REPLAY' else 'CONFLICT' end, known.result
            from integration.idempotency_key as known
           where known.scope = p_scope and known.operation = p_operation and known.key = p_key;
        if not found then
          return query select 'CLAIMED'::text, null::jsonb;
        end if;
      end $$;
    `),
};
