import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import { derivedId } from '../../../platform/ids.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { createTextReader } from '../reports/text.ts';
import { advanceStatements } from '../statements/advance.ts';
import { CARRIED, dayOf, judgeArrival, judgeDiffering, lockArrivals } from './arrival.ts';
import { createCamtReader } from './bank/camt.ts';
import { createBankCsvReader } from './bank/csv.ts';
import { payoutOfReceipt, type ReceiptMatch } from './bank/match.ts';
import type { AwaitedPayout, BankFormat, BankReceipt } from './bank/model.ts';
import { bookSent, lockPayout, movePayout, postReceived } from './change.ts';

/** What a bank statement brought. */
export interface BankOutcome {
  /** Credits that are new to us. */
  readonly received: number;
  /** Credits that an earlier statement had. */
  readonly known: number;
  /** Payouts whose money arrived with this run. */
  readonly matched: number;
  /** Of these, how many arrived with another amount: each is a difference for finance. */
  readonly differing: number;
  /** Credits, of whatever statement, that no payout was found for. */
  readonly unmatched: number;
}

/**
 * Takes in a bank statement: its credits become receipts, each once, and receipts are matched to payouts. Nothing is kept of
 * debits. All of it in one transaction.
 *
 * @throws ReportRefusal UNREADABLE, CURRENCY_MISMATCH; then nothing was stored
 */
export async function takeBankStatement(
  db: Knex,
  rules: PostingRules,
  statement: { readonly format: BankFormat; readonly actor: string; bytes(): AsyncIterable<Uint8Array> },
): Promise<BankOutcome> {
  const receipts: BankReceipt[] = [];
  const text = createTextReader();
  const reader = statement.format === 'CAMT_053' ? createCamtReader() : createBankCsvReader();
  for await (const bytes of statement.bytes()) receipts.push(...reader.push(text.push(bytes)));
  receipts.push(...reader.push(text.end()), ...reader.end());
  const credits = receipts.filter(({ amountMinor }) => amountMinor > 0n);
  return inTransaction(db, async (trx) => {
    const received = await saveReceipts(trx, statement.format, credits);
    return { received, known: credits.length - received, ...(await matchReceipts(trx, rules, statement.actor)) };
  });
}

async function saveReceipts(
  trx: Knex.Transaction,
  source: BankFormat,
  receipts: readonly BankReceipt[],
): Promise<number> {
  return change(
    trx,
    `insert into settlement.bank_receipt (id, source, account_tail, bank_reference, remittance, amount_minor, currency_code, booked_on)
     select * from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::text[], ?::date[]) on conflict do nothing`,
    [
      receipts.map((one) => derivedId('bankReceipt', source, one.accountTail, one.bankReference, one.amountMinor.toString(), one.bookedOn)),
      receipts.map(() => source),
      receipts.map((one) => one.accountTail),
      receipts.map((one) => one.bankReference),
      receipts.map((one) => one.remittance.slice(0, 1_000)),
      receipts.map((one) => one.amountMinor.toString()),
      receipts.map((one) => one.currencyCode),
      receipts.map((one) => one.bookedOn),
    ],
  ); // biome-ignore format: a table
}

/**
 * Matches receipts without a payout to payouts without their money, and looks again at those whose money differs. Whatever
 * brings a payout, its money or what was carried forward calls it, so that it does not matter which of them came first.
 *
 * @param news code of the channel that told of payouts; null when it was the bank
 */
export async function matchReceipts(
  trx: Knex.Transaction,
  rules: PostingRules,
  actor: string,
  news: string | null = null,
): Promise<Pick<BankOutcome, 'matched' | 'differing' | 'unmatched'>> {
  await lockArrivals(trx);
  const open = await query<{
    id: string;
    remittance: string;
    amountMinor: string;
    currencyCode: string;
    bookedOn: string;
  }>(
    trx,
    `select id, remittance, amount_minor as "amountMinor", currency_code as "currencyCode", to_char(booked_on, 'YYYY-MM-DD') as "bookedOn"
     from settlement.bank_receipt where payout_id is null order by booked_on, id`,
  );
  let awaited = open.length === 0 ? [] : await awaitedPayouts(trx);
  let differing = 0;
  let matched = 0;
  for (const row of open) {
    const receipt = { ...row, amountMinor: BigInt(row.amountMinor), bankReference: '', accountTail: '' };
    const match = payoutOfReceipt(receipt, awaited);
    if (!match) continue;
    const differenceMinor = await receive(trx, rules, match, receipt, actor);
    awaited = awaited.filter(({ id }) => id !== match.payoutId);
    matched += 1;
    if (differenceMinor !== 0n) differing += 1;
  }
  if (news !== null) await judgeDiffering(trx, rules, news, actor);
  return { matched, differing, unmatched: open.length - matched };
}

async function awaitedPayouts(trx: Knex.Transaction): Promise<AwaitedPayout[]> {
  const rows = await query<
    Omit<AwaitedPayout, 'amountMinor' | 'carriedMinor' | 'announcedMinor'> & {
      amountMinor: string;
      carriedMinor: string;
      announcedMinor: string | null;
    }
  >(
    trx,
    `select p.id, p.amount_minor as "amountMinor", p.announced_minor as "announcedMinor", p.currency_code as "currencyCode",
       coalesce(p.scheduled_at, s.period_end) as "scheduledAt",
       coalesce((select sum(c.amount_minor) from settlement.payout c where ${CARRIED}), 0)::text as "carriedMinor",
       array_remove(array[p.reference, p.external_id, s.external_id], null) as "references", p.state = 'FAILED' as failed
     from settlement.payout p left join settlement.statement s on s.id = p.statement_id
     where p.state in ('SCHEDULED', 'IN_TRANSIT', 'FAILED') order by p.scheduled_at nulls last, p.id`,
  );
  return rows.map((row) => ({
    ...row,
    amountMinor: BigInt(row.amountMinor),
    carriedMinor: BigInt(row.carriedMinor),
    announcedMinor: row.announcedMinor === null ? null : BigInt(row.announcedMinor),
  }));
}

/** @returns what arrived less what was to arrive */
async function receive(
  trx: Knex.Transaction,
  rules: PostingRules,
  match: ReceiptMatch,
  receipt: { id: string; amountMinor: bigint; bookedOn: string },
  actor: string,
): Promise<bigint> {
  const payout = await lockPayout(trx, match.payoutId);
  if (!payout) return 0n;
  const bookedAt = dayOf(receipt.bookedOn);
  const note = `bank receipt ${receipt.id}, by ${match.rule.toLowerCase().replaceAll('_', ' ')}`;
  await movePayout(trx, payout, 'PAID', actor, note);
  await change(trx, 'update settlement.bank_receipt set payout_id = ? where id = ?', [payout.id, receipt.id]);
  await bookSent(trx, rules, payout, payout.amountMinor, { bookedAt, actor });
  await postReceived(trx, rules, payout, { receiptId: receipt.id, amountMinor: receipt.amountMinor, bookedAt }, actor);
  const differenceMinor = await judgeArrival(trx, rules, payout.id, actor);
  // Only a statement in the books can be reconciled; one that is posted later finds its payout paid.
  if (payout.statementId) await advanceStatements(trx, [payout.statementId]);
  return differenceMinor;
}
