import type { Migration } from '../../platform/db/migrate.ts';

/** What operators did, and why: append-only, each row chained to the one before by its hash. See platform/audit. */
export const audit: Migration = {
  up: (knex) =>
    knex.raw(`
      create table integration.audit (
        position    bigint      primary key,
        occurred_at timestamptz not null,
        client_id   text        not null,
        contract    text        not null,
        action      text        not null,
        subject     text        not null,
        reason      text,
        trace_id    text        not null,
        previous    bytea       not null,
        hash        bytea       not null
      );
      comment on table integration.audit is 'Actions of operators, in order. No personal data.';
      comment on column integration.audit.previous is 'Hash of the row before; 32 zero bytes in the first.';
      comment on column integration.audit.hash is 'SHA-256 of integration.audit_text of this row.';

      -- Every part with its length: no two different rows have the same text.
      create function integration.audit_text(a integration.audit) returns text language sql stable as $$
        select string_agg(coalesce(length(part)::text || ':' || part, '-'), ',' order by place)
          from unnest(array[
            (a).position::text, to_char((a).occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), (a).client_id,
            (a).contract, (a).action, (a).subject, (a).reason, (a).trace_id, encode((a).previous, 'hex')
          ]) with ordinality as parts (part, place)
      $$;

      -- In the transaction of what it records: both are committed, or neither. The lock keeps the chain in one line.
      create function integration.record_audit(
        p_client_id text, p_contract text, p_action text, p_subject text, p_reason text, p_trace_id text
      ) returns bigint language plpgsql volatile as $$
      declare
        entry integration.audit;
      begin
        perform pg_advisory_xact_lock(hashtextextended('integration.audit', 0));
        select coalesce(max(position), 0) + 1 into entry.position from integration.audit;
        select hash into entry.previous from integration.audit where position = entry.position - 1;
        entry.previous := coalesce(entry.previous, decode(repeat('00', 32), 'hex'));
        entry.occurred_at := clock_timestamp();
        entry.client_id := p_client_id;
        entry.contract := p_contract;
        entry.action := p_action;
        entry.subject := p_subject;
        entry.reason := p_reason;
        entry.trace_id := p_trace_id;
        entry.hash := sha256(convert_to(integration.audit_text(entry), 'UTF8'));
        insert into integration.audit select entry.*;
        return entry.position;
      end $$;

      create view integration.audit_fault as
        select position, fault from (
          select a.position,
                 case when a.hash <> sha256(convert_to(integration.audit_text(a), 'UTF8')) then 'the row was changed'
                      when a.position <> coalesce(lag(a.position) over w, 0) + 1 then 'a row before it is missing'
                      when a.previous <> coalesce(lag(a.hash) over w, decode(repeat('00', 32), 'hex')) then 'it does not follow the row before it'
                 end as fault
            from integration.audit a
          window w as (order by a.position)
        ) checked where fault is not null;
      comment on view integration.audit_fault is 'Where the chain is broken: empty, unless somebody wrote past the triggers.';

      create function integration.refuse_audit_change() returns trigger language plpgsql as $$
      begin
        raise exception 'integration.audit is append-only: % refused', lower(tg_op) using errcode = 'restrict_violation';
      end $$;
      create trigger audit_kept before update or delete on integration.audit
        for each row execute function integration.refuse_audit_change();
      create trigger audit_never_emptied before truncate on integration.audit
        for each statement execute function integration.refuse_audit_change();
    `),
};
