import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { derivedId } from '../../../platform/ids.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import type { SettlementReport } from '../reports/model.ts';
import { judgeArrival, lockArrivals } from './arrival.ts';
import { bookSent, lockPayout, movePayout } from './change.ts';
import { matchReceipts } from './receipts.ts';
import { hasArrived } from './states.ts';

/**
 * Records the payout that a statement announces, and finds money that came before it. A statement that owes money to the
 * channel is carried forward: the channel takes it from a later one. One of exactly zero sends nothing.
 */
export async function recordStatementPayout(
  trx: Knex.Transaction,
  rules: PostingRules,
  statementId: string,
  report: SettlementReport,
  actor: string,
): Promise<void> {
  if (report.totalMinor === 0n) return;
  await lockArrivals(trx);
  const known = await payoutWithoutStatement(trx, report);
  if (known === null) await announce(trx, statementId, report);
  else await takeOver(trx, rules, known, statementId, report, actor);
  await matchReceipts(trx, rules, actor, report.channelCode);
}

/** The same for the same settlement, whatever tells of its payout first. */
export function payoutIdOf(channelCode: string, settlementId: string): string {
  return derivedId('payout', channelCode, settlementId);
}

/** The payout, where the channel told of it before its statement: by its own id, or by that of the settlement. */
async function payoutWithoutStatement(trx: Knex.Transaction, report: SettlementReport): Promise<string | null> {
  const [row] = await query<{ id: string }>(
    trx,
    `select id from settlement.payout where channel_code = ? and external_id in (?, ?) and statement_id is null order by id limit 1`,
    [report.channelCode, report.payout?.externalId ?? report.externalId, report.externalId],
  );
  return row?.id ?? null;
}

async function announce(trx: Knex.Transaction, statementId: string, report: SettlementReport): Promise<void> {
  const id = payoutIdOf(report.channelCode, report.externalId);
  const added = await change(
    trx,
    `insert into settlement.payout (id, channel_code, external_id, statement_id, state, amount_minor, currency_code, reference, scheduled_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    [
      id,
      report.channelCode,
      report.payout?.externalId ?? report.externalId,
      statementId,
      report.totalMinor < 0n ? 'CARRIED_FORWARD' : 'SCHEDULED',
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
     select id, 1, state, 'ingest', 'announced by its statement' from settlement.payout where id = ?`,
    [id],
  );
}

/** The statement says what is owed: its total counts, and what was posted of the payout becomes part of it. */
async function takeOver(
  trx: Knex.Transaction,
  rules: PostingRules,
  id: string,
  statementId: string,
  report: SettlementReport,
  actor: string,
): Promise<void> {
  await change(
    trx,
    `update settlement.payout set statement_id = ?, amount_minor = ?, reference = coalesce(reference, ?), scheduled_at = coalesce(?, scheduled_at) where id = ?`,
    [statementId, report.totalMinor.toString(), report.payout?.reference ?? null, report.payout?.depositAt ?? null, id],
  );
  const payout = await lockPayout(trx, id);
  if (!payout) return;
  const isCarried = report.totalMinor < 0n && !hasArrived(payout.state);
  if (isCarried) await movePayout(trx, payout, 'CARRIED_FORWARD', actor, 'its statement owes the channel');
  const bookedAt = report.payout?.depositAt ?? report.periodEnd;
  const isSent = !isCarried && (payout.state === 'IN_TRANSIT' || payout.sentMinor !== 0n);
  await bookSent(trx, rules, payout, isSent ? payout.amountMinor : 0n, { bookedAt, actor, anew: isSent });
  await judgeArrival(trx, rules, id, actor);
}
