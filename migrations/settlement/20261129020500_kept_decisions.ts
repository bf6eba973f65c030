import type { Knex } from 'knex';

/** Decisions about differences are kept as they were taken: only their course goes on. See subgraphs/settlement/ledger/record-faults.ts. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function settlement.refuse_decision_change() returns trigger language plpgsql as $$
    begin
      if (new.id, new.exception_id, new.resolution, new.order_id, new.note, new.actor, new.amount_minor, new.currency_code, new.made_at)
           is distinct from (old.id, old.exception_id, old.resolution, old.order_id, old.note, old.actor, old.amount_minor, old.currency_code, old.made_at)
         or (new.approved_by is distinct from old.approved_by and not (old.approved_by is null and old.state = 'PROPOSED' and new.state = 'TAKEN'))
         or (old.state = 'TAKEN' and new.state = 'PROPOSED') or (old.state = 'UNDONE' and new.state <> 'UNDONE') then
        raise exception 'a decision is kept as it was taken: update refused' using errcode = 'restrict_violation';
      end if;
      return new;
    end $$;
    comment on function settlement.refuse_decision_change is 'A second person approves while it is proposed; it is taken, posted and taken back. Nothing else of it changes.';
    create trigger decision_kept before update on settlement.decision for each row execute function settlement.refuse_decision_change();
    create trigger decision_stays before delete on settlement.decision for each row execute function settlement.refuse_change();
    create trigger decision_never_emptied before truncate on settlement.decision for each statement execute function settlement.refuse_change();
  `);
}
