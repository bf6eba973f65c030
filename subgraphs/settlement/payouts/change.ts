import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { derivedId } from '../../../platform/ids.ts';
import { appendEntries } from '../ledger/append.ts';
import type { NewLedgerEntry } from '../ledger/model.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { readEntries, reversalOf } from '../ledger/read.ts';
import { type PayoutState, payoutMoves } from './states.ts';

export interface StoredPayout {
  readonly id: string;
  readonly channelCode: string;
  readonly statementId: string | null;
  readonly state: PayoutState;
  readonly amountMinor: bigint;
  /** What the channel said that it pays. Null when it did not say. */
  readonly announcedMinor: bigint | null;
  readonly currencyCode: string;
  /** What stands in the ledger as sent. */
  readonly sentMinor: bigint;
  /** How often its sending was posted. */
  readonly sendings: number;
  /** Since when the channel says that it stands like this. */
  readonly toldAt: Date | null;
  /** The channel's newest word for its state; null when it said none. */
  readonly toldStatus: string | null;
  /** The day until which its money was waited for, YYYY-MM-DD; null while that is not over. */
  readonly missingSince: string | null;
}

/** Locks a payout for a change. Null when there is none. */
export async function lockPayout(trx: Knex.Transaction, id: string): Promise<StoredPayout | null> {
  const [row] = await query<
    Omit<StoredPayout, 'amountMinor' | 'announcedMinor' | 'sentMinor'> & {
      amountMinor: string;
      announcedMinor: string | null;
      sentMinor: string;
    }
  >(
    trx,
    `select id, channel_code as "channelCode", statement_id as "statementId", state, amount_minor as "amountMinor", announced_minor as "announcedMinor",
       currency_code as "currencyCode", sent_minor as "sentMinor", sendings, told_at as "toldAt", told_status as "toldStatus", to_char(missing_since, 'YYYY-MM-DD') as "missingSince"
     from settlement.payout where id = ? for update`,
    [id],
  );
  if (!row) return null;
  const announcedMinor = row.announcedMinor === null ? null : BigInt(row.announcedMinor);
  return { ...row, amountMinor: BigInt(row.amountMinor), announcedMinor, sentMinor: BigInt(row.sentMinor) };
}

/**
 * Moves a payout and keeps the moves. A state that the table of moves does not lead to is passed over: channels repeat
 * old news. @returns whether it moved
 */
export async function movePayout(
  trx: Knex.Transaction,
  payout: StoredPayout,
  to: PayoutState,
  actor: string,
  note: string,
): Promise<boolean> {
  const moves = payoutMoves(payout.state, to);
  if (!moves) return false;
  for (const state of moves) {
    await change(trx, 'update settlement.payout set state = ?, changed_at = clock_timestamp() where id = ?', [
      state,
      payout.id,
    ]);
    await change(
      trx,
      `insert into settlement.payout_change (payout_id, position, state, actor, note)
       select ?, coalesce(max(position), 0) + 1, ?, ?, ? from settlement.payout_change where payout_id = ?`,
      [payout.id, state, actor, note, payout.id],
    );
  }
  return true;
}

/**
 * Brings what is posted of a payout's sending, from the channel's balance into transit, to an amount: posts it, takes it
 * back when it failed, or both when it was another. The same again posts nothing. One that is negative goes the other way.
 *
 * @param sentMinor minor units; 0 when nothing is on its way
 * @param anew posts it again although the amount is the same, because it belongs to another statement
 */
export async function bookSent(
  trx: Knex.Transaction,
  rules: PostingRules,
  payout: StoredPayout,
  sentMinor: bigint,
  options: { readonly bookedAt: Date; readonly actor: string; readonly anew?: boolean },
): Promise<void> {
  const { bookedAt, actor, anew = false } = options;
  if (sentMinor === payout.sentMinor && !anew) return;
  const before = await readEntries(
    trx,
    payout.sentMinor === 0n ? [] : [derivedId('ledgerEntry', causeOfSending(payout.id, payout.sendings))],
  );
  const sendings = payout.sendings + (sentMinor === 0n ? 0 : 1);
  await change(trx, 'update settlement.payout set sent_minor = ?, sendings = ? where id = ?', [
    sentMinor.toString(),
    sendings,
    payout.id,
  ]);
  await appendEntries(trx, rules, [
    ...[...before.values()].map((entry) =>
      reversalOf(entry, `${sentMinor === 0n ? 'Not paid' : 'Seen differently'}: ${entry.description}`, actor, bookedAt),
    ),
    ...entryOf(rules, payout, {
      cause: causeOfSending(payout.id, sendings),
      bookedAt,
      description: `Payout ${payout.id} sent`,
      actor,
      lines: rules.lines('PAYOUT', 'SENT', sentMinor, payout.currencyCode),
    }),
  ]);
}

function causeOfSending(id: string, sending: number): string {
  return sending <= 1 ? `payout:${id}:sent` : `payout:${id}:sent:${sending}`;
}

function causeOfArrival(id: string, receiptId: string, matching: number): string {
  return `payout:${id}:received:${receiptId}${matching <= 1 ? '' : `:${matching}`}`;
}

/** Id of the entry that a credit was posted by, when it was matched for the n-th time. */
export function entryIdOfArrival(id: string, receiptId: string, matching: number): string {
  return derivedId('ledgerEntry', causeOfArrival(id, receiptId, matching));
}

export interface Arrival {
  readonly receiptId: string;
  readonly matchings: number;
  /** What the bank shows: minor units of `currencyCode`. */
  readonly amountMinor: bigint;
  readonly currencyCode: string;
  /** What of the payout that is: minor units of the payout's currency. */
  readonly countedMinor: bigint;
  readonly bookedAt: Date;
}

/**
 * Posts, once, what arrived of a payout: less or more than was sent stays in transit until it is decided about. What the bank
 * converted balances in each currency over the clearing account.
 */
export async function postReceived(
  trx: Knex.Transaction,
  rules: PostingRules,
  payout: StoredPayout,
  arrival: Arrival,
  actor: string,
): Promise<void> {
  const { receiptId, matchings, amountMinor, currencyCode, countedMinor, bookedAt } = arrival;
  const isConverted = currencyCode !== payout.currencyCode;
  const entries = entryOf(rules, payout, {
    cause: causeOfArrival(payout.id, receiptId, matchings),
    bookedAt,
    description: `Payout ${payout.id} received`,
    actor,
    lines: isConverted
      ? [
          ...rules.lines('PAYOUT', 'CREDITED', amountMinor, currencyCode),
          ...rules.lines('PAYOUT', 'CONVERTED', countedMinor, payout.currencyCode),
        ]
      : rules.lines('PAYOUT', 'RECEIVED', amountMinor, currencyCode),
  });
  await appendEntries(trx, rules, entries);
}

function entryOf(
  rules: PostingRules,
  payout: StoredPayout,
  entry: Pick<NewLedgerEntry, 'cause' | 'bookedAt' | 'description' | 'actor' | 'lines'>,
): NewLedgerEntry[] {
  if (entry.lines.length === 0) return [];
  return [
    {
      ...entry,
      event: 'PAYOUT',
      erp: rules.erpOf('PAYOUT'),
      channelCode: payout.channelCode,
      orderId: null,
      statementId: payout.statementId,
      reversalOf: null,
    },
  ];
}
