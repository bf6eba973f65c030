import { currencyExponent, isCurrencyCode } from '../../../../platform/money.ts';
import { readJsonAmount } from '../../reports/exact-json.ts';
import { ReportRefusal, unreadable } from '../../reports/refusal.ts';
import { type BankReceipt, placeOf } from './model.ts';

/** What banks write where they have no reference. */
const NO_REFERENCE = new Set(['', 'NONREF', 'NOTPROVIDED']);

/** Where the texts are that say what an entry is for, by their last two elements. */
const REMITTANCE = new Set([
  'RmtInf/Ustrd', 'CdtrRefInf/Ref', 'Refs/EndToEndId', 'Refs/TxId', 'Refs/InstrId', 'Refs/UETR', 'Ntry/AddtlNtryInf', 'TxDtls/AddtlTxInf',
]); // biome-ignore format: a table

/** One payment of an entry that books several. */
interface Detail {
  amount: string | null;
  currencyCode: string;
  credit: boolean | null;
  bankReference: string;
  remittance: string[];
}

/** What stands around an entry. */
export interface Surroundings {
  readonly account: string;
  /** The account's currency; empty where the statement does not tell. */
  readonly accountCurrency: string;
  readonly statement: string;
  readonly page: string;
  readonly lineNumber: number;
}

