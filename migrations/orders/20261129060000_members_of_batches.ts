import type { Migration } from '../../platform/db/migrate.ts';

/**
 * Five statements of a batch look for what they need of each order (its channel order id, its hold, its recipes), and each read
 * the whole order for it: a tenth of the batch's time. They get it by itself, without what is the same in every order.
 */
export const membersOfBatches: Migration = {
  up: (knex) =>
    knex.raw(`
      create function orders.place_orders(p_claims json, p_members json, p_orders json, p_lines json, p_takes json, p_withheld json, p_events json)
      returns table (i int, kind text, result jsonb, placed_at timestamptz)
      language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
      #variable_conflict use_column
      declare
        v_members int[]; v_done int[];
        v_known jsonb;
      begin
        select array_agg(claim.i) filter (where claim.kind = 'CLAIMED'), jsonb_agg(claim) filter (where claim.kind in ('REPLAY', 'CONFLICT'))
        into v_members, v_known from integration.claim_idempotency_keys('orderPlace', p_claims) claim;
        if v_known is not null then
          return query select known.i, known.kind, known.result, null::timestamptz
          from jsonb_to_recordset(v_known) as known (i int, kind text, result jsonb);
        end if;
        v_members := orders.new_channel_orders(p_members, v_members);
        if v_members is null then return; end if;

        v_done := inventory.commit_orders(p_members, p_takes, p_withheld, v_members);
        if v_done is null then return; end if;
        perform orders.insert_orders(p_orders, p_lines, p_takes, v_done);
        perform integration.append_events(p_events, v_done);
        perform integration.store_answers('orderPlace', p_claims, v_done);
        return query select done.i, 'DONE', null::jsonb, now() from unnest(v_done) as done (i);
      end $$;
      comment on function orders.place_orders(json, json, json, json, json, json, json) is 'Captures the orders of a batch that fit, each wholly. p_members: ids, channel, channel order id, hold and recipes of each. A member without a row was not touched and has to be tried alone.';

      -- For processes of the release before.
      create or replace function orders.place_orders(p_claims json, p_orders json, p_lines json, p_takes json, p_withheld json, p_events json)
      returns table (i int, kind text, result jsonb, placed_at timestamptz) language sql as $$
        select * from orders.place_orders(p_claims, p_orders, p_orders, p_lines, p_takes, p_withheld, p_events) $$;
      alter function orders.place_orders(json, json, json, json, json, json) reset all;
    `),
};
