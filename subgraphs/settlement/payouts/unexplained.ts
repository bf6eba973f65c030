import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { formatAmount } from '../../../platform/money.ts';

/** Where finance sees money that nobody can explain. Raising the same key again is another attempt on the open one. */
export interface CreditDesk {
  raise(credit: { readonly key: string; readonly operation: string; readonly message: string }): Promise<void>;
  resolve(key: string, by: string): Promise<void>;
}

/** Credits that are shown with one look: after a first bank statement of years there are many. */
const MOST = 500;
const DAY = 86_400_000;

interface Credit {
  id: string;
  amountMinor: string;
  currencyCode: string;
  bookedOn: string;
  payoutId: string | null;
  conflict: 'CHANGED' | 'ADDED' | 'MISSING' | null;
  /** What the bank said before, where it says otherwise now. */
  beforeId: string | null;
  beforeMinor: string | null;
  beforeCurrencyCode: string | null;
  beforeOn: string | null;
}

/** Of credits `r`: the bank contradicts itself, and nobody decided what is right; or no payout explains the money for too long. */
const CONTRADICTED = `r.conflict is not null and not exists (select from settlement.receipt_decision d where d.receipt_id = r.id)`;
const UNEXPLAINED = `r.payout_id is null and r.conflict is null and r.takes_back is null and not exists (select from settlement.bank_receipt t where t.takes_back = r.id)`;

/** Of entries `r` that take money back: nobody knows which, or the payout was not paid again since. */
const CAME_BACK = `r.amount_minor < 0 and r.conflict is null and (r.payout_id is null and r.takes_back is null
  or exists (select from settlement.payout p where p.id = r.payout_id and p.state in ('FAILED', 'PARTIALLY_PAID')))`;

/**
 * Puts credits on the desk that were booked more than `days` days ago and that no payout explains, and at once those that the
 * bank contradicts itself about, and what it took back; takes those off it that a payout explains, or somebody decided about, since. One that somebody dismissed there (it is no channel's money) stays dismissed.
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
    `select r.id, r.amount_minor as "amountMinor", r.currency_code as "currencyCode", to_char(r.booked_on, 'YYYY-MM-DD') as "bookedOn", r.conflict, r.payout_id as "payoutId",
       o.id as "beforeId", o.amount_minor as "beforeMinor", o.currency_code as "beforeCurrencyCode", to_char(o.booked_on, 'YYYY-MM-DD') as "beforeOn"
     from settlement.bank_receipt r left join settlement.bank_receipt o on o.id = r.contradicts
     where r.shown_at is null and ((${CONTRADICTED}) or (${CAME_BACK}) or (${UNEXPLAINED} and r.booked_on < ?::date)) order by r.booked_on, r.id limit ?`,
    [since, MOST],
  );
  for (const credit of waiting) {
    const operation = credit.conflict === null ? 'explain-credit' : 'decide-about-credit';
    await desk.raise({ key: keyOf(credit.id), operation, message: messageOf(credit, days) });
    await change(knex, 'update settlement.bank_receipt set shown_at = ? where id = ?', [now, credit.id]);
  }
  const explained = await query<{ id: string }>(
    knex,
    `select r.id from settlement.bank_receipt r where r.shown_at is not null and not (${CONTRADICTED}) and not (${CAME_BACK}) and not (${UNEXPLAINED}) order by r.id limit ?`,
    [MOST],
  );
  for (const { id } of explained) {
    await desk.resolve(keyOf(id), 'the money is explained');
    await change(knex, 'update settlement.bank_receipt set shown_at = null where id = ?', [id]);
  }
  return { shown: waiting.length, explained: explained.length };
}

function keyOf(receiptId: string): string {
  return `settlement:credit:${receiptId}`;
}

/** Without the bank's reference and the payer's text: both may name a person. */
function messageOf(credit: Credit, days: number): string {
  const { id, bookedOn } = credit;
  const amount = say(credit.amountMinor, credit.currencyCode);
  const how = 'bankReceiptRelease takes money from its payout, bankReceiptMatch gives it to one; dismiss this when what was said first is right.'; // biome-ignore format: one thought
  switch (credit.conflict) {
    case null:
      if (BigInt(credit.amountMinor) < 0n) return takenBack(credit);
      return `${amount} came to the bank on ${bookedOn} (${id}), and no payout explains it within ${days} days. Take the channel's statement or its payouts in: this then closes by itself. If it is no channel's money, dismiss it.`;
    case 'CHANGED':
      return `The bank says ${amount} on ${bookedOn} (${id}) of an entry that it said was ${say(credit.beforeMinor ?? '0', credit.beforeCurrencyCode ?? '')} on ${credit.beforeOn} (${credit.beforeId}). Only the first counts. ${how}`;
    case 'ADDED':
      return `The bank sent a statement again with ${amount} on ${bookedOn} (${id}) that was not in it before. It does not count. ${how}`;
    case 'MISSING':
      return `The bank sent a statement again without ${amount} on ${bookedOn} (${id}). It counts as before. ${how}`;
  }
}

function takenBack({ id, amountMinor, currencyCode, bookedOn, payoutId }: Credit): string {
  const amount = say(amountMinor.replace('-', ''), currencyCode);
  if (payoutId === null)
    return `${amount} left the bank on ${bookedOn} (${id}): it is marked as taken back or names a payout, and no one credit of that amount is known. bankReceiptMatch says of which payout it was taken back; dismiss this when it was of none.`;
  return `The bank took ${amount} of payout ${payoutId} back on ${bookedOn} (${id}). Ask the channel to send it again: this closes when the money is here.`;
}

function say(minor: string, currencyCode: string): string {
  return `${formatAmount({ amountMinor: BigInt(minor), currencyCode })} ${currencyCode}`;
}
