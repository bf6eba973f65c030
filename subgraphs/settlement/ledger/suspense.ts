import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { accountNumber } from './posting-rules.ts';

/** Money on the account of lines without an explanation that is not that of the differences which are open. */
export interface SuspenseFault {
  /** Null: posted for no settlement. */
  readonly statementId: string | null;
  readonly currencyCode: string;
  /** What the account holds of the settlement; minor units, credits above zero. */
  readonly heldMinor: string;
  /** What of it open differences explain. */
  readonly openMinor: string;
}

/**
 * Compares what each settlement has on the account of lines without an explanation with its differences that are open. One that
 * is disputed and was posted as such stands on another account. A difference of lines of several settlements stands with each of
 * them. A reversed settlement is left out while its channel is being looked at.
 *
 * @param month only settlements that ended in it or before; null: all. What belongs to no settlement is always compared
 */
export async function suspenseFaults(
  trx: Knex.Transaction,
  month: string | null,
  most: number,
): Promise<SuspenseFault[]> {
  const tables = await query<{ content: string }>(trx, 'select content from settlement.posting_rules');
  const accounts = [...new Set(tables.map(({ content }) => accountNumber(content, 'suspense')))];
  return query<SuspenseFault>(
    trx,
    `with open_difference as (
       select d.* from settlement.difference d where d.account = 'suspense' and (d.state in ('OPEN', 'AWAITING_APPROVAL') or (d.state = 'DISPUTED' and not exists (
         select from settlement.decision c where c.exception_id = d.id and c.state = 'TAKEN' and c.resolution = 'RAISE_DISPUTE' and c.entry_id is not null)))),
     elsewhere as (
       select d.statement_id as told_by, l.statement_id, d.currency_code, l.amount_minor
       from open_difference d join settlement.line_match m on m.exception_id = d.id and m.statement_id <> d.statement_id
       join settlement.statement_line l on l.statement_id = m.statement_id and l.line_number = m.line_number),
     moved as (
       select e.statement_id, l.currency_code, case l.side when 'CREDIT' then l.amount_minor else -l.amount_minor end as held, 0 as open
       from settlement.ledger_line l join settlement.ledger_entry e on e.id = l.entry_id where l.account = any(?::text[])
       union all select statement_id, currency_code, 0, difference_minor from open_difference
       union all select statement_id, currency_code, 0, amount_minor from elsewhere
       union all select told_by, currency_code, 0, -amount_minor from elsewhere)
     select m.statement_id as "statementId", m.currency_code as "currencyCode", sum(m.held)::text as "heldMinor", sum(m.open)::text as "openMinor"
     from moved m left join settlement.statement s on s.id = m.statement_id
     where (?::text is null or s.id is null or s.period_end - interval '1 millisecond' < (?::text || '-01')::timestamp at time zone 'UTC' + interval '1 month')
       and not (s.state is not distinct from 'REVERSED' and exists (select from settlement.match_due due where due.channel_code = s.channel_code))
     group by 1, 2 having sum(m.held) <> sum(m.open) order by 1, 2 limit ?`,
    [accounts, month, month, most],
  );
}

/** In words, for a person. */
export function sayOfSuspense({ statementId, currencyCode, heldMinor, openMinor }: SuspenseFault): string {
  const whose = statementId === null ? 'of no settlement' : `of settlement ${statementId}`;
  return `lines without an explanation ${whose} hold ${heldMinor} minor units ${currencyCode}, open differences are ${openMinor}`;
}
