import type { Knex } from 'knex';

/** Answers of a batch that need nothing written but themselves. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function integration.keep_answers(p_operation text, p_claims json)
    returns table (i int, kind text, result jsonb) language plpgsql set plan_cache_mode to 'force_generic_plan' as $$
      #variable_conflict use_column
      declare
        v_claims jsonb;
        v_members int[];
      begin
        select jsonb_agg(claim), array_agg(claim.i) filter (where claim.kind = 'CLAIMED') into v_claims, v_members
        from integration.claim_idempotency_keys(p_operation, p_claims) claim where claim.kind <> 'IN_FLIGHT';
        perform integration.store_answers(p_operation, p_claims, v_members);
        return query
        select claim.i, case when claim.kind = 'CLAIMED' then 'DONE' else claim.kind end, claim.result
        from jsonb_to_recordset(v_claims) as claim (i int, kind text, result jsonb);
      end $$;
    comment on function integration.keep_answers is 'Keeps the answers of a batch under their keys. Who has no row runs elsewhere.';
  `);
}
