import type { Migration } from '../../platform/db/migrate.ts';

/** A closed exception stays closed, whoever writes: work that fails again opens another one. */
export const exceptionGuard: Migration = {
  up: (knex) =>
    knex.raw(`
      create function integration.admit_exception_move() returns trigger language plpgsql as $$
      begin
        if (old.state, new.state) not in (('OPEN', 'RETRYING'), ('OPEN', 'RESOLVED'), ('OPEN', 'DISMISSED'),
                                          ('RETRYING', 'OPEN'), ('RETRYING', 'RESOLVED'), ('RETRYING', 'DISMISSED')) then
          raise exception 'exception % cannot change so: % to %', old.id, old.state, new.state using errcode = 'restrict_violation';
        end if;
        return new;
      end $$;
      create trigger exception_moves before update of state on integration.exception
        for each row when (old.state is distinct from new.state) execute function integration.admit_exception_move();
    `),
};
