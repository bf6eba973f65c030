import type { Knex } from 'knex';
import { change } from '../../../platform/db/query.ts';
import { newId } from '../../../platform/ids.ts';
import type { SettlementReport } from '../reports/model.ts';

/**
 * Records the payout that a statement announces. A statement that owes money to the channel is carried forward: the
 * channel takes it from a later one. One of exactly zero sends nothing.
 */
export async function recordStatementPayout(
  trx: Knex.Transaction,
  statementId: string,
  report: SettlementReport,
): Promise<void> {
  if (report.totalMinor === 0n) return;
  const id = newId('payout');
  const state = report.totalMinor < 0n ? 'CARRIED_FORWARD' : 'SCHEDULED';
  const added = await change(
    trx,
    `insert into settlement.payout (id, channel_code, external_id, statement_id, state, amount_minor, currency_code, reference, scheduled_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (channel_code, external_id) do update
       set statement_id = excluded.statement_id, reference = coalesce(settlement.payout.reference, excluded.reference)
       where settlement.payout.statement_id is null`,
    [
      id,
      report.channelCode,
      report.payout?.externalId ?? report.externalId,
      statementId,
      state,
      report.totalMinor.toString(),
      report.currencyCode,
      report.payout?.reference ?? null,
      report.payout?.depositAt ?? null,
    ],
  );
  if (added === 0) return;
  await change(
    trx,
    `insert into settlement.payout_change (payout_id, position, state, actor, note)
     select p.id, 1, p.state, 'ingest', 'announced by its statement' from settlement.payout p
     where p.statement_id = ? on conflict do nothing`,
    [statementId],
  );
}
