import { formatAmount, isCurrencyCode } from '../../../../platform/money.ts';
import { type AmountReader, createAmountReader } from '../amount.ts';
import { createColumns } from '../columns.ts';
import type { DelimitedRow } from '../delimited.ts';
import type { SettlementLine, SettlementReport } from '../model.ts';
import { ReportRefusal, unreadable } from '../refusal.ts';
import {
  type ColumnsOf,
  delimitedReport,
  type ReadOptions,
  type ReportReader,
  type RowParser,
} from '../report-reader.ts';
import { createSum, type StatedTotal } from '../total.ts';
import { classOf, isSummary, kindOf } from './words.ts';

/** The columns of the recon report (version 1) that are read. Others come and go by year and are passed over. */
const COLUMNS = {
  required: ['Period Start Date', 'Period End Date', 'Total Payable', 'Currency', 'Transaction Type', 'Amount', 'Amount Type'],
  optional: [
    'Transaction Key', 'Transaction Posted Timestamp', 'Transaction Description', 'Customer Order #',
    'Customer Order line #', 'Purchase Order #', 'Purchase Order line #', 'Ship Qty', 'Commission Rate',
    'Transaction Reason Description', 'Partner Item Id', 'Partner GTIN', 'Campaign Id',
  ],
} as const; // biome-ignore format: a table

const REFERENCES = [
  ['transactionKey', 'Transaction Key'],
  ['customerOrderId', 'Customer Order #'],
  ['customerOrderLine', 'Customer Order line #'],
  ['purchaseOrderLine', 'Purchase Order line #'],
  ['commissionRate', 'Commission Rate'],
  ['reason', 'Transaction Reason Description'],
  ['gtin', 'Partner GTIN'],
  ['campaignId', 'Campaign Id'],
] as const;

/**
 * Walmart's reconciliation report, version 1. Columns are found by name. Period, total and currency stand in the first row
 * of data or in all; the report has no id of its own, so its period and currency name it.
 */
export function walmartRecon(options: ReadOptions): ReportReader {
  return delimitedReport(options, (header) => parser(options.channelCode, createColumns(header, COLUMNS)));
}

interface Head {
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly total: StatedTotal;
  readonly amounts: AmountReader;
}

