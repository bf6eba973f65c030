import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { CommerceError } from '../../../platform/errors.ts';
import { readUnposted, readUnpostedMonths } from '../vouchers/read.ts';
import { checkMonth } from './model.ts';
import { sayOfSuspense, suspenseFaults } from './suspense.ts';

export interface ClosedPeriod {
  readonly month: string;
  /** Head of the ledger when it was closed, as `verifyLedger` gives it. */
  readonly head: string;
  /** Who had closed it before, and when. Null when this call closed it. */
  readonly before: { readonly by: string; readonly at: Date } | null;
}

interface Obstacles {
  undecided: number;
  /** The first of them, and of the settlements. */
  differences: string;
  statements: string;
  unmatched: number;
  unposted: number;
  /** Lines that are exceptions without a difference that anybody could decide about. */
  orphaned: number;
}

/** Differences and settlements that a refusal names. */
const NAMED = 5;

/** Command that has the ERP take what it has not of a month and those before it. */
const POST = 'npx commerce settlement post';

/**
 * Closes a month: nothing can be posted into it any more, by this platform or past it. Closing it again changes nothing.
 *
 * @param month such as 2026-11; it must be over
 * @throws CommerceError BAD_USER_INPUT when it is no month or not over; ILLEGAL_TRANSITION while something of it is
 *   not explained, not matched, not posted, or not accepted by the ERP: the message and the details say how much and
 *   what to do
 */
export async function closePeriod(
  knex: Knex,
  month: string,
  actor: string,
  now: Date = new Date(),
): Promise<ClosedPeriod> {
  checkMonth(month);
  if (month >= now.toISOString().slice(0, 7)) throw new CommerceError('BAD_USER_INPUT', `${month} is not over yet.`);
  return inTransaction(knex, async (trx) => {
    // The lock of whoever appends: nothing is posted between the check and the close.
    await query(trx, 'select 1 from settlement.ledger_head for update');
    const [known] = await query<{ head: string; by: string; at: Date }>(
      trx,
      `select head_sequence || ':' || encode(head_hash, 'hex') as head, closed_by as by, closed_at as at from settlement.accounting_period where code = ?`,
      [month],
    );
    if (known) return { month, head: known.head, before: { by: known.by, at: known.at } };
    const found = await obstaclesOf(trx, month);
    const { entries, vouchers } = await readUnposted(trx, { period: month, upTo: true, channelCode: null });
    const unexplained = await suspenseFaults(trx, month, NAMED);
    const obstacles = [
      ...describe(found),
      ...unexplained.map(sayOfSuspense),
      ...describeUnposted(entries, vouchers, await readUnpostedMonths(trx, month)),
    ];
    if (obstacles.length > 0)
      throw new CommerceError('ILLEGAL_TRANSITION', `${month} cannot be closed: ${obstacles.join('; ')}.`, {
        month,
        ...found,
        unexplained: unexplained.length,
        entriesWithoutVoucher: entries,
        vouchersNotAccepted: vouchers,
      });
    const [closed] = await query<{ head: string }>(
      trx,
      `insert into settlement.accounting_period (code, closed_by, head_sequence, head_hash)
       select ?, ?, sequence, hash from settlement.ledger_head returning head_sequence || ':' || encode(head_hash, 'hex') as head`,
      [month, actor],
    );
    return { month, head: closed?.head ?? '', before: null };
  });
}

/** What of the month, or of one before it, is not done. */
async function obstaclesOf(trx: Knex, month: string): Promise<Obstacles> {
  const [found] = await query<Obstacles>(
    trx,
    `with until as (select (?::text || '-01')::timestamp at time zone 'UTC' + interval '1 month' as moment),
     open_difference as (
       select d.id, d.statement_id, d.opened_at from settlement.difference d left join settlement.statement s on s.id = d.statement_id
         left join settlement.payout p on d.statement_id is null and d.group_key = 'payout:' || p.id, until
       where d.state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED') and coalesce(s.period_end - interval '1 millisecond', p.scheduled_at, d.opened_at) < until.moment),
     unmatched_statement as (
       select s.id from settlement.statement s, until
       where s.state in ('LOADING', 'INGESTED', 'MATCHING') and s.period_end - interval '1 millisecond' < until.moment)
     select
       (select count(*)::int from open_difference) as undecided,
       coalesce((select string_agg(id || case when statement_id is null then '' else ' of ' || statement_id end, ', ') from (select * from open_difference order by opened_at, id limit ${NAMED}) d), '') as differences,
       (select count(*)::int from unmatched_statement) as unmatched,
       coalesce((select string_agg(id, ', ') from (select id from unmatched_statement order by id limit ${NAMED}) s), '') as statements,
       (select count(*)::int from settlement.posting_due p, until where p.at < until.moment) as unposted,
       (select count(*)::int from settlement.line_match m join settlement.statement s on s.id = m.statement_id, until
        where m.state = 'EXCEPTION' and s.state <> 'REVERSED' and s.period_end - interval '1 millisecond' < until.moment
          and not exists (select from settlement.difference d where d.id = m.exception_id)) as orphaned`,
    [month],
  );
  return found ?? { undecided: 0, differences: '', unmatched: 0, statements: '', unposted: 0, orphaned: 0 };
}

function describe({ undecided, differences, unmatched, statements, unposted, orphaned }: Obstacles): string[] {
  return [
    ...(undecided > 0 ? [`differences nobody decided about: ${undecided} (${named(differences, undecided)})`] : []),
    ...(unmatched > 0 ? [`settlements not matched yet: ${unmatched} (${named(statements, unmatched)})`] : []),
    ...(unposted > 0 ? [`events not posted yet: ${unposted}`] : []),
    ...(orphaned > 0
      ? [`lines whose difference is gone: ${orphaned} (npx commerce settlement verify names them)`]
      : []),
  ];
}

function named(first: string, count: number): string {
  return count > NAMED ? `${first}, …` : first;
}

function describeUnposted(entries: number, vouchers: number, months: readonly string[]): string[] {
  const what = [
    ...(entries > 0 ? [`entries in no voucher: ${entries}`] : []),
    ...(vouchers > 0 ? [`vouchers that the ERP has not accepted: ${vouchers}`] : []),
  ];
  return what.length === 0 ? [] : [`${what.join(', ')} (of ${months.join(', ')}; run: ${POST})`];
}
