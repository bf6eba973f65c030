import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { inTransaction } from '../../../platform/db/transaction.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { createTextReader } from '../reports/text.ts';
import { judgeDiffering, lockArrivals } from './arrival.ts';
import { createCamtReader } from './bank/camt.ts';
import { createBankCsvReader } from './bank/csv.ts';
import { isWhole, payoutOfReceipt } from './bank/match.ts';
import type { AwaitedPayout, BankFormat, BankReceipt } from './bank/model.ts';
import { type Credit, receive, release } from './receive.ts';
import { type Contradiction, saveReceipts } from './save-receipts.ts';
import { matchTakenBack, receiveTakenBack } from './taken-back.ts';

/** What a bank statement brought. */
export interface BankOutcome {
  /** Credits, and debits that may take one back, that are new to us. */
  readonly received: number;
  /** Credits that an earlier statement had. */
  readonly known: number;
  /** Payouts that money arrived of with this run. */
  readonly matched: number;
  /** Of these, how many have another amount now than was to arrive: each is a difference for finance. */
  readonly differing: number;
  /** Entries of which this run found what the bank took back with them. */
  readonly takenBack: number;
  /** Entries, of whatever statement, by which money left, and nobody knows of which payout: a person has to say. */
  readonly waiting: number;
  /** Credits, of whatever statement, that no payout was found for. */
  readonly unmatched: number;
  /** Where the bank says otherwise than before: nothing of it counts as money until somebody says so. */
  readonly contradictions: readonly Contradiction[];
}

/**
 * Takes in a bank statement: its credits become receipts, each once, and receipts are matched to payouts. Of debits only what
 * takes a credit back is kept. All of it in one transaction.
 *
 * @throws ReportRefusal UNREADABLE, CURRENCY_MISMATCH; then nothing was stored
 */
export async function takeBankStatement(
  db: Knex,
  rules: PostingRules,
  statement: { readonly format: BankFormat; readonly actor: string; bytes(): AsyncIterable<Uint8Array> },
): Promise<BankOutcome> {
  const entries: BankReceipt[] = [];
  const text = createTextReader();
  const reader = statement.format === 'CAMT_053' ? createCamtReader() : createBankCsvReader();
  for await (const bytes of statement.bytes()) entries.push(...reader.push(text.push(bytes)));
  entries.push(...reader.push(text.end()), ...reader.end());
  return inTransaction(db, async (trx) => {
    await lockArrivals(trx);
    const saved = await saveReceipts(trx, statement.format, entries);
    return { ...saved, ...(await matchReceipts(trx, rules, statement.actor)) };
  });
}

/**
 * Matches receipts without a payout to payouts without all of their money, and looks again at those whose money differs.
 * Whatever brings a payout, its money or what was carried forward calls it, so that it does not matter which of them came first.
 *
 * @param news code of the channel that told of payouts; null when it was the bank
 */
export async function matchReceipts(
  trx: Knex.Transaction,
  rules: PostingRules,
  actor: string,
  news: string | null = null,
): Promise<Pick<BankOutcome, 'matched' | 'differing' | 'takenBack' | 'waiting' | 'unmatched'>> {
  await lockArrivals(trx);
  const open = await openCredits(trx);
  const awaited = new Map((open.length === 0 ? [] : await awaitedPayouts(trx)).map((one) => [one.id, one]));
  const differences = new Map<string, bigint>();
  for (const credit of open) {
    const match = payoutOfReceipt(credit, [...awaited.values()]);
    const payout = match && awaited.get(match.payoutId);
    // Money that is gone again is of no payout that only has its amount.
    if (!match || !payout || (credit.isTakenBack && match.rule === 'AMOUNT_AND_DATE')) continue;
    // What names a payout was taken for a part of it; here is the whole.
    const isAll = payout.receivedMinor !== 0n && isWhole(payout, credit.amountMinor) && (await releaseParts(trx, rules, payout.id, actor)); // biome-ignore format: one thought
    const differenceMinor = await receive(trx, rules, payout.id, credit, actor, match.rule.toLowerCase().replaceAll('_', ' ')); // biome-ignore format: one thought
    differences.set(payout.id, differenceMinor);
    if (credit.isTakenBack) await receiveTakenBack(trx, rules, credit.id, payout.id, actor);
    if (differenceMinor >= 0n) awaited.delete(payout.id);
    else awaited.set(payout.id, { ...payout, receivedMinor: (isAll ? 0n : payout.receivedMinor) + credit.amountMinor });
  }
  const takenBack = await matchTakenBack(trx, rules, actor);
  if (news !== null) await judgeDiffering(trx, rules, news, actor);
  const [left] = await query<{ unmatched: number; waiting: number }>(
    trx,
    `select count(*) filter (where amount_minor > 0 and not exists (select from settlement.bank_receipt t where t.takes_back = r.id))::int as unmatched,
       count(*) filter (where amount_minor < 0 and takes_back is null)::int as waiting
     from settlement.bank_receipt r where payout_id is null and conflict is null`,
  );
  const differing = [...differences.values()].filter((minor) => minor !== 0n).length;
  return {
    matched: differences.size,
    differing,
    takenBack,
    waiting: left?.waiting ?? 0,
    unmatched: left?.unmatched ?? 0,
  };
}

