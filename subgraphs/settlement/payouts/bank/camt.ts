import { SaxesParser } from 'saxes';
import { isCurrencyCode } from '../../../../platform/money.ts';
import { readJsonAmount } from '../../reports/exact-json.ts';
import { ReportRefusal, unreadable } from '../../reports/refusal.ts';
import { type BankReceipt, placeOf } from './model.ts';

/** Longest text of an element; more is no bank statement. */
const MAX_TEXT = 16 * 1024;
const MAX_DEPTH = 64;

/** Where the texts are that say what an entry is for, by their last two elements. */
const REMITTANCE = new Set([
  'RmtInf/Ustrd', 'CdtrRefInf/Ref', 'Refs/EndToEndId', 'Refs/TxId', 'Refs/InstrId', 'Refs/UETR', 'Ntry/AddtlNtryInf', 'TxDtls/AddtlTxInf',
]); // biome-ignore format: a table

/** What banks write where they have no reference. */
const NO_REFERENCE = new Set(['', 'NONREF', 'NOTPROVIDED']);

interface Entry {
  bankReference: string;
  referenceIs: BankReceipt['referenceIs'];
  amount: string | null;
  currencyCode: string;
  credit: boolean;
  reversal: boolean;
  booked: boolean;
  bookedOn: string | null;
  remittance: string[];
}

/**
 * The booked entries of a bank statement in ISO 20022 camt.053, of any version. The reader knows no entities but the five
 * of XML, and refuses a document type: nothing in the file can make it read another file or grow.
 *
 * @throws ReportRefusal UNREADABLE with the line
 */
export function createCamtReader() {
  const parser = new SaxesParser({ position: true });
  const path: string[] = [];
  const receipts: BankReceipt[] = [];
  let text = '';
  let account = '';
  let statement = '';
  let page = '';
  let entry: Entry | null = null;
  let entries = 0;
  let isStatement = false;

  const place = () => ({ lineNumber: parser.line });
  const refuse = (what: string) => unreadable(what, place());

  parser.on('doctype', () => {
    throw refuse('A document type is not allowed in a bank statement.');
  });
  parser.on('error', (error) => {
    // saxes puts the place into its message; what stood there stays in the file.
    throw unreadable('The file is not well-formed XML.', place(), { cause: error });
  });
  parser.on('opentag', ({ name, attributes }) => {
    path.push(localName(name));
    if (path.length > MAX_DEPTH) throw refuse('The elements lie deeper than in any bank statement.');
    text = '';
    const here = path.at(-1);
    if (here === 'BkToCstmrStmt') isStatement = true;
    if (here === 'Stmt') [statement, page] = ['', ''];
    if (here === 'Ntry') {
      entries += 1;
      entry = { bankReference: '', referenceIs: 'PLACE', amount: null, currencyCode: '', credit: true, reversal: false, booked: true, bookedOn: null, remittance: [] }; // biome-ignore format: one thought
    }
    if (entry && path.slice(-2).join('/') === 'Ntry/Amt') entry.currencyCode = String(attributes.Ccy ?? '');
  });
  parser.on('text', (piece) => {
    text += piece;
    if (text.length > MAX_TEXT) throw refuse('A text is longer than in any bank statement.');
  });
  parser.on('cdata', (piece) => {
    text += piece;
  });
  parser.on('closetag', () => {
    const tail = path.slice(-2).join('/');
    const value = text.trim();
    text = '';
    if (tail === 'Id/IBAN' && path.at(-3) === 'Acct') account = value;
    if (tail === 'Stmt/Id') statement = value;
    if (tail === 'StmtPgntn/PgNb') page = value;
    if (tail === 'Othr/Id' && path.at(-4) === 'Acct') account = value;
    if (entry) take(entry, tail, value);
    if (path.at(-1) === 'Ntry' && entry) {
      if (entry.booked) receipts.push(toReceipt(entry));
      entry = null;
    }
    path.pop();
  });

  function take(into: Entry, tail: string, value: string): void {
    if (tail === 'Ntry/Amt') into.amount = value;
    else if (tail === 'Ntry/CdtDbtInd') into.credit = value === 'CRDT';
    else if (tail === 'Ntry/RvslInd') into.reversal = value === 'true';
    else if (tail === 'Ntry/Sts' || tail === 'Sts/Cd') into.booked = value === '' ? into.booked : value === 'BOOK';
    else if ((tail === 'BookgDt/Dt' || tail === 'BookgDt/DtTm') && path.at(-3) === 'Ntry')
      into.bookedOn = value.slice(0, 10);
    else if (tail === 'Ntry/AcctSvcrRef' && !NO_REFERENCE.has(value)) name(into, value, 'UNIQUE');
    else if (tail === 'Ntry/NtryRef' && into.referenceIs !== 'UNIQUE' && !NO_REFERENCE.has(value))
      name(into, value, 'OF_DAY'); // biome-ignore format: one thought
    else if (REMITTANCE.has(tail) && value !== '' && value !== 'NOTPROVIDED') into.remittance.push(value);
  }

  function name(into: Entry, reference: string, referenceIs: BankReceipt['referenceIs']): void {
    into.bankReference = reference;
    into.referenceIs = referenceIs;
  }

  function toReceipt(from: Entry): BankReceipt {
    if (!isCurrencyCode(from.currencyCode)) throw new ReportRefusal('CURRENCY_MISMATCH', `Line ${parser.line}: the amount of the entry has no ISO 4217 code.`, place()); // biome-ignore format: one thought
    const minor = readJsonAmount(from.amount, from.currencyCode);
    if (minor === null) throw refuse(`The amount of the entry is none in ${from.currencyCode}.`);
    if (!/^\d{4}-\d\d-\d\d$/.test(from.bookedOn ?? '')) throw refuse('The entry has no day of booking.');
    const remittance = from.remittance.join(' | ');
    return {
      referenceIs: from.referenceIs,
      statementReference: statement === '' ? null : [statement, page].filter((part) => part !== '').join(' page '),
      bankReference: from.bankReference || placeOf(`entry ${entries}`, from.currencyCode, remittance),
      accountTail: account.slice(-4),
      remittance,
      // A reversed credit is marked as a debit, or as a reversal with the sign of what it reverses.
      amountMinor: from.credit !== from.reversal ? minor : -minor,
      currencyCode: from.currencyCode,
      bookedOn: from.bookedOn as string,
    };
  }

  return {
    push(piece: string): BankReceipt[] {
      parser.write(piece);
      return receipts.splice(0);
    },
    end(): BankReceipt[] {
      parser.close();
      if (!isStatement) throw unreadable('The file is no bank statement (camt.053): it has no BkToCstmrStmt.');
      return receipts.splice(0);
    },
  };
}

/** Prefixes are the writer's choice. */
function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
