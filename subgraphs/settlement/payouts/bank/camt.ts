import { SaxesParser } from 'saxes';
import { unreadable } from '../../reports/refusal.ts';
import { type CamtEntry, createCamtEntry } from './camt-entry.ts';
import type { BankReceipt } from './model.ts';

/** Longest text of an element; more is no bank statement. */
const MAX_TEXT = 16 * 1024;
const MAX_DEPTH = 64;

/**
 * The booked entries of a bank statement in ISO 20022 camt.053, of any version. The reader knows no entities but the five
 * of XML, and refuses a document type: nothing in the file can make it read another file or grow.
 *
 * @throws ReportRefusal UNREADABLE, CURRENCY_MISMATCH with the line
 */
export function createCamtReader() {
  const parser = new SaxesParser({ position: true });
  const path: string[] = [];
  const receipts: BankReceipt[] = [];
  let text = '';
  let account = '';
  let accountCurrency = '';
  let statement = '';
  let page = '';
  let entry: CamtEntry | null = null;
  let entries = 0;
  let isStatement = false;
  /** How often the statement had an entry of a name, amount and day: the bank may give one name to several. */
  let told = new Map<string, number>();

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
    if (here === 'Stmt') {
      [statement, page, account, accountCurrency] = ['', '', '', ''];
      told = new Map();
    }
    if (here === 'Ntry') {
      entries += 1;
      entry = createCamtEntry(entries);
    }
    entry?.opened(path.slice(-2).join('/'), attributes);
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
    if (path.at(-4) === 'Stmt' && path.at(-3) === 'Acct' && tail === 'Id/IBAN') account = value;
    if (path.at(-5) === 'Stmt' && path.at(-4) === 'Acct' && tail === 'Othr/Id') account = value;
    if (path.at(-3) === 'Stmt' && tail === 'Acct/Ccy') accountCurrency = value;
    if (tail === 'Stmt/Id') statement = value;
    if (tail === 'StmtPgntn/PgNb') page = value;
    entry?.closed(tail, value, path.at(-3) === 'Ntry');
    if (path.at(-1) === 'Ntry' && entry) {
      const around = { account, accountCurrency, statement, page, lineNumber: parser.line };
      receipts.push(...entry.receipts(around).map(apart));
      entry = null;
    }
    path.pop();
  });

  function apart(receipt: BankReceipt): BankReceipt {
    const key = `${receipt.bankReference} ${receipt.amountMinor} ${receipt.bookedOn}`;
    const count = (told.get(key) ?? 0) + 1;
    told.set(key, count);
    return count === 1 ? receipt : { ...receipt, bankReference: `${receipt.bankReference} #${count}` };
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
