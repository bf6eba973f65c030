import { isCurrencyCode } from '../../../../platform/money.ts';
import { type AmountReader, createAmountReader } from '../amount.ts';
import { createColumns } from '../columns.ts';
import type { DelimitedRow } from '../delimited.ts';
import {
  LINE_CLASSES,
  type LineClass,
  type ReportedPayout,
  type SettlementLine,
  type SettlementReport,
  TRANSACTION_KINDS,
  type TransactionKind,
} from '../model.ts';
import { ReportRefusal, unreadable } from '../refusal.ts';
import {
  type ColumnsOf,
  delimitedReport,
  type ReadOptions,
  type ReportReader,
  type RowParser,
} from '../report-reader.ts';
import { createSum, type StatedTotal } from '../total.ts';

/** The columns of our own format; docs/settlement-reports.md says what each of them holds. */
export const CANONICAL_COLUMNS = {
  required: ['settlement_id', 'period_start', 'period_end', 'currency', 'total', 'class', 'amount'],
  optional: [
    'transaction', 'type', 'description', 'order_id', 'merchant_order_id', 'sku', 'quantity', 'posted_at', 'reference',
    'original_amount', 'original_currency', 'payout_id', 'payout_reference', 'deposit_at',
  ],
} as const; // biome-ignore format: a table

/** What a row is about when the column `transaction` does not say. */
const KIND_OF_CLASS: Readonly<Record<LineClass, TransactionKind>> = {
  SALE: 'ORDER',
  SALE_TAX: 'ORDER',
  SHIPPING: 'ORDER',
  SHIPPING_TAX: 'ORDER',
  PROMOTION: 'ORDER',
  COMMISSION: 'ORDER',
  TAX_WITHHELD: 'ORDER',
  REFUND: 'REFUND',
  REFUND_TAX: 'REFUND',
  FEE: 'FEE',
  RESERVE: 'RESERVE',
  RESERVE_RELEASE: 'RESERVE',
  CHARGEBACK: 'CHARGEBACK',
  ADJUSTMENT: 'ADJUSTMENT',
  EXCHANGE: 'ADJUSTMENT',
  PAYOUT: 'TRANSFER',
  OTHER: 'OTHER',
};

/**
 * Our own format, for channels without one of theirs here: one row per amount. Settlement, period, currency, total and
 * payout stand in the first row of data; in the others they are empty or the same.
 */
export function canonicalCsv(options: ReadOptions): ReportReader {
  return delimitedReport(options, (header) => parser(options.channelCode, createColumns(header, CANONICAL_COLUMNS)));
}

interface Head {
  readonly externalId: string;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly total: StatedTotal;
  readonly payout: ReportedPayout;
  readonly amounts: AmountReader;
}

