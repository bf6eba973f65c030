import { isCurrencyCode } from '../../../../platform/money.ts';
import { createAmountReader } from '../../reports/amount.ts';
import { createColumns } from '../../reports/columns.ts';
import { createDelimitedReader, type DelimitedRow } from '../../reports/delimited.ts';
import { unreadable } from '../../reports/refusal.ts';
import { type BankReceipt, placeOf } from './model.ts';

const COLUMNS = {
  required: ['booked_on', 'amount', 'currency', 'remittance'],
  optional: ['bank_reference', 'account'],
} as const;

/**
 * Bank receipts as comma separated text with a header: `booked_on`, `amount`, `currency`, `remittance`, and if the bank has
 * them `bank_reference` and `account`. @throws ReportRefusal UNREADABLE with line and column
 */
export function createBankCsvReader() {
  const rows = createDelimitedReader({ delimiter: ',', quoting: 'csv' });
  const amounts = new Map<string, ReturnType<typeof createAmountReader>>();
  let columns: ReturnType<typeof createColumns<(typeof COLUMNS)['required'][number] | (typeof COLUMNS)['optional'][number]>> | null = null; // biome-ignore format: one thought

  function take(found: readonly DelimitedRow[]): BankReceipt[] {
    return found.flatMap((row) => {
      if (columns) return [toReceipt(row, columns)];
      columns = createColumns(row, COLUMNS);
      return [];
    });
  }

  function toReceipt(row: DelimitedRow, cells: NonNullable<typeof columns>): BankReceipt {
    cells.check(row);
    const { lineNumber } = row;
    const currencyCode = cells.text(row, 'currency');
    if (!isCurrencyCode(currencyCode)) throw unreadable('Expected an ISO 4217 code such as GBP.', { lineNumber, column: 'currency' }); // biome-ignore format: one thought
    const reader = amounts.get(currencyCode) ?? createAmountReader(currencyCode);
    amounts.set(currencyCode, reader);
    const amountMinor = reader.read(cells.text(row, 'amount'));
    if (amountMinor === null) throw unreadable(`Expected ${reader.expected}.`, { lineNumber, column: 'amount' });
    const bookedOn = cells.moment(row, 'booked_on');
    if (!bookedOn) throw unreadable('Expected the day of booking.', { lineNumber, column: 'booked_on' });
    const remittance = cells.text(row, 'remittance');
    const given = cells.text(row, 'bank_reference');
    return {
      referenceIs: given === '' ? 'PLACE' : 'OF_DAY',
      statementReference: null,
      bankReference: given || placeOf(`line ${lineNumber}`, currencyCode, remittance),
      accountTail: cells.text(row, 'account').slice(-4),
      remittance,
      amountMinor,
      takesBack: false,
      currencyCode,
      bookedOn: bookedOn.toISOString().slice(0, 10),
    };
  }

  return {
    push: (piece: string) => take(rows.push(piece)),
    end(): BankReceipt[] {
      const last = take(rows.end());
      if (!columns) throw unreadable('The file is empty.');
      return last;
    },
  };
}