/** One `Ntry` of a camt.053, gathered element by element. @param number of the entry in the file, from 1 */
export function createCamtEntry(number: number) {
  let bankReference = '';
  let referenceIs: BankReceipt['referenceIs'] = 'PLACE';
  let amount: string | null = null;
  let currencyCode = '';
  let credit = true;
  let reversal = false;
  let returned = false;
  let booked = true;
  let bookedOn: string | null = null;
  /** What it says of itself, and with what its payments say, in the order of the file. */
  const own: string[] = [];
  const all: string[] = [];
  const details: Detail[] = [];
  let detail: Detail | null = null;

  function name(reference: string, is: BankReceipt['referenceIs']): void {
    if (NO_REFERENCE.has(reference)) return;
    bankReference = reference;
    referenceIs = is;
  }

  function takeOfDetail(into: Detail, tail: string, value: string): void {
    if (tail === 'TxDtls/Amt' || (tail === 'TxAmt/Amt' && into.amount === null)) into.amount = value;
    else if (tail === 'TxDtls/CdtDbtInd') into.credit = value === 'CRDT';
    else if (tail === 'Refs/AcctSvcrRef' && !NO_REFERENCE.has(value)) into.bankReference = value;
  }

  return {
    /** @param tail the last two elements, parent/element */
    opened(tail: string, attributes: Readonly<Record<string, unknown>>): void {
      if (tail === 'NtryDtls/TxDtls') {
        detail = { amount: null, currencyCode: '', credit: null, bankReference: '', remittance: [] };
        details.push(detail);
      }
      if (tail === 'Ntry/Amt') currencyCode = String(attributes.Ccy ?? '');
      if (detail && (tail === 'TxDtls/Amt' || (tail === 'TxAmt/Amt' && detail.currencyCode === ''))) detail.currencyCode = String(attributes.Ccy ?? ''); // biome-ignore format: one thought
      if (tail === 'TxDtls/RtrInf') returned = true;
    },

    /** @param isOfEntry whether the date, where it is one, is the entry's own */
    closed(tail: string, value: string, isOfEntry: boolean): void {
      if (detail) takeOfDetail(detail, tail, value);
      if (tail === 'Ntry/Amt') amount = value;
      else if (tail === 'Ntry/CdtDbtInd') credit = value === 'CRDT';
      else if (tail === 'Ntry/RvslInd') reversal = value === 'true' || value === '1';
      else if (tail === 'Ntry/Sts' || tail === 'Sts/Cd') booked = value === '' ? booked : value === 'BOOK';
      else if ((tail === 'BookgDt/Dt' || tail === 'BookgDt/DtTm') && isOfEntry) bookedOn = value.slice(0, 10);
      else if (tail === 'Ntry/AcctSvcrRef') name(value, 'UNIQUE');
      else if (tail === 'Ntry/NtryRef' && referenceIs !== 'UNIQUE') name(value, 'OF_DAY');
      else if (REMITTANCE.has(tail) && value !== '' && value !== 'NOTPROVIDED') {
        all.push(value);
        (detail?.remittance ?? own).push(value);
      }
      if (tail === 'NtryDtls/TxDtls') detail = null;
    },

    /**
     * The entry as receipts: one, or one for each payment where it books several whose amounts it tells. None while it is not booked.
     *
     * @throws ReportRefusal UNREADABLE, CURRENCY_MISMATCH with the number of the entry
     */
    receipts(around: Surroundings): BankReceipt[] {
      if (!booked) return [];
      const place = { lineNumber: around.lineNumber };
      const refuse = (what: string) => unreadable(`Entry ${number}: ${what}`, place);
      if (!isCurrencyCode(currencyCode)) throw new ReportRefusal('CURRENCY_MISMATCH', `Line ${place.lineNumber}: the amount of entry ${number} has no ISO 4217 code.`, place); // biome-ignore format: one thought
      if (around.accountCurrency !== '' && around.accountCurrency !== currencyCode)
        throw new ReportRefusal('CURRENCY_MISMATCH', `Line ${place.lineNumber}: entry ${number} is in ${currencyCode}, its account in ${around.accountCurrency}.`, place); // biome-ignore format: one thought
      const minor = readJsonAmount(amount, currencyCode);
      if (minor === null) throw refuse(`its amount is none in ${currencyCode}, which has ${currencyExponent(currencyCode)} digits after the decimal point.`); // biome-ignore format: one thought
      if (minor < 0n) throw refuse('its amount is below zero; money that left is marked by CdtDbtInd.');
      if (bookedOn === null) throw refuse('it has no day of booking.');
      if (!isDay(bookedOn)) throw refuse('its day of booking is none that there is, written as YYYY-MM-DD.');
      const whole: BankReceipt = {
        referenceIs,
        statementReference: around.statement === '' ? null : [around.statement, around.page].filter((part) => part !== '').join(' page '), // biome-ignore format: one thought
        bankReference: '',
        accountTail: around.account.slice(-4),
        remittance: all.join(' | '),
        // The entry's own direction: one that takes a credit back is a debit.
        amountMinor: credit ? minor : -minor,
        takesBack: !credit && (reversal || returned),
        currencyCode,
        bookedOn,
      };
      const parts = split(whole);
      return parts.map((part, index) => ({
        ...part,
        bankReference: part.bankReference || placeOf(parts.length === 1 ? `entry ${number}` : `entry ${number} payment ${index + 1}`, currencyCode, part.remittance), // biome-ignore format: one thought
      }));
    },
  };

  /** Its payments, where the amounts of all are told and add up to the entry's; else itself. */
  function split(whole: BankReceipt): BankReceipt[] {
    const named = { ...whole, bankReference };
    if (details.length < 2) return [named];
    const parts = details.map((one, index): BankReceipt | null => {
      const minor = one.currencyCode === whole.currencyCode ? readJsonAmount(one.amount, whole.currencyCode) : null;
      if (minor === null) return null;
      const amountMinor = (one.credit ?? credit) ? minor : -minor;
      return {
        ...whole,
        bankReference: one.bankReference || (bankReference === '' ? '' : `${bankReference} payment ${index + 1}`),
        referenceIs: one.bankReference === '' ? referenceIs : 'UNIQUE',
        remittance: [...one.remittance, ...own].join(' | '),
        amountMinor,
        takesBack: whole.takesBack && amountMinor < 0n,
      };
    });
    const told = parts.filter((part) => part !== null);
    const isAll = told.length === parts.length && told.reduce((sum, part) => sum + part.amountMinor, 0n) === whole.amountMinor; // biome-ignore format: one thought
    return isAll ? told : [named];
  }
}

export type CamtEntry = ReturnType<typeof createCamtEntry>;

/** Whether it is a day that there is, YYYY-MM-DD. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}
