import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { formatAmount } from '../../../platform/money.ts';

/** Where finance sees money that nobody can explain. Raising the same key again is another attempt on the open one. */
export interface CreditDesk {
  raise(credit: { readonly key: string; readonly operation: string; readonly message: string }): Promise<void>;
  resolve(key: string): Promise<void>;
}

/** Credits that are shown with one look: after a first bank statement of years there are many. */
const MOST = 500;
const DAY = 86_400_000;

interface Credit {
  id: string;
  amountMinor: string;
  currencyCode: string;
  bookedOn: string;
}

/**
 * Puts credits on the desk that were booked more than `days` days ago and that no payout explains, and takes those off it
 * that a payout explains since. One that somebody dismissed there (it is no channel's money) stays dismissed.
 *
 * Killed between the desk and the note of it, a credit is put there a second time: under its key that is the same one.
 *
 * @returns how many were put there and taken off
 */
export async function showUnexplainedCredits(
  knex: Knex,
  desk: CreditDesk,
  days: number,
  now: Date,
): Promise<{ readonly shown: number; readonly explained: number }> {
  const since = new Date(now.getTime() - days * DAY).toISOString().slice(0, 10);
  const waiting = await query<Credit>(
    knex,
    `select id, amount_minor as "amountMinor", currency_code as "currencyCode", to_char(booked_on, 'YYYY-MM-DD') as "bookedOn"
     from settlement.bank_receipt where payout_id is null and shown_at is null and booked_on < ?::date order by booked_on, id limit ?`,
    [since, MOST],
  );
  for (const credit of waiting) {
    await desk.raise({ key: keyOf(credit.id), operation: 'explain-credit', message: messageOf(credit, days) });
    await change(knex, 'update settlement.bank_receipt set shown_at = ? where id = ?', [now, credit.id]);
  }
  const explained = await query<{ id: string }>(
    knex,
    'select id from settlement.bank_receipt where payout_id is not null and shown_at is not null order by id limit ?',
    [MOST],
  );
  for (const { id } of explained) {
    await desk.resolve(keyOf(id));
    await change(knex, 'update settlement.bank_receipt set shown_at = null where id = ?', [id]);
  }
  return { shown: waiting.length, explained: explained.length };
}

function keyOf(receiptId: string): string {
  return `settlement:credit:${receiptId}`;
}

/** Without the bank's reference and the payer's text: both may name a person. */
function messageOf({ id, amountMinor, currencyCode, bookedOn }: Credit, days: number): string {
  const amount = `${formatAmount({ amountMinor: BigInt(amountMinor), currencyCode })} ${currencyCode}`;
  return `${amount} came to the bank on ${bookedOn} (${id}), and no payout explains it within ${days} days. Take the channel's statement or its payouts in: this then closes by itself. If it is no channel's money, dismiss it.`;
}
