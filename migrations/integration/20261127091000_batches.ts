import type { Migration } from '../../platform/db/migrate.ts';

/** What a batch of requests needs of this owner inside its one transaction: keys, answers, events. */
export const batches: Migration = {
  up: (knex) =>
    knex.raw(`
      -- As claim_idempotency_key, for many. Nobody waits: a transaction that waits for a key while it holds others could
      -- meet one that waits the other way round.
      create function integration.claim_idempotency_keys(p_operation text, p_claims json) returns table (i int, kind text, result jsonb)
      language plpgsql set plan_cache_mode = force_generic_plan as $$
      declare
        v_locked int[];
      begin
        select array_agg(asked.i) into v_locked
        from json_to_recordset(p_claims) as asked (i int, scope text, key text)
        where pg_try_advisory_xact_lock(hashtextextended(format('%L %L %L', asked.scope, p_operation, asked.key), 0));
        -- A statement of its own: it sees what the previous holder of a lock committed just before.
        return query
        select asked.i,
               case
                 when asked.i <> all (v_locked) or v_locked is null then 'IN_FLIGHT'
                 when known.request_hash is null then 'CLAIMED'
                 when known.request_hash = decode(asked.hash, 'hex') then 'REPLAY'
                 else 'CONFLICT'
               end,
               known.result
        from json_to_recordset(p_claims) as asked (i int, scope text, key text, hash text)
        left join integration.idempotency_key known
          on known.scope = asked.scope and known.operation = p_operation and known.key = asked.key;
      end $$;
      comment on function integration.claim_idempotency_keys is 'What became of the claim of each member. CLAIMED: its effect may run. IN_FLIGHT: another transaction runs it. REPLAY, with the stored answer. CONFLICT.';

      create function integration.store_answers(p_operation text, p_claims json, p_members int[]) returns void
      language sql set plan_cache_mode = force_generic_plan as $$
        insert into integration.idempotency_key (scope, operation, key, request_hash, result)
        select asked.scope, p_operation, asked.key, decode(asked.hash, 'hex'), asked.answer
        from json_to_recordset(p_claims) as asked (i int, scope text, key text, hash text, answer jsonb)
        where asked.i = any (p_members)
      $$;
      comment on function integration.store_answers is 'Records the answers of members whose keys this transaction has claimed and whose effects it has written.';

      create function integration.append_events(p_events json, p_members int[]) returns void
      language sql set plan_cache_mode = force_generic_plan as $$
        insert into integration.outbox (type, source, subject, version, channel_code, trace_id, data)
        select event.type, event.source, event.subject, event.version, event.channel_code, event.trace_id, event.data
        from json_to_recordset(p_events)
          as event (i int, type text, source text, subject text, version int, channel_code text, trace_id text, data jsonb)
        where event.i = any (p_members)
        order by event.i, event.version
      $$;
    `),
};
