import type { Knex } from 'knex';

/** The counts behind the share: what else is accounted for is counted beside them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function settlement.reconciled_lines(since timestamptz) returns table (lines bigint, accounted bigint) language sql stable as $$
      select count(*), count(*) filter (where m.state = 'MATCHED' or d.state in ('RESOLVED', 'WRITTEN_OFF'))
      from settlement.statement s
      join settlement.statement_line l on l.statement_id = s.id
      left join settlement.line_match m on m.statement_id = l.statement_id and m.line_number = l.line_number
      left join settlement.difference d on d.id = m.exception_id
      where s.ingested_at >= since and s.state not in ('LOADING', 'REVERSED')
    $$;
    comment on function settlement.reconciled_lines is 'Lines of the statements taken in since then, and how many of them are matched or decided.';
  `);
}