/** Takes what was matched so far from a payout. What people matched stays, and where the bank took a part back, and all else with it. @returns whether it was taken */
async function releaseParts(
  trx: Knex.Transaction,
  rules: PostingRules,
  payoutId: string,
  actor: string,
): Promise<boolean> {
  // biome-ignore format: one thought
  const parts = await query<{ id: string; stays: boolean }>(
    trx,
    `select id, (amount_minor < 0 and takes_back is null) or exists (select from settlement.receipt_decision d where d.receipt_id = r.id) as stays
     from settlement.bank_receipt r where payout_id = ? order by id`,
    [payoutId],
  );
  if (parts.some(({ stays }) => stays)) return false;
  for (const { id } of parts) await release(trx, rules, id, actor);
  return true;
}

/** Credits that a payout is looked for. What a person decided about, or the bank contradicts, waits for a person. */
async function openCredits(
  trx: Knex.Transaction,
): Promise<(Credit & { readonly remittance: string; readonly isTakenBack: boolean })[]> {
  const rows = await query<{ id: string; remittance: string; amountMinor: string; currencyCode: string; bookedOn: string; isTakenBack: boolean }>(
    trx,
    `select id, remittance, amount_minor as "amountMinor", currency_code as "currencyCode", to_char(booked_on, 'YYYY-MM-DD') as "bookedOn",
       exists (select from settlement.bank_receipt t where t.takes_back = r.id) as "isTakenBack"
     from settlement.bank_receipt r where payout_id is null and not held and amount_minor > 0 order by booked_on, id`,
  ); // biome-ignore format: one thought
  return rows.map((row) => ({ ...row, amountMinor: BigInt(row.amountMinor) }));
}

/** Settlements `c` that the channel may take off payout `p`: what they owe it no other payout has settled. */
const OWED_TO = `from settlement.payout c left join settlement.statement cs on cs.id = c.statement_id
  where c.channel_code = p.channel_code and c.currency_code = p.currency_code and c.state = 'CARRIED_FORWARD' and (c.carried_into is null or c.carried_into = p.id)
    and coalesce(cs.period_end, c.scheduled_at, '-infinity') <= coalesce(s.period_end, p.scheduled_at, 'infinity')`;

async function awaitedPayouts(trx: Knex.Transaction): Promise<AwaitedPayout[]> {
  const rows = await query<
    Omit<AwaitedPayout, 'amountMinor' | 'receivedMinor' | 'owedMinor' | 'announcedMinor'> & {
      amountMinor: string;
      receivedMinor: string;
      owedMinor: string[];
      announcedMinor: string | null;
    }
  >(
    trx,
    `select p.id, p.amount_minor as "amountMinor", p.announced_minor as "announcedMinor", p.currency_code as "currencyCode",
       coalesce(p.scheduled_at, s.period_end) as "scheduledAt",
       coalesce((select sum(r.counted_minor) from settlement.bank_receipt r where r.payout_id = p.id), 0)::text as "receivedMinor",
       array(select c.amount_minor::text ${OWED_TO} order by coalesce(cs.period_end, c.scheduled_at), c.id) as "owedMinor",
       array_remove(array[p.reference, p.external_id, s.external_id], null) as "references", p.state in ('FAILED', 'CANCELLED') as failed
     from settlement.payout p left join settlement.statement s on s.id = p.statement_id
     where p.state in ('SCHEDULED', 'IN_TRANSIT', 'PARTIALLY_PAID', 'PAID_SHORT', 'FAILED', 'CANCELLED') order by p.scheduled_at nulls last, p.id`,
  );
  return rows.map((row) => ({
    ...row,
    amountMinor: BigInt(row.amountMinor),
    receivedMinor: BigInt(row.receivedMinor),
    owedMinor: row.owedMinor.map(BigInt),
    announcedMinor: row.announcedMinor === null ? null : BigInt(row.announcedMinor),
  }));
}
