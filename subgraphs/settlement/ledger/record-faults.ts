import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { sayOfSuspense, suspenseFaults } from './suspense.ts';

const MOST = 20;

/**
 * What beside the ledger does not hold: records that postings were made of and that say something else now. Amounts of the
 * settlement's lines against its total, of money at the bank against what was posted, of a payout against what explains it, states
 * of payouts that their money does not bear out, people who decided or approved, differences that closed without a decision, or are gone, although lines still point
 * to them, and money without an explanation that is of no open difference. One look at each table.
 *
 * @returns in words, at most 20 of each kind; empty when all holds
 */
export async function recordFaults(trx: Knex.Transaction): Promise<string[]> {
  const faults = await query<{ fault: string }>(
    trx,
    `(select format('settlement %s pays %s minor units, its lines add up to %s', s.id, s.total_minor, sum(l.amount_minor)) as fault
      from settlement.statement s join settlement.statement_line l on l.statement_id = s.id and l.class <> 'PAYOUT' where s.state <> 'LOADING'
      group by s.id having sum(l.amount_minor) <> s.total_minor order by s.id limit ${MOST})
     union all
     (select format('line %s of entry %s is of no entry', l.position, l.entry_id) from settlement.ledger_line l
      where not exists (select from settlement.ledger_entry e where e.id = l.entry_id) order by l.entry_id, l.position limit ${MOST})
     union all
     (select format('receipt %s of payout %s is %s minor units, %s were posted', r.id, r.payout_id, told.minor, coalesce(p.minor::text, 'none'))
      from settlement.bank_receipt r join settlement.payout o on o.id = r.payout_id
      -- What the bank converted is posted in both currencies.
      cross join lateral (values (r.currency_code, r.amount_minor), (o.currency_code, r.counted_minor)) as told (currency_code, minor)
      left join lateral (
        select sum(l.amount_minor) as minor from settlement.ledger_entry e join settlement.ledger_line l on l.entry_id = e.id and l.side = 'DEBIT'
        where e.cause = 'payout:' || r.payout_id || ':received:' || r.id || case when r.matchings <= 1 then '' else ':' || r.matchings end and l.currency_code = told.currency_code) p on true
      where p.minor is distinct from abs(told.minor) group by r.id, told.minor, p.minor order by r.id limit ${MOST})
     union all
     (select format('entry %s posted receipt %s of payout %s, which is not of it any more', e.id, split_part(e.cause, ':', 4), p.id)
      from settlement.ledger_entry e join settlement.payout p on p.id = split_part(e.cause, ':', 2)
      where e.reversal_of is null and e.cause like 'payout:%:received:%' and not exists (select from settlement.ledger_entry b where b.reversal_of = e.id)
        and not exists (select from settlement.bank_receipt r where r.id = split_part(e.cause, ':', 4) and r.payout_id = p.id) order by e.id limit ${MOST})
     union all
     (select format('payout %s differs by %s minor units from its statement, %s of them are explained', p.id, r.minor - p.amount_minor, coalesce(c.minor, 0) + coalesce(d.minor, 0))
      from settlement.payout p
      join lateral (select sum(counted_minor) as minor from settlement.bank_receipt where payout_id = p.id having sum(counted_minor) <> 0) r on true
      left join lateral (select sum(amount_minor) as minor from settlement.payout where carried_into = p.id) c on true
      left join lateral (
        select sum(difference_minor) as minor from settlement.difference d where d.channel_code = p.channel_code and d.group_key = 'payout:' || p.id
          and (d.state <> 'RESOLVED' or exists (select from settlement.decision x where x.exception_id = d.id and x.state = 'TAKEN' and x.resolution <> 'REOPEN'))) d on true
      where r.minor - p.amount_minor <> coalesce(c.minor, 0) + coalesce(d.minor, 0) order by p.id limit ${MOST})
     union all
     (select format('payout %s is %s, and its money, what was taken off it and what is undecided make it %s', p.id, p.state, p.due)
      from (select p.id, p.state, case
          when r.minor is null then case when p.state in ('PAID', 'PAID_SHORT', 'PARTIALLY_PAID') then 'not paid' end
          when p.state = 'CARRIED_FORWARD' then null
          when r.minor >= case when p.announced_minor is null or p.statement_id is null or r.minor = p.amount_minor + coalesce(c.minor, 0) then p.amount_minor + coalesce(c.minor, 0) else p.announced_minor end then 'PAID'
          when exists (select from settlement.difference d where d.channel_code = p.channel_code and d.group_key = 'payout:' || p.id and d.state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED')) then 'PARTIALLY_PAID'
          else 'PAID_SHORT' end as due
        from settlement.payout p
        left join lateral (select nullif(sum(counted_minor), 0) as minor from settlement.bank_receipt where payout_id = p.id) r on true
        left join lateral (select sum(amount_minor) as minor from settlement.payout where carried_into = p.id) c on true) p
      where p.state is distinct from p.due and p.due is not null order by p.id limit ${MOST})
     union all
     (select format('difference %s is %s, and nobody decided so', d.id, d.state) from settlement.difference d
      where d.state in ('RESOLVED', 'WRITTEN_OFF') and d.difference_minor <> 0
        and exists (select from settlement.line_match m join settlement.statement s on s.id = m.statement_id and s.state <> 'REVERSED' where m.exception_id = d.id)
        and not exists (select from settlement.decision x where x.exception_id = d.id and x.state = 'TAKEN' and x.resolution <> 'REOPEN') order by d.id limit ${MOST})
     union all
     (select format('line %s of settlement %s is an exception, and its difference is gone', m.line_number, m.statement_id)
      from settlement.line_match m join settlement.statement s on s.id = m.statement_id and s.state <> 'REVERSED'
      where m.state = 'EXCEPTION' and not exists (select from settlement.difference d where d.id = m.exception_id) order by m.statement_id, m.line_number limit ${MOST})
     union all
     (select format('decision %s names other people than its entry %s', x.id, e.id)
      from (select id, entry_id, coalesce(approved_by, actor) as poster, case when approved_by is not null then actor end as proposer from settlement.decision
            union all select id, entry_id, actor, null from settlement.receipt_decision) x
      join settlement.ledger_entry e on e.id = x.entry_id
      where e.actor <> x.poster or (e.reversal_of is null and case
          when e.description like '%, proposed by %' then x.proposer is distinct from split_part(e.description, ', proposed by ', 2)
          -- Entries of before name the one who approved alone.
          else x.proposer is not null and e.recorded_at > (select applied_at from settlement.migration where name = '20261129020500_kept_decisions') end)
      order by x.id limit ${MOST})`,
  );
  return [...faults.map(({ fault }) => fault), ...(await suspenseFaults(trx, null, MOST)).map(sayOfSuspense)];
}
