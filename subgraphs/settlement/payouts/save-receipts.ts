import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import { derivedId } from '../../../platform/ids.ts';
import type { BankFormat, BankReceipt } from './bank/model.ts';
import { toldElsewhere } from './told-elsewhere.ts';
import { type KeptEntry, unmarkedTakenBack } from './unmarked-debits.ts';

/** Where a bank statement says otherwise than an earlier one did. Such a credit is kept, and only a person makes money of it. */
export interface Contradiction {
  readonly receiptId: string;
  /** CHANGED: told before with another amount or day. ADDED: of a statement that came before without it. MISSING: not told again. */
  readonly conflict: 'CHANGED' | 'ADDED' | 'MISSING';
}

export interface SavedReceipts {
  /** Credits, and debits that may take one back, that are new to us. */
  readonly received: number;
  readonly known: number;
  readonly contradictions: readonly Contradiction[];
}

interface Told {
  id: string;
  bankReference: string;
  bookedOn: string;
  statementReference: string | null;
  accountTail: string;
  remittance: string;
  conflict: string | null;
  isCredit: boolean;
}

/**
 * Keeps the credits of a bank statement and what takes one back, each once, and compares them with what the bank said before: an entry under a reference
 * that we know with another amount or day, and any difference in a statement that we have, is no additional money.
 *
 * @param entries all entries of the file, debits too
 */
export async function saveReceipts(
  trx: Knex.Transaction,
  source: BankFormat,
  entries: readonly BankReceipt[],
): Promise<SavedReceipts> {
  const marked = entries.filter(({ amountMinor, takesBack }) => amountMinor > 0n || takesBack);
  const kept: KeptEntry[] = [...marked.map((one) => ({ ...one, keptBy: 'MARKED' as const, waits: false })), ...(await unmarkedTakenBack(trx, entries))]; // biome-ignore format: one thought
  const credits = [...new Map(kept.map((one) => [idOf(source, one), one]))].map(([id, one]) => ({ ...one, id }));
  const ids = new Set(credits.map(({ id }) => id));
  const resent = await statementsAgain(trx, entries);
  const before = await toldBefore(trx, source, credits, resent);
  const known = new Set(before.filter(({ id }) => ids.has(id)).map(({ id }) => id));
  const gone = new Map(before.filter(({ id }) => !ids.has(id)).map((one) => [one.id, one]));
  const unknown = credits.filter(({ id }) => !known.has(id));
  const elsewhere = await toldElsewhere(trx, source, unknown, known);
  const fresh = unknown.filter(({ id }) => elsewhere.get(id)?.isSame !== true);
  const rows = fresh.map((credit) => {
    const again = resent.has(keyOf(credit));
    const twin = elsewhere.get(credit.id);
    const other = twin
      ? { id: twin.receiptId }
      : [...gone.values()]
          .filter((one) => one.isCredit === credit.amountMinor > 0n)
          .find((one) => isSameEntry(credit, one) || (again && isSamePlace(credit, one)));
    if (other) gone.delete(other.id);
    // Its text may name a payout only now: whether the statement had it before is not known, so it is shown without a word about that.
    const isAdded = again && credit.keptBy !== 'TEXT';
    return {
      ...credit,
      contradicts: other?.id ?? null,
      conflict: other ? ('CHANGED' as const) : isAdded ? ('ADDED' as const) : null,
      waits: credit.waits || again,
    };
  });
  await insert(trx, source, rows);
  const missing = [...gone.values()]
    .filter((one) => one.conflict === null && resent.has(keyOf(one)))
    .map(({ id }) => id);
  await change(
    trx,
    `update settlement.bank_receipt set conflict = 'MISSING', held = held or payout_id is null, shown_at = null where id = any(?::text[])`,
    [missing],
  );
  // What was missing is there again.
  await change(
    trx,
    `update settlement.bank_receipt r set conflict = null, held = (amount_minor < 0 and payout_id is null and takes_back is null) or exists (select from settlement.receipt_decision d where d.receipt_id = r.id)
     where id = any(?::text[]) and conflict = 'MISSING'`,
    [[...known]],
  );
  return {
    received: fresh.length,
    known: known.size + unknown.length - fresh.length,
    contradictions: [
      ...rows.flatMap(({ id, conflict }) => (conflict === null ? [] : [{ receiptId: id, conflict }])),
      ...missing.map((receiptId) => ({ receiptId, conflict: 'MISSING' as const })),
    ],
  };
}

