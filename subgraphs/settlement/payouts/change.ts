import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { appendEntries } from '../ledger/append.ts';
import type { NewLedgerEntry } from '../ledger/model.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { mayMovePayout, type PayoutState } from './states.ts';

export interface StoredPayout {
  readonly id: string;
  readonly channelCode: string;
  readonly statementId: string | null;
  readonly state: PayoutState;
  readonly amountMinor: bigint;
  readonly currencyCode: string;
}

/** Locks a payout for a change. Null when there is none. */
export async function lockPayout(trx: Knex.Transaction, id: string): Promise<StoredPayout | null> {
  const [row] = await query<Omit<StoredPayout, 'amountMinor'> & { amountMinor: string }>(
    trx,
    `select id, channel_code as "channelCode", statement_id as "statementId", state, amount_minor as "amountMinor", currency_code as "currencyCode"
     from settlement.payout where id = ? for update`,
    [id],
  );
  return row ? { ...row, amountMinor: BigInt(row.amountMinor) } : null;
}

/**
 * Moves a payout and keeps the move. A state that the table of moves does not lead to is passed over: channels repeat
 * old news. @returns whether it moved
 */
export async function movePayout(
  trx: Knex.Transaction,
  payout: StoredPayout,
  to: PayoutState,
  actor: string,
  note: string,
): Promise<boolean> {
  if (!mayMovePayout(payout.state, to)) return false;
  await change(trx, 'update settlement.payout set state = ?, changed_at = clock_timestamp() where id = ?', [
    to,
    payout.id,
  ]);
  await change(
    trx,
    `insert into settlement.payout_change (payout_id, position, state, actor, note)
     select ?, coalesce(max(position), 0) + 1, ?, ?, ? from settlement.payout_change where payout_id = ?`,
    [payout.id, to, actor, note, payout.id],
  );
  return true;
}

/** Posts, once, that the channel sent a payout: from its balance into transit. One that is negative goes the other way. */
export function postSent(
  trx: Knex.Transaction,
  rules: PostingRules,
  payout: StoredPayout,
  bookedAt: Date,
  actor: string,
): Promise<unknown> {
  const lines = rules.lines('PAYOUT', 'SENT', payout.amountMinor, payout.currencyCode);
  return append(trx, rules, payout, {
    cause: `payout:${payout.id}:sent`,
    bookedAt,
    description: `Payout ${payout.id} sent`,
    actor,
    lines,
  });
}

/** Posts, once, what arrived of a payout: less or more than was sent stays in transit until it is decided about. */
export function postReceived(
  trx: Knex.Transaction,
  rules: PostingRules,
  payout: StoredPayout,
  arrival: { readonly receiptId: string; readonly amountMinor: bigint; readonly bookedAt: Date },
  actor: string,
): Promise<unknown> {
  const { receiptId, amountMinor, bookedAt } = arrival;
  const lines = rules.lines('PAYOUT', 'RECEIVED', amountMinor, payout.currencyCode);
  return append(trx, rules, payout, {
    cause: `payout:${payout.id}:received:${receiptId}`,
    bookedAt,
    description: `Payout ${payout.id} received`,
    actor,
    lines,
  });
}

async function append(
  trx: Knex.Transaction,
  rules: PostingRules,
  payout: StoredPayout,
  entry: Pick<NewLedgerEntry, 'cause' | 'bookedAt' | 'description' | 'actor' | 'lines'>,
): Promise<void> {
  if (entry.lines.length === 0) return;
  await appendEntries(trx, rules, [
    {
      ...entry,
      event: 'PAYOUT',
      erp: rules.erpOf('PAYOUT'),
      channelCode: payout.channelCode,
      orderId: null,
      statementId: payout.statementId,
      reversalOf: null,
    },
  ]);
}
