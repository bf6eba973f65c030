import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import type { PostingRules } from '../ledger/posting-rules.ts';
import { mentions } from './bank/match.ts';
import { type Credit, receive } from './receive.ts';

interface TakenBack extends Credit {
  readonly bankReference: string;
  readonly remittance: string;
}

type Open = Omit<TakenBack, 'amountMinor'> & { readonly accountTail: string; readonly amountMinor: string };

interface Candidate {
  id: string;
  bankReference: string;
  remittance: string;
  payoutId: string | null;
  references: string[];
}

/**
 * Finds which credit each entry is about by which the bank took money back: of the same account and amount, by the bank's name of
 * it, by what its text names, or because there is no other. It then counts for the payout that the credit counted for. A part of what
 * arrived counts for the payout that its text names. Where two could be meant nothing is guessed. The caller holds the lock of arrivals.
 *
 * @returns of how many it was found
 */
export async function matchTakenBack(trx: Knex.Transaction, rules: PostingRules, actor: string): Promise<number> {
  const open = await query<Open>(
    trx,
    `select id, account_tail as "accountTail", bank_reference as "bankReference", remittance, amount_minor as "amountMinor", currency_code as "currencyCode", to_char(booked_on, 'YYYY-MM-DD') as "bookedOn"
     from settlement.bank_receipt where amount_minor < 0 and takes_back is null and payout_id is null and not held order by booked_on, id`,
  );
  let found = 0;
  for (const row of open) {
    const candidates = await candidatesFor(trx, row.id);
    const meant = creditOf(row, candidates);
    const named = meant ? null : await payoutNamedBy(trx, row);
    const credit = meant ?? (named === null ? only(candidates) : null);
    if (credit)
      await change(trx, 'update settlement.bank_receipt set takes_back = ? where id = ?', [credit.id, row.id]);
    const payoutId = credit ? credit.payoutId : named;
    if (credit !== null || payoutId !== null) found += 1;
    if (payoutId !== null)
      await receive(trx, rules, payoutId, { ...row, amountMinor: BigInt(row.amountMinor) }, actor, credit ? 'the credit that it takes back' : 'reference'); // biome-ignore format: one thought
  }
  return found;
}

/** Has what takes a credit back count for the payout that the credit was just found to be of. */
export async function receiveTakenBack(
  trx: Knex.Transaction,
  rules: PostingRules,
  creditId: string,
  payoutId: string,
  actor: string,
): Promise<void> {
  const rows = await query<Omit<Credit, 'amountMinor'> & { amountMinor: string }>(
    trx,
    `select id, amount_minor as "amountMinor", currency_code as "currencyCode", to_char(booked_on, 'YYYY-MM-DD') as "bookedOn"
     from settlement.bank_receipt where takes_back = ? and payout_id is null`,
    [creditId],
  );
  for (const row of rows)
    await receive(trx, rules, payoutId, { ...row, amountMinor: BigInt(row.amountMinor) }, actor, 'the credit that it takes back'); // biome-ignore format: one thought
}

function creditOf(
  { bankReference, remittance }: Pick<TakenBack, 'bankReference' | 'remittance'>,
  candidates: readonly Candidate[],
): Candidate | null {
  const named = candidates.filter((one) => one.references.some((reference) => mentions(remittance, reference)) || one.remittance === remittance); // biome-ignore format: one thought
  return only(candidates.filter((one) => one.bankReference === bankReference)) ?? only(named);
}

const only = (found: readonly Candidate[]) => (found.length === 1 ? (found[0] ?? null) : null);

/** Credits of the same account and amount that were booked before and that nothing took back. */
function candidatesFor(trx: Knex.Transaction, id: string): Promise<Candidate[]> {
  return query<Candidate>(
    trx,
    `select c.id, c.bank_reference as "bankReference", c.remittance, c.payout_id as "payoutId",
       array_remove(array[p.reference, p.external_id, s.external_id], null) as references
     from settlement.bank_receipt t join settlement.bank_receipt c on c.account_tail = t.account_tail and c.currency_code = t.currency_code
       and c.amount_minor = -t.amount_minor and c.booked_on <= t.booked_on and c.conflict is null
     left join settlement.payout p on p.id = c.payout_id left join settlement.statement s on s.id = p.statement_id
     where t.id = ? and not exists (select from settlement.bank_receipt o where o.takes_back = c.id) order by c.booked_on, c.id`,
    [id],
  );
}

/** The one payout that the text names and of which as much had arrived on the account by then. What a part of converted money is only a person knows. */
async function payoutNamedBy(trx: Knex.Transaction, row: Open): Promise<string | null> {
  const paid = await query<{ id: string; references: string[] }>(
    trx,
    `select p.id, array_remove(array[p.reference, p.external_id, s.external_id], null) as references
     from settlement.bank_receipt r join settlement.payout p on p.id = r.payout_id left join settlement.statement s on s.id = p.statement_id
     where r.account_tail = ? and r.currency_code = ? and p.currency_code = r.currency_code and r.booked_on <= ?::date group by p.id, s.id having sum(r.amount_minor) >= ?::bigint order by p.id`,
    [row.accountTail, row.currencyCode, row.bookedOn, row.amountMinor.replace('-', '')],
  );
  const named = paid.filter(({ references }) => references.some((reference) => mentions(row.remittance, reference)));
  return named.length === 1 ? (named[0]?.id ?? null) : null;
}
