import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { mentions } from './bank/match.ts';
import type { BankReceipt } from './bank/model.ts';

/** An entry that is kept, and how sure it is that a debit takes a credit back. */
export interface KeptEntry extends BankReceipt {
  /** MARKED: the bank says it, or it is a credit. NAME: it has the bank's name of the credit. TEXT: only its text names the payout. */
  readonly keptBy: 'MARKED' | 'NAME' | 'TEXT';
  /** Counts for nothing until a person says what it is. */
  readonly waits: boolean;
}

/** Payouts of so long before a debit may be what it takes back: banks recall for thirteen months. */
const RECALL_DAYS = 400;

interface NamedPayout {
  readonly id: string;
  /** Its own, and those that the bank converted it to. */
  readonly currencyCodes: string[];
  readonly references: string[];
  /** Account, amount and currency of what arrived of it. */
  readonly credits: string[];
}

/**
 * Debits that take a credit back although the bank does not mark them so: a recalled payment is not always called a reversal. One under
 * the bank's name of an entry that brought just that, or whose text names the one payout that came with just that amount, counts;
 * one that names a payout and has another amount, or names several, waits for a person. All others are no business of settlement.
 */
export async function unmarkedTakenBack(
  trx: Knex.Transaction,
  entries: readonly BankReceipt[],
): Promise<readonly KeptEntry[]> {
  const debits = entries.filter((one) => one.amountMinor < 0n && !one.takesBack);
  if (debits.length === 0) return [];
  const credits = entries.filter((one) => one.amountMinor > 0n);
  const byName = await takenBackByName(trx, debits, credits);
  const payouts = await payoutsBefore(trx, debits);
  return debits.flatMap((debit): KeptEntry[] => {
    if (byName.has(debit)) return [{ ...debit, takesBack: true, keptBy: 'NAME', waits: false }];
    const named = payouts.filter((one) => one.currencyCodes.includes(debit.currencyCode) && isNamed(one, debit));
    const [only, ...others] = named;
    if (!only) return [];
    const amount = moneyOf(debit.accountTail, -debit.amountMinor, debit.currencyCode);
    const isHere = credits.some((one) => moneyOf(one.accountTail, one.amountMinor, one.currencyCode) === amount && isNamed(only, one)); // biome-ignore format: one thought
    const isSure = others.length === 0 && (isHere || only.credits.includes(amount));
    return [{ ...debit, takesBack: true, keptBy: 'TEXT', waits: !isSure }];
  });
}

async function takenBackByName(
  trx: Knex.Transaction,
  debits: readonly BankReceipt[],
  credits: readonly BankReceipt[],
): Promise<ReadonlySet<BankReceipt>> {
  const named = debits.filter((one) => one.referenceIs !== 'PLACE');
  const brought = (one: Pick<BankReceipt, 'accountTail' | 'bankReference'>, minor: string) => `${one.accountTail} ${one.bankReference} ${minor}`; // biome-ignore format: one thought
  const before = await query<{ accountTail: string; bankReference: string; minor: string }>(
    trx,
    `select account_tail as "accountTail", bank_reference as "bankReference", amount_minor as minor from settlement.bank_receipt
     where (account_tail, bank_reference) in (select * from unnest(?::text[], ?::text[]))`,
    [named.map((one) => one.accountTail), named.map((one) => one.bankReference)],
  );
  const told = new Set([
    ...before.map((one) => brought(one, one.minor)),
    ...credits.map((one) => brought(one, one.amountMinor.toString())),
  ]);
  return new Set(named.filter((one) => told.has(brought(one, (-one.amountMinor).toString()))));
}

/** Payouts that were paid, or were to be, in the time before these debits. */
function payoutsBefore(trx: Knex.Transaction, debits: readonly BankReceipt[]): Promise<NamedPayout[]> {
  const currencyCodes = [...new Set(debits.map((one) => one.currencyCode))];
  const first = debits.map(({ bookedOn }) => bookedOn).sort()[0];
  return query<NamedPayout>(
    trx,
    `select p.id, array(select p.currency_code union select r.currency_code from settlement.bank_receipt r where r.payout_id = p.id) as "currencyCodes",
       array_remove(array[p.reference, p.external_id, s.external_id], null) as references,
       array(select r.account_tail || ' ' || r.amount_minor || ' ' || r.currency_code from settlement.bank_receipt r where r.payout_id = p.id and r.amount_minor > 0) as credits
     from settlement.payout p left join settlement.statement s on s.id = p.statement_id
     where (p.currency_code = any(?::text[]) or exists (select from settlement.bank_receipt r where r.payout_id = p.id and r.currency_code = any(?::text[]))) and p.state <> 'CARRIED_FORWARD'
       and coalesce(p.scheduled_at, s.period_end, p.changed_at) >= ?::date - ?::int order by p.id`,
    [currencyCodes, currencyCodes, first ?? null, RECALL_DAYS],
  );
}

function isNamed({ references }: NamedPayout, { remittance }: BankReceipt): boolean {
  return references.some((reference) => mentions(remittance, reference));
}

const moneyOf = (accountTail: string, minor: bigint, currencyCode: string) => `${accountTail} ${minor} ${currencyCode}`;
