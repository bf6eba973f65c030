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
import { classOf, kindOf } from './words.ts';

/** The columns of GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2. What is optional here was seen missing, or is not needed. */
const COLUMNS = {
  required: [
    'settlement-id', 'settlement-start-date', 'settlement-end-date', 'total-amount', 'currency', 'transaction-type',
    'order-id', 'amount-type', 'amount-description', 'amount',
  ],
  optional: [
    'deposit-date', 'merchant-order-id', 'adjustment-id', 'shipment-id', 'marketplace-name', 'fulfillment-id',
    'posted-date', 'posted-date-time', 'order-item-code', 'merchant-order-item-id', 'merchant-adjustment-item-id', 'sku',
    'quantity-purchased', 'promotion-id',
  ],
} as const; // biome-ignore format: a table

const REFERENCES = [
  ['adjustmentId', 'adjustment-id'],
  ['shipmentId', 'shipment-id'],
  ['orderItemId', 'order-item-code'],
  ['merchantOrderItemId', 'merchant-order-item-id'],
  ['merchantAdjustmentItemId', 'merchant-adjustment-item-id'],
  ['promotionId', 'promotion-id'],
  ['fulfillment', 'fulfillment-id'],
  ['marketplace', 'marketplace-name'],
] as const;

/**
 * Amazon's Settlement V2 flat file. The first row of data carries the settlement's id, period, total and currency; in the
 * other rows these may be empty. A row `Transfer` of minus the total is the payout itself; any other transfer counts as a
 * line, as when Amazon charges a negative balance.
 */
export function amazonSettlementV2(options: ReadOptions): ReportReader {
  return delimitedReport(options, (header) => parser(options.channelCode, createColumns(header, COLUMNS)));
}

interface Head {
  readonly externalId: string;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly depositAt: Date | null;
  readonly total: StatedTotal;
  readonly amounts: AmountReader;
}

function parser(channelCode: string, columns: ColumnsOf<typeof COLUMNS>): RowParser {
  const sum = createSum();
  let head: Head | null = null;
  let transfer: SettlementLine | null = null;

  return {
    row(row) {
      columns.check(row);
      head ??= readHead(row);
      if (columns.text(row, 'transaction-type') === '' && columns.text(row, 'amount') === '') return null;
      const line = readLine(row, head);
      sum.add(line);
      if (line.kind === 'TRANSFER' && line.class !== 'PAYOUT') transfer ??= line;
      return line;
    },
    end(): SettlementReport {
      if (!head)
        throw unreadable('There is no line after the first one, so there is no total. The file may be cut off.');
      if (transfer && sum.minor - transfer.amountMinor === head.total.minor) throw wrongTransfer(transfer, head.total);
      sum.check(head.total);
      return {
        channelCode,
        externalId: head.externalId,
        format: 'AMAZON_SETTLEMENT_V2',
        periodStart: head.periodStart,
        periodEnd: head.periodEnd,
        currencyCode: head.total.currencyCode,
        totalMinor: head.total.minor,
        payout: { externalId: null, reference: head.externalId, depositAt: head.depositAt },
      };
    },
  };

  function readHead(row: DelimitedRow): Head {
    const { lineNumber } = row;
    const needed = <T>(value: T | null | '', column: string): T => {
      if (value === null || value === '') throw unreadable('Empty, but the first line of data is to carry it.', { lineNumber, column }); // biome-ignore format: one thought
      return value;
    };
    const currencyCode = needed(columns.text(row, 'currency'), 'currency').toUpperCase();
    if (!isCurrencyCode(currencyCode)) throw unreadable('Expected an ISO 4217 code such as EUR.', { lineNumber, column: 'currency' }); // biome-ignore format: one thought
    const amounts = createAmountReader(currencyCode);
    const minor = amounts.read(needed(columns.text(row, 'total-amount'), 'total-amount'));
    if (minor === null) throw unreadable(`Expected ${amounts.expected}.`, { lineNumber, column: 'total-amount' });
    const periodStart = needed(columns.moment(row, 'settlement-start-date'), 'settlement-start-date');
    const periodEnd = needed(columns.moment(row, 'settlement-end-date'), 'settlement-end-date');
    if (periodEnd < periodStart) throw unreadable('The period ends before it begins.', { lineNumber, column: 'settlement-end-date' }); // biome-ignore format: one thought
    return {
      externalId: needed(columns.text(row, 'settlement-id'), 'settlement-id'),
      periodStart,
      periodEnd,
      depositAt: columns.moment(row, 'deposit-date'),
      total: { minor, currencyCode, lineNumber },
      amounts,
    };
  }

  function readLine(row: DelimitedRow, { externalId, total, amounts, periodEnd }: Head): SettlementLine {
    const { lineNumber } = row;
    const settlement = columns.text(row, 'settlement-id');
    if (settlement !== '' && settlement !== externalId) {
      throw unreadable('Another settlement begins here; a file is to hold one.', {
        lineNumber,
        column: 'settlement-id',
      });
    }
    const currency = columns.text(row, 'currency').toUpperCase();
    if (currency !== '' && currency !== total.currencyCode) {
      throw new ReportRefusal(
        'CURRENCY_MISMATCH',
        `Line ${lineNumber} is in another currency than the total, which is in ${total.currencyCode}.`,
        { lineNumber, column: 'currency' },
      );
    }
    const amountMinor = amounts.read(columns.text(row, 'amount'));
    if (amountMinor === null) throw unreadable(`Expected ${amounts.expected}.`, { lineNumber, column: 'amount' });
    const words = {
      transaction: columns.text(row, 'transaction-type'),
      type: columns.text(row, 'amount-type'),
      description: columns.text(row, 'amount-description'),
    };
    const kind = kindOf(words.transaction);
    const isPayout = kind === 'TRANSFER' && amountMinor === -total.minor;
    return {
      lineNumber,
      kind,
      class: isPayout ? 'PAYOUT' : kind === 'TRANSFER' ? 'ADJUSTMENT' : classOf(kind, words.type, words.description),
      words,
      channelOrderId: columns.textOrNull(row, 'order-id'),
      merchantOrderId: columns.textOrNull(row, 'merchant-order-id'),
      sku: columns.textOrNull(row, 'sku'),
      quantity: columns.quantity(row, 'quantity-purchased'),
      amountMinor,
      currencyCode: total.currencyCode,
      original: null, // the report does not show what was converted
      postedAt: columns.moment(row, 'posted-date-time') ?? columns.moment(row, 'posted-date') ?? periodEnd,
      references: columns.references(row, REFERENCES),
    };
  }
}

function wrongTransfer(line: SettlementLine, total: StatedTotal): ReportRefusal {
  const say = (minor: bigint) => formatAmount({ amountMinor: minor, currencyCode: total.currencyCode });
  return new ReportRefusal(
    'TOTAL_MISMATCH',
    `Line ${line.lineNumber} transfers ${say(line.amountMinor)} ${total.currencyCode}, but the total of line ${total.lineNumber} asks for ${say(-total.minor)} ${total.currencyCode}. Ask the channel for a correct report.`,
    { lineNumber: line.lineNumber, column: 'amount' },
  );
}
