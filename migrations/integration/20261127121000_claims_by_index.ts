import type { Migration } from '../../platform/db/migrate.ts';

/**
 * The keys of a batch are found by their index, whatever the planner knew of the table when a session first asked: a plan
 * that is kept and was made while the table was empty would read all of it for every batch from then on.
 */
export const claimsByIndex: Migration = {
  up: (knex) =>
    knex.raw(`
      create or replace function integration.claim_idempotency_keys(p_operation text, p_claims json) returns table (i int, kind text, result jsonb)
      language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
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
                 when found.request_hash is null then 'CLAIMED'
                 when found.request_hash = decode(asked.hash, 'hex') then 'REPLAY'
                 else 'CONFLICT'
               end,
               found.result
        from json_to_recordset(p_claims) as asked (i int, scope text, key text, hash text)
        -- The limit keeps it a look-up for each member: as a join it could become a reading of all keys.
        left join lateral (
          select known.request_hash, known.result from integration.idempotency_key known
          where known.scope = asked.scope and known.operation = p_operation and known.key = asked.key
          limit 1
        ) found on true;
      end $$;
    `),
};
