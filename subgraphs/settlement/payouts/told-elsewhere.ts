import type { Knex } from 'knex';
import { query } from '../../../platform/db/query.ts';
import { type BankFormat, type BankReceipt, isPlace } from './bank/model.ts';

/** An entry that was told before by another way: as another format, without its name, or without its account. */
export interface ToldElsewhere {
  /** Id of the receipt that was made of it. */
  readonly receiptId: string;
  /** False where the bank gives it another name or amount there: a person has to say whether it is the same. */
  readonly isSame: boolean;
}

interface Told {
  readonly id: string;
  readonly source: BankFormat;
  readonly accountTail: string;
  readonly bankReference: string;
  readonly remittance: string;
  readonly amountMinor: string;
  readonly currencyCode: string;
  readonly bookedOn: string;
}

type Fresh = BankReceipt & { readonly id: string };

/**
 * Finds entries that the bank told before by another way: exports overlap, and tables are replaced by camt.053. The same name on the
 * same day is the same entry. Where one of them has no name it is the day, the amount and the text, each as often as it was told:
 * the second of two equal rows is another one only when one was told before. Two statements of one bank in camt.053 are told apart by
 * their ids instead.
 *
 * @param fresh entries that are not known by their id
 * @param known ids of receipts that other entries of the file are
 * @returns by id of the entry
 */
export async function toldElsewhere(
  trx: Knex.Transaction,
  source: BankFormat,
  fresh: readonly Fresh[],
  known: ReadonlySet<string>,
): Promise<ReadonlyMap<string, ToldElsewhere>> {
  const found = new Map<string, ToldElsewhere>();
  if (fresh.length === 0) return found;
  const told = (await toldOnDays(trx, fresh)).filter(({ id }) => !known.has(id));
  const claimed = new Set<string>();
  for (const { isSame, fits } of WAYS) {
    for (const one of fresh) {
      if (found.has(one.id)) continue;
      const other = told.find((before) => !claimed.has(before.id) && isOfAccount(one, before) && fits(one, before, source)); // biome-ignore format: one thought
      if (!other) continue;
      claimed.add(other.id);
      found.set(one.id, { receiptId: other.id, isSame });
    }
  }
  return found;
}

/** The surest first. In one format a name tells entries apart as it does in one file. */
const WAYS: readonly { readonly isSame: boolean; fits(one: Fresh, before: Told, source: BankFormat): boolean }[] = [
  { isSame: true, fits: (one, before) => hasName(one, before) && isAmount(one, before) },
  {
    isSame: true,
    fits: (one, before, source) =>
      (one.referenceIs === 'PLACE' || isPlace(before.bankReference)) && (source === 'BANK_CSV' || before.source === 'BANK_CSV') && isAmount(one, before) && hasText(one, before),
  },
  { isSame: false, fits: (one, before, source) => before.source !== source && hasName(one, before) },
  {
    isSame: false,
    fits: (one, before, source) => before.source !== source && isAmount(one, before) && hasText(one, before),
  },
]; // biome-ignore format: a table

const hasName = (one: Fresh, before: Told) => one.referenceIs !== 'PLACE' && one.bankReference === before.bankReference;
const isAmount = (one: Fresh, before: Told) => one.amountMinor === BigInt(before.amountMinor);

/** On the same day, and of the same account as far as both tell one. */
function isOfAccount(one: Fresh, before: Told): boolean {
  const isAccount = one.accountTail === before.accountTail || one.accountTail === '' || before.accountTail === '';
  return isAccount && one.currencyCode === before.currencyCode && one.bookedOn === before.bookedOn;
}

/** Banks give more of a text by one way than by the other. */
function hasText(one: Fresh, before: Told): boolean {
  const [said, saidBefore] = [plain(one.remittance), plain(before.remittance)];
  if (said === '' || saidBefore === '') return said === saidBefore;
  return said.includes(saidBefore) || saidBefore.includes(said);
}

function plain(text: string): string {
  return text
    .slice(0, 1_000)
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '');
}

/** What was told of the days of these entries, with an amount or a name of one of them. */
function toldOnDays(trx: Knex.Transaction, fresh: readonly Fresh[]): Promise<Told[]> {
  return query<Told>(
    trx,
    `select id, source, account_tail as "accountTail", bank_reference as "bankReference", remittance, amount_minor as "amountMinor",
       currency_code as "currencyCode", to_char(booked_on, 'YYYY-MM-DD') as "bookedOn"
     from settlement.bank_receipt
     where booked_on = any(?::date[]) and (amount_minor = any(?::bigint[]) or bank_reference = any(?::text[])) order by received_at, id`,
    [
      [...new Set(fresh.map(({ bookedOn }) => bookedOn))],
      fresh.map(({ amountMinor }) => amountMinor.toString()),
      fresh.map(({ bankReference }) => bankReference),
    ],
  );
}
