import type { Knex } from 'knex';

/** What the service indicators of operations need to know of settlement. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function settlement.reconciliation_completeness(since timestamptz) returns double precision language sql stable as $$
      select (count(*) filter (where m.state = 'MATCHED' or d.state in ('RESOLVED', 'WRITTEN_OFF')))::double precision / nullif(count(*), 0)
      from settlement.statement s
      join settlement.statement_line l on l.statement_id = s.id
      left join settlement.line_match m on m.statement_id = l.statement_id and m.line_number = l.line_number
      left join settlement.difference d on d.id = m.exception_id
      where s.ingested_at >= since and s.state not in ('LOADING', 'REVERSED')
    $$;
    comment on function settlement.reconciliation_completeness is 'Share of the lines of statements taken in since then that are matched or decided. Null when none was taken in.';
  `);
}