function parser(channelCode: string, columns: ColumnsOf<typeof CANONICAL_COLUMNS>): RowParser {
  const sum = createSum();
  let head: Head | null = null;

  return {
    row(row) {
      columns.check(row);
      head ??= readHead(row);
      if (columns.text(row, 'class') === '' && columns.text(row, 'amount') === '') return null;
      const line = readLine(row, head);
      sum.add(line);
      return line;
    },
    end(): SettlementReport {
      if (!head)
        throw unreadable('There is no line after the first one, so there is no total. The file may be cut off.');
      sum.check(head.total);
      return {
        channelCode,
        externalId: head.externalId,
        format: 'CANONICAL_CSV',
        periodStart: head.periodStart,
        periodEnd: head.periodEnd,
        currencyCode: head.total.currencyCode,
        totalMinor: head.total.minor,
        payout: head.payout,
      };
    },
  };

  function readHead(row: DelimitedRow): Head {
    const { lineNumber } = row;
    const needed = <T>(value: T | null | '', column: string): T => {
      if (value === null || value === '') throw unreadable('Empty, but the first line of data is to carry it.', { lineNumber, column }); // biome-ignore format: one thought
      return value;
    };
    const currencyCode = needed(columns.text(row, 'currency'), 'currency');
    if (!isCurrencyCode(currencyCode)) throw unreadable('Expected an ISO 4217 code such as GBP.', { lineNumber, column: 'currency' }); // biome-ignore format: one thought
    const amounts = createAmountReader(currencyCode);
    const minor = amounts.read(needed(columns.text(row, 'total'), 'total'));
    if (minor === null) throw unreadable(`Expected ${amounts.expected}.`, { lineNumber, column: 'total' });
    const periodStart = needed(columns.moment(row, 'period_start'), 'period_start');
    const periodEnd = needed(columns.moment(row, 'period_end'), 'period_end');
    if (periodEnd < periodStart) throw unreadable('The period ends before it begins.', { lineNumber, column: 'period_end' }); // biome-ignore format: one thought
    const externalId = needed(columns.text(row, 'settlement_id'), 'settlement_id');
    const payout = {
      externalId: columns.textOrNull(row, 'payout_id'),
      reference: columns.textOrNull(row, 'payout_reference'),
      depositAt: columns.moment(row, 'deposit_at'),
    };
    return { externalId, periodStart, periodEnd, total: { minor, currencyCode, lineNumber }, payout, amounts };
  }

  function readLine(row: DelimitedRow, { externalId, total, amounts, periodEnd }: Head): SettlementLine {
    const { lineNumber } = row;
    const settlement = columns.text(row, 'settlement_id');
    if (settlement !== '' && settlement !== externalId) {
      throw unreadable('Another settlement begins here; a file is to hold one.', {
        lineNumber,
        column: 'settlement_id',
      });
    }
    const currency = columns.text(row, 'currency');
    if (currency !== '' && currency !== total.currencyCode) {
      throw new ReportRefusal(
        'CURRENCY_MISMATCH',
        `Line ${lineNumber} is in another currency than the total, which is in ${total.currencyCode}.`,
        { lineNumber, column: 'currency' },
      );
    }
    const amountMinor = amounts.read(columns.text(row, 'amount'));
    if (amountMinor === null) throw unreadable(`Expected ${amounts.expected}.`, { lineNumber, column: 'amount' });
    const known = oneOf(LINE_CLASSES, columns.text(row, 'class'));
    if (known === 'PAYOUT' && amountMinor !== -total.minor) {
      throw new ReportRefusal('TOTAL_MISMATCH', `Line ${lineNumber} pays out another amount than the total of line ${total.lineNumber}.`, { lineNumber, column: 'amount' }); // biome-ignore format: one thought
    }
    return {
      lineNumber,
      kind: oneOf(TRANSACTION_KINDS, columns.text(row, 'transaction')) ?? KIND_OF_CLASS[known ?? 'OTHER'],
      class: known ?? 'OTHER',
      words: {
        transaction: columns.text(row, 'transaction'),
        type: columns.text(row, 'type') || columns.text(row, 'class'),
        description: columns.text(row, 'description'),
      },
      channelOrderId: columns.textOrNull(row, 'order_id'),
      merchantOrderId: columns.textOrNull(row, 'merchant_order_id'),
      sku: columns.textOrNull(row, 'sku'),
      quantity: columns.quantity(row, 'quantity'),
      amountMinor,
      currencyCode: total.currencyCode,
      original: readOriginal(row),
      postedAt: columns.moment(row, 'posted_at') ?? periodEnd,
      references: columns.references(row, [['reference', 'reference']]),
    };
  }

  function readOriginal(row: DelimitedRow): SettlementLine['original'] {
    const amount = columns.text(row, 'original_amount');
    const currencyCode = columns.text(row, 'original_currency');
    if (amount === '' && currencyCode === '') return null;
    const { lineNumber } = row;
    if (!isCurrencyCode(currencyCode)) throw unreadable('Expected an ISO 4217 code such as USD.', { lineNumber, column: 'original_currency' }); // biome-ignore format: one thought
    const amounts = createAmountReader(currencyCode);
    const amountMinor = amounts.read(amount);
    if (amountMinor === null)
      throw unreadable(`Expected ${amounts.expected}.`, { lineNumber, column: 'original_amount' });
    return { amountMinor, currencyCode };
  }
}

function oneOf<T extends string>(values: readonly T[], text: string): T | null {
  const wanted = text.toUpperCase();
  return values.find((value) => value === wanted) ?? null;
}
