import type { Knex } from 'knex';

/** Channels' settlement reports as they came, and what they say. See subgraphs/settlement/reports. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table settlement.report_file (
      id text primary key,
      channel_code text not null,
      format text not null,
      file_name text,
      sha256 bytea not null check (length(sha256) = 32),
      size_bytes bigint not null check (size_bytes >= 0),
      received_by text not null,
      received_at timestamptz not null default clock_timestamp()
    );
    comment on table settlement.report_file is 'Reports as they came; their bytes are in report_file_part.';
    comment on column settlement.report_file.sha256 is 'Over all parts in their order.';
    create index report_file_hash on settlement.report_file (channel_code, sha256);

    create table settlement.report_file_part (
      file_id text not null references settlement.report_file (id),
      part int not null check (part > 0),
      content bytea not null,
      primary key (file_id, part)
    );

    create table settlement.report_refusal (
      id bigint generated always as identity primary key,
      channel_code text not null,
      format text not null,
      file_name text,
      sha256 bytea not null,
      size_bytes bigint not null,
      code text not null,
      message text not null,
      line_number bigint,
      refused_by text not null,
      refused_at timestamptz not null default clock_timestamp()
    );
    comment on table settlement.report_refusal is 'Audit of reports that were not taken: nothing else of them is stored.';

    create table settlement.statement (
      id text primary key,
      channel_code text not null,
      external_id text not null,
      format text not null,
      file_id text not null references settlement.report_file (id),
      state text not null check (state in ('LOADING', 'EXPECTED', 'OPEN', 'CLOSED', 'INGESTED', 'MATCHING', 'MATCHED', 'PARTIALLY_MATCHED', 'DISPUTED', 'ADJUSTED', 'POSTED', 'RECONCILED', 'REVERSED')),
      period_start timestamptz not null,
      period_end timestamptz not null,
      currency_code text not null,
      total_minor bigint not null,
      line_count bigint not null default 0,
      payout_external_id text,
      payout_reference text,
      deposit_at timestamptz,
      ingested_at timestamptz,
      constraint statement_period check (period_start <= period_end)
    );
    comment on column settlement.statement.state is 'LOADING: its lines are still being written; nobody but the loader may see it.';
    comment on column settlement.statement.total_minor is 'What is paid out: the sum of all lines but those of class PAYOUT. May be negative.';
    create unique index statement_external on settlement.statement (channel_code, external_id) where state not in ('LOADING', 'REVERSED');
    create index statement_listed on settlement.statement (period_end desc, id desc) where state <> 'LOADING';

    create table settlement.statement_line (
      statement_id text not null references settlement.statement (id),
      line_number bigint not null check (line_number > 0),
      channel_code text not null,
      kind text not null,
      class text not null,
      word_transaction text not null,
      word_type text not null,
      word_description text not null,
      channel_order_id text,
      merchant_order_id text,
      sku text,
      quantity int,
      amount_minor bigint not null,
      currency_code text not null,
      original_minor bigint,
      original_currency_code text,
      posted_at timestamptz not null,
      reference jsonb not null default '{}',
      fingerprint bytea not null check (length(fingerprint) = 16),
      primary key (statement_id, line_number),
      constraint statement_line_original check ((original_minor is null) = (original_currency_code is null))
    );
    comment on table settlement.statement_line is 'Money rows of the reports. What became of them is in line_match.';
    comment on column settlement.statement_line.fingerprint is 'Equal for the same row told twice (reports/fingerprint.ts).';
    create index statement_line_order on settlement.statement_line (channel_code, channel_order_id) where channel_order_id is not null;
    create index statement_line_merchant_order on settlement.statement_line (channel_code, merchant_order_id) where merchant_order_id is not null;
    create index statement_line_fingerprint on settlement.statement_line (fingerprint);

    create function settlement.refuse_statement_change() returns trigger language plpgsql as $$
    begin
      -- A load that was cut short is cleared away; what was seen by anybody stays.
      if tg_op = 'DELETE' and exists (select from settlement.statement where id = old.statement_id and state = 'LOADING') then return old; end if;
      raise exception '% is append-only: % refused', tg_table_name, lower(tg_op) using errcode = 'restrict_violation';
    end $$;
    create trigger statement_line_kept before update or delete on settlement.statement_line for each row execute function settlement.refuse_statement_change();
    create trigger report_file_kept before update on settlement.report_file for each row execute function settlement.refuse_change();
    create trigger report_file_part_kept before update on settlement.report_file_part for each row execute function settlement.refuse_change();

    create function settlement.refuse_file_removal() returns trigger language plpgsql as $$
    begin
      if exists (select from settlement.statement s where s.file_id = coalesce(to_jsonb(old) ->> 'file_id', to_jsonb(old) ->> 'id') and s.state <> 'LOADING') then
        raise exception 'the file of a statement is kept: delete refused' using errcode = 'restrict_violation';
      end if;
      return old;
    end $$;
    create trigger report_file_stays before delete on settlement.report_file for each row execute function settlement.refuse_file_removal();
    create trigger report_file_part_stays before delete on settlement.report_file_part for each row execute function settlement.refuse_file_removal();
  `);
}
