import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { newId } from '../../../platform/ids.ts';
import type { Refusal } from '../differences/model.ts';
import { checkNote } from '../differences/resolve.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { lockArrivals } from './arrival.ts';
import { entryIdOfArrival, lockPayout } from './change.ts';
import { countedAs } from './converted.ts';
import { receive, release } from './receive.ts';
import { receiveTakenBack } from './taken-back.ts';

/** What is stored under the idempotency key: both are read anew when it is repeated. */
export interface ReceiptResult {
  readonly receiptId: string | null;
  readonly payoutId: string | null;
  readonly entryId: string | null;
  readonly userErrors: readonly Refusal[];
}

interface Locked {
  id: string;
  amountMinor: string;
  currencyCode: string;
  bookedOn: string;
  payoutId: string | null;
  /** A receipt that counts as money and says otherwise about the same entry of the bank. */
  against: string | null;
}

/**
 * Says that a credit is of a payout, or a part of it: posted, kept with reason and person, and taken back by `releaseByHand`. Only
 * here is money matched to a payout in another currency, which the bank converted.
 *
 * @param input `payoutAmount`: what of the payout the bank converted, a decimal in the payout's currency; all that it lacks unless told
 * @param actor who says so
 * @throws CommerceError BAD_USER_INPUT when the note says nothing, or the amount is none of the payout's currency
 */
export async function matchReceiptByHand(
  trx: Knex.Transaction,
  rules: PostingRules,
  receiptId: string,
  input: { readonly payoutId: string; readonly note: string; readonly payoutAmount?: string | null | undefined },
  actor: string,
): Promise<ReceiptResult> {
  checkNote(input.note);
  await lockArrivals(trx);
  const receipt = await lockReceipt(trx, receiptId);
  const refuse = (code: string, message: string, ...field: string[]) => refused(receipt, code, message, field);
  if (!receipt) return refuse('NOT_FOUND', 'There is no such receipt.', 'receiptId');
  if (receipt.payoutId !== null) return refuse('ALREADY_MATCHED', `It is of the payout ${receipt.payoutId}. Release it first.`, 'receiptId'); // biome-ignore format: one thought
  if (receipt.against !== null) return refuse('CONTRADICTED', `${receipt.against} is the same entry as the bank told it before, and counts. Release that one first.`, 'receiptId'); // biome-ignore format: one thought
  const payout = await lockPayout(trx, input.payoutId);
  if (!payout) return refuse('NOT_FOUND', 'There is no such payout.', 'input', 'payoutId');
  if (payout.state === 'CANCELLED' || payout.state === 'CARRIED_FORWARD') return refuse('NOT_PAYABLE', `Nothing is paid of a payout that is ${payout.state}.`, 'input', 'payoutId'); // biome-ignore format: one thought
  const money = { ...receipt, amountMinor: BigInt(receipt.amountMinor) };
  const counted = await countedAs(trx, rules, payout, money, input.payoutAmount ?? null);
  if ('code' in counted) return refuse(counted.code, counted.message, 'input', counted.code === 'AMOUNT_INVALID' ? 'payoutAmount' : 'payoutId'); // biome-ignore format: one thought
  const credit = { ...money, payoutMinor: counted.payoutMinor };
  await receive(trx, rules, payout.id, credit, actor, 'hand');
  await receiveTakenBack(trx, rules, receiptId, payout.id, actor);
  const entryId = await entryOf(trx, receiptId, payout.id);
  await keep(trx, receiptId, 'MATCH', payout.id, input.note, actor, entryId);
  return { receiptId, payoutId: payout.id, entryId, userErrors: [] };
}

/**
 * Says that a credit is not of its payout: its posting is reversed, and nothing but a person matches it again.
 *
 * @throws CommerceError BAD_USER_INPUT when the note says nothing
 */
export async function releaseByHand(
  trx: Knex.Transaction,
  rules: PostingRules,
  receiptId: string,
  note: string,
  actor: string,
): Promise<ReceiptResult> {
  checkNote(note);
  await lockArrivals(trx);
  const receipt = await lockReceipt(trx, receiptId);
  if (!receipt) return refused(null, 'NOT_FOUND', 'There is no such receipt.', ['receiptId']);
  const { payoutId } = receipt;
  if (payoutId === null) return refused(receipt, 'NOT_MATCHED', 'It is of no payout, so there is nothing to take back.', ['receiptId']); // biome-ignore format: one thought
  await change(trx, 'update settlement.bank_receipt set held = true, takes_back = null where id = ?', [receiptId]);
  const entryId = await release(trx, rules, receiptId, actor);
  await keep(trx, receiptId, 'RELEASE', payoutId, note, actor, entryId);
  return { receiptId, payoutId, entryId, userErrors: [] };
}

async function lockReceipt(trx: Knex.Transaction, id: string): Promise<Locked | null> {
  const [found] = await query<Locked>(
    trx,
    `select r.id, r.amount_minor as "amountMinor", r.currency_code as "currencyCode", to_char(r.booked_on, 'YYYY-MM-DD') as "bookedOn", r.payout_id as "payoutId",
       (select o.id from settlement.bank_receipt o where o.payout_id is not null and (o.id = r.contradicts or o.contradicts in (r.id, r.contradicts)) and o.id <> r.id
        order by o.id limit 1) as against
     from settlement.bank_receipt r where r.id = ? for update of r`,
    [id],
  );
  return found ?? null;
}

async function entryOf(trx: Knex.Transaction, receiptId: string, payoutId: string): Promise<string> {
  const [row] = await query<{ matchings: number }>(trx, 'select matchings from settlement.bank_receipt where id = ?', [receiptId]); // biome-ignore format: one thought
  return entryIdOfArrival(payoutId, receiptId, row?.matchings ?? 1);
}

async function keep(
  trx: Knex.Transaction,
  receiptId: string,
  kind: 'MATCH' | 'RELEASE',
  payoutId: string,
  note: string,
  actor: string,
  entryId: string | null,
): Promise<void> {
  await query(
    trx,
    'insert into settlement.receipt_decision (id, receipt_id, kind, payout_id, note, actor, entry_id) values (?, ?, ?, ?, ?, ?, ?)',
    [newId('decision'), receiptId, kind, payoutId, note, actor, entryId],
  );
}

function refused(receipt: Locked | null, code: string, message: string, field: readonly string[]): ReceiptResult {
  return { receiptId: receipt?.id ?? null, payoutId: null, entryId: null, userErrors: [{ code, message, field }] };
}
