import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';

/**
 * Moves statements whose books are done: MATCHED and ADJUSTED to POSTED when the ERP accepted every voucher with an entry of
 * theirs, and on as `reconcileStatements` says.
 *
 * @param ids only these; all when left out
 */
export async function advanceStatements(db: Knex, ids: readonly string[] | null = null): Promise<void> {
  await change(
    db,
    `update settlement.statement s set state = 'POSTED'
     where s.state in ('MATCHED', 'ADJUSTED') and (?::text[] is null or s.id = any(?::text[])) and not exists (
       select from settlement.ledger_entry e left join settlement.voucher_entry m on m.entry_id = e.id left join settlement.voucher v on v.id = m.voucher_id
       where e.statement_id = s.id and e.erp = 'VOUCHER' and v.state is distinct from 'ACCEPTED')`,
    [ids, ids],
  );
  await reconcileStatements(db, ids);
}

/**
 * Moves POSTED statements to RECONCILED when the bank shows the payout and nothing about it is undecided, and back when that is
 * so no more: the bank took the money back, or a decision was taken back. A statement without a payout of its own is reconciled
 * when it pays nothing, or with the payout that it was carried into.
 *
 * @param ids only these; all when left out
 */
async function reconcileStatements(db: Knex, ids: readonly string[] | null = null): Promise<void> {
  await change(
    db,
    `update settlement.statement s set state = case s.state when 'POSTED' then 'RECONCILED' else 'POSTED' end
     where s.state in ('POSTED', 'RECONCILED') and (?::text[] is null or s.id = any(?::text[])) and (s.state = 'POSTED') = (${IS_PAID})`,
    [ids, ids],
  );
}

/** The same of the statement of a payout, and of those that were carried into it. */
export async function reconcileStatementsOf(db: Knex, payoutId: string): Promise<void> {
  const rows = await query<{ id: string }>(
    db,
    'select statement_id as id from settlement.payout where (id = ? or carried_into = ?) and statement_id is not null',
    [payoutId, payoutId],
  );
  if (rows.length > 0) await reconcileStatements(db, rows.map(({ id }) => id)); // biome-ignore format: one thought
}

/** Whether of a statement `s` all that it pays arrived, or what did not was given up. */
const IS_PAID = `s.total_minor = 0 or exists (
  select from settlement.payout own join settlement.payout p on p.id = coalesce(own.carried_into, own.id)
  where own.statement_id = s.id and p.state in ('PAID', 'PAID_SHORT')
    and exists (select from settlement.bank_receipt r where r.payout_id = p.id)
    and not exists (
      select from settlement.difference d
      where d.group_key = 'payout:' || p.id and d.channel_code = p.channel_code and d.state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED')))`;
