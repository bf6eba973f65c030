import type { Knex } from 'knex';
import { change } from '../../../platform/db/query.ts';

/**
 * Moves statements whose books are done: MATCHED and ADJUSTED to POSTED when the ERP accepted every voucher with an entry of
 * theirs, POSTED to RECONCILED when the bank shows the payout and nothing about it is undecided. A statement without a
 * payout of its own is reconciled when it pays nothing, or with the payout that it was carried into.
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
  await change(
    db,
    `update settlement.statement s set state = 'RECONCILED'
     where s.state = 'POSTED' and (?::text[] is null or s.id = any(?::text[])) and (s.total_minor = 0 or exists (
       select from settlement.payout p join settlement.bank_receipt r on r.payout_id = coalesce(p.carried_into, p.id)
       where p.statement_id = s.id and not exists (
         select from settlement.difference d
         where d.group_key = 'payout:' || r.payout_id and d.channel_code = p.channel_code and d.state in ('OPEN', 'AWAITING_APPROVAL', 'DISPUTED'))))`,
    [ids, ids],
  );
}