function idOf(source: BankFormat, one: BankReceipt): string {
  return derivedId('bankReceipt', source, one.accountTail, one.bankReference, one.amountMinor.toString(), one.bookedOn);
}

const keyOf = (one: Pick<BankReceipt, 'accountTail' | 'statementReference'>) => `${one.accountTail} ${one.statementReference ?? ''}`; // biome-ignore format: one thought

/** Notes the statements of a file by the bank's names of them. @returns those that were here before */
async function statementsAgain(trx: Knex.Transaction, entries: readonly BankReceipt[]): Promise<ReadonlySet<string>> {
  const named = [...new Map(entries.filter((one) => one.statementReference !== null).map((one) => [keyOf(one), one])).values()]; // biome-ignore format: one thought
  if (named.length === 0) return new Set();
  const added = await query<{ accountTail: string; statementReference: string }>(
    trx,
    `insert into settlement.bank_statement (account_tail, reference) select * from unnest(?::text[], ?::text[]) on conflict do nothing
     returning account_tail as "accountTail", reference as "statementReference"`,
    [named.map((one) => one.accountTail), named.map((one) => one.statementReference)],
  );
  const first = new Set(added.map(keyOf));
  return new Set(named.map(keyOf).filter((key) => !first.has(key)));
}

/** What earlier files told under the references of these credits, or in the statements that came again. */
function toldBefore(
  trx: Knex.Transaction,
  source: BankFormat,
  credits: readonly BankReceipt[],
  resent: ReadonlySet<string>,
): Promise<Told[]> {
  return query<Told>(
    trx,
    `select id, bank_reference as "bankReference", to_char(booked_on, 'YYYY-MM-DD') as "bookedOn", statement_reference as "statementReference",
       account_tail as "accountTail", remittance, conflict, amount_minor > 0 as "isCredit"
     from settlement.bank_receipt
     where source = ? and ((account_tail, bank_reference) in (select * from unnest(?::text[], ?::text[]))
       or account_tail || ' ' || statement_reference = any(?::text[]))
     order by received_at, id`,
    [source, credits.map((one) => one.accountTail), credits.map((one) => one.bankReference), [...resent]],
  );
}

/** Whether both are the same entry of the bank by its name: one that it gives once, or once a day. */
function isSameEntry(credit: BankReceipt, told: Told): boolean {
  if (credit.accountTail !== told.accountTail || credit.bankReference !== told.bankReference) return false;
  const sameStatement =
    credit.statementReference === null || told.statementReference === null || credit.statementReference === told.statementReference; // biome-ignore format: one thought
  switch (credit.referenceIs) {
    case 'UNIQUE':
      return true;
    case 'OF_DAY':
      return credit.bookedOn === told.bookedOn && sameStatement;
    case 'PLACE':
      return false;
  }
}

/** Whether an entry without a name stands for another one of the same statement: by what the payer wrote. */
function isSamePlace(credit: BankReceipt, told: Told): boolean {
  return keyOf(credit) === keyOf(told) && credit.remittance.slice(0, 1_000) === told.remittance;
}

async function insert(
  trx: Knex.Transaction,
  source: BankFormat,
  rows: readonly (KeptEntry & { readonly id: string; readonly conflict: string | null; readonly contradicts: string | null })[], // biome-ignore format: one thought
): Promise<void> {
  await change(
    trx,
    `insert into settlement.bank_receipt (id, source, account_tail, bank_reference, remittance, amount_minor, currency_code, booked_on, statement_reference,
       conflict, contradicts, held)
     select i, s, a, b, t, m, y, d, f, c, o, c is not null or w from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::text[], ?::date[], ?::text[], ?::text[], ?::text[], ?::bool[])
       as r(i, s, a, b, t, m, y, d, f, c, o, w) on conflict do nothing`,
    [
      rows.map((one) => one.id),
      rows.map(() => source),
      rows.map((one) => one.accountTail),
      rows.map((one) => one.bankReference),
      rows.map((one) => one.remittance.slice(0, 1_000)),
      rows.map((one) => one.amountMinor.toString()),
      rows.map((one) => one.currencyCode),
      rows.map((one) => one.bookedOn),
      rows.map((one) => one.statementReference),
      rows.map((one) => one.conflict),
      rows.map((one) => one.contradicts),
      rows.map((one) => one.waits),
    ],
  );
}