function parser(channelCode: string, columns: ColumnsOf<typeof COLUMNS>): RowParser {
  const sum = createSum();
  let head: Head | null = null;

  return {
    row(row) {
      columns.check(row);
      if (head) checkRepeated(row, head);
      else head = readHead(row);
      const summary = isSummary(columns.text(row, 'Transaction Type'));
      if (columns.text(row, 'Amount') === '' && (summary || columns.text(row, 'Amount Type') === '')) return null;
      if (summary) {
        checkSummary(row, head);
        return null;
      }
      const line = readLine(row, head);
      sum.add(line);
      return line;
    },
    end(): SettlementReport {
      if (!head)
        throw unreadable('There is no line after the first one, so there is no total. The file may be cut off.');
      sum.check(head.total);
      const day = (date: Date) => date.toISOString().slice(0, 10);
      return {
        channelCode,
        externalId: `${day(head.periodStart)}/${day(head.periodEnd)}/${head.total.currencyCode}`,
        format: 'WALMART_RECON_V1',
        periodStart: head.periodStart,
        periodEnd: head.periodEnd,
        currencyCode: head.total.currencyCode,
        totalMinor: head.total.minor,
        payout: null,
      };
    },
  };

  function readHead(row: DelimitedRow): Head {
    const { lineNumber } = row;
    const needed = <T>(value: T | null | '', column: string): T => {
      if (value === null || value === '') throw unreadable('Empty, but the first line of data is to carry it.', { lineNumber, column }); // biome-ignore format: one thought
      return value;
    };
    const currencyCode = needed(columns.text(row, 'Currency'), 'Currency').toUpperCase();
    if (!isCurrencyCode(currencyCode)) throw unreadable('Expected an ISO 4217 code such as USD.', { lineNumber, column: 'Currency' }); // biome-ignore format: one thought
    const amounts = createAmountReader(currencyCode);
    const minor = amounts.read(needed(columns.text(row, 'Total Payable'), 'Total Payable'));
    if (minor === null) throw unreadable(`Expected ${amounts.expected}.`, { lineNumber, column: 'Total Payable' });
    const periodStart = needed(columns.moment(row, 'Period Start Date', 'month first'), 'Period Start Date');
    const periodEnd = needed(columns.moment(row, 'Period End Date', 'month first'), 'Period End Date');
    if (periodEnd < periodStart) throw unreadable('The period ends before it begins.', { lineNumber, column: 'Period End Date' }); // biome-ignore format: one thought
    return { periodStart, periodEnd, total: { minor, currencyCode, lineNumber }, amounts };
  }

  /** Some years repeat the total in every row. Two totals in one file mean two reports, or a broken one. */
  function checkRepeated(row: DelimitedRow, { total, amounts }: Head): void {
    const { lineNumber } = row;
    const repeated = columns.text(row, 'Total Payable');
    if (repeated !== '' && amounts.read(repeated) !== total.minor) {
      throw unreadable(`Another total than that of line ${total.lineNumber}; a file is to hold one report.`, {
        lineNumber,
        column: 'Total Payable',
      });
    }
    const currency = columns.text(row, 'Currency').toUpperCase();
    if (currency !== '' && currency !== total.currencyCode) {
      throw new ReportRefusal(
        'CURRENCY_MISMATCH',
        `Line ${lineNumber} is in another currency than the total, which is in ${total.currencyCode}.`,
        { lineNumber, column: 'Currency' },
      );
    }
  }

  /** The summary row says the total again, from Walmart's side or from ours. */
  function checkSummary(row: DelimitedRow, { total }: Head): void {
    const amount = readAmount(row, head as Head);
    if (amount === total.minor || amount === -total.minor) return;
    const say = (amountMinor: bigint) => `${formatAmount({ amountMinor, currencyCode: total.currencyCode })} ${total.currencyCode}`; // biome-ignore format: one thought
    throw new ReportRefusal(
      'TOTAL_MISMATCH',
      `Line ${row.lineNumber} sums the payment up as ${say(amount)}, but line ${total.lineNumber} states a total of ${say(total.minor)}. Ask the channel for a correct report.`,
      { lineNumber: row.lineNumber, column: 'Amount' },
    );
  }

  function readAmount(row: DelimitedRow, { amounts }: Head): bigint {
    const amount = amounts.read(columns.text(row, 'Amount'));
    if (amount === null) throw unreadable(`Expected ${amounts.expected}.`, { lineNumber: row.lineNumber, column: 'Amount' }); // biome-ignore format: one thought
    return amount;
  }

  function readLine(row: DelimitedRow, opened: Head): SettlementLine {
    const words = {
      transaction: columns.text(row, 'Transaction Type'),
      type: columns.text(row, 'Amount Type'),
      description: columns.text(row, 'Transaction Description'),
    };
    const kind = kindOf(words.transaction);
    return {
      lineNumber: row.lineNumber,
      kind,
      class: classOf(kind, words.transaction, words.type),
      words,
      // The purchase order is what Walmart's order API calls the order; the buyer sees the customer order.
      channelOrderId: columns.textOrNull(row, 'Purchase Order #') ?? columns.textOrNull(row, 'Customer Order #'),
      merchantOrderId: null,
      sku: columns.textOrNull(row, 'Partner Item Id'),
      quantity: columns.quantity(row, 'Ship Qty'),
      amountMinor: readAmount(row, opened),
      currencyCode: opened.total.currencyCode,
      original: null,
      postedAt: columns.moment(row, 'Transaction Posted Timestamp', 'month first') ?? opened.periodEnd,
      references: columns.references(row, REFERENCES),
    };
  }
}
