import { formatAmount } from '../../platform/money.ts';
import type { PlannedRow } from './plan.ts';

/** What a generated report says of itself. */
export interface ReportHead {
  readonly externalId: string;
  readonly currencyCode: string;
  readonly periodStart: Date;
  readonly periodEnd: Date;
}

export const WRITERS = {
  'amazon-v2': writeAmazon,
  'walmart-recon': writeWalmart,
  canonical: writeCanonical,
} as const satisfies Record<string, (head: ReportHead, rows: readonly PlannedRow[]) => string>;

const totalOf = (rows: readonly PlannedRow[]) => rows.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);

const AMAZON_COLUMNS = [
  'settlement-id', 'settlement-start-date', 'settlement-end-date', 'deposit-date', 'total-amount', 'currency', 'transaction-type',
  'order-id', 'merchant-order-id', 'adjustment-id', 'shipment-id', 'marketplace-name', 'amount-type', 'amount-description', 'amount',
  'fulfillment-id', 'posted-date', 'posted-date-time', 'order-item-code', 'merchant-order-item-id', 'merchant-adjustment-item-id',
  'sku', 'quantity-purchased', 'promotion-id',
]; // biome-ignore format: a table

const AMAZON_WORDS: Readonly<
  Record<PlannedRow['class'], readonly [transaction: string, type: string, description: string]>
> = {
  SALE: ['Order', 'ItemPrice', 'Principal'],
  SALE_TAX: ['Order', 'ItemPrice', 'Tax'],
  COMMISSION: ['Order', 'ItemFees', 'Commission'],
  REFUND: ['Refund', 'ItemPrice', 'Principal'],
  FEE: ['Order', 'ItemFees', 'FBAPerUnitFulfillmentFee'],
  RESERVE: ['other-transaction', 'other-transaction', 'Current Reserve Amount'],
};

/** Amazon's flat file: the total on the first row of data only, the transfer at the end. */
function writeAmazon(head: ReportHead, rows: readonly PlannedRow[]): string {
  const amount = (amountMinor: bigint) => formatAmount({ amountMinor, currencyCode: head.currencyCode });
  const utc = (at: Date) => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const line = (cells: Readonly<Record<string, string>>) =>
    AMAZON_COLUMNS.map((name) => (name === 'settlement-id' ? head.externalId : (cells[name] ?? ''))).join('\t');
  const total = totalOf(rows);
  return [
    AMAZON_COLUMNS.join('\t'),
    line({
      'settlement-start-date': utc(head.periodStart),
      'settlement-end-date': utc(head.periodEnd),
      'deposit-date': utc(head.periodEnd),
      'total-amount': amount(total),
      currency: head.currencyCode,
    }),
    ...rows.map((row) => {
      const [transaction, type, description] = row.channelOrderId === null && row.class === 'FEE' ? ['other-transaction', 'other-transaction', 'Subscription Fee'] : AMAZON_WORDS[row.class]; // biome-ignore format: one thought
      return line({
        'transaction-type': transaction ?? '',
        'order-id': row.channelOrderId ?? '',
        'amount-type': type ?? '',
        'amount-description': row.unknownWords ? 'Glitter handling' : (description ?? ''),
        amount: amount(row.amountMinor),
        'posted-date': row.postedAt.toISOString().slice(0, 10),
        'posted-date-time': utc(row.postedAt),
        'order-item-code': row.key,
        sku: row.sku ?? '',
        'quantity-purchased': row.quantity === null ? '' : String(row.quantity),
      });
    }),
    line({ 'transaction-type': 'Transfer', amount: amount(-total) }),
    '',
  ].join('\n');
}

const WALMART_COLUMNS = [
  'Period Start Date', 'Period End Date', 'Total Payable', 'Currency', 'Transaction Key', 'Transaction Posted Timestamp', 'Transaction Type',
  'Transaction Description', 'Customer Order #', 'Purchase Order #', 'Amount', 'Amount Type', 'Ship Qty', 'Partner Item Id', 'Partner Item Name',
]; // biome-ignore format: a table

/** The description says what happened, not what was charged: a commission is described as the purchase that it is for. */
const WALMART_WORDS: Readonly<
  Record<PlannedRow['class'], readonly [transaction: string, description: string, amountType: string]>
> = {
  SALE: ['Sale', 'Purchase', 'Item Price'],
  SALE_TAX: ['Sale', 'Purchase', 'Item Tax'],
  COMMISSION: ['Sale', 'Purchase', 'Commission on Product'],
  REFUND: ['Refund', 'Return Refund', 'Item Price'],
  FEE: ['Service Fee', 'WFS Fulfilment Fee', 'Fee/Reimbursement'],
  RESERVE: ['Reserve', 'Reserve', 'Reserve'],
};

/** Walmart's recon report: the total in the first row, names with commas and quotes. */
function writeWalmart(head: ReportHead, rows: readonly PlannedRow[]): string {
  const amount = (amountMinor: bigint) => formatAmount({ amountMinor, currencyCode: head.currencyCode });
  const day = (at: Date) => `${at.toISOString().slice(5, 7)}/${at.toISOString().slice(8, 10)}/${at.getUTCFullYear()}`;
  const line = (cells: Readonly<Record<string, string>>) =>
    WALMART_COLUMNS.map((name) => csv(cells[name] ?? '')).join(',');
  const total = amount(totalOf(rows));
  const period = { 'Period Start Date': day(head.periodStart), 'Period End Date': day(head.periodEnd) };
  return [
    WALMART_COLUMNS.join(','),
    line({
      ...period,
      'Total Payable': total,
      Currency: head.currencyCode,
      'Transaction Type': 'PaymentSummary',
      Amount: total,
    }),
    ...rows.map((row) => {
      const [transaction, description, amountType] = WALMART_WORDS[row.class];
      return line({
        ...period,
        'Transaction Key': row.key,
        'Transaction Posted Timestamp': day(row.postedAt),
        'Transaction Type': transaction,
        'Transaction Description': row.unknownWords ? 'Glitter handling' : description,
        'Purchase Order #': row.channelOrderId ?? '',
        Amount: amount(row.amountMinor),
        'Amount Type': amountType,
        'Ship Qty': row.quantity === null ? '' : String(row.quantity),
        'Partner Item Id': row.sku ?? '',
        'Partner Item Name': row.sku === null ? '' : `Item "${row.sku}", boxed`,
      });
    }),
    '',
  ].join('\n');
}

function writeCanonical(head: ReportHead, rows: readonly PlannedRow[]): string {
  const amount = (amountMinor: bigint) => formatAmount({ amountMinor, currencyCode: head.currencyCode });
  const first = [
    head.externalId,
    head.periodStart.toISOString(),
    head.periodEnd.toISOString(),
    head.currencyCode,
    amount(totalOf(rows)),
  ];
  return [
    'settlement_id,period_start,period_end,currency,total,class,type,description,amount,order_id,sku,quantity,posted_at,reference',
    ...rows.map((row, index) => {
      const description = row.unknownWords ? 'Glitter handling' : row.channelOrderId === null && row.class === 'FEE' ? 'Subscription Fee' : AMAZON_WORDS[row.class][2]; // biome-ignore format: one thought
      return [
        ...(index === 0 ? first : ['', '', '', '', '']),
        row.class,
        AMAZON_WORDS[row.class][1],
        description,
        amount(row.amountMinor),
        row.channelOrderId ?? '',
        row.sku ?? '',
        row.quantity === null ? '' : String(row.quantity),
        row.postedAt.toISOString(),
        row.key,
      ].map(csv).join(',');
    }),
    '',
  ].join('\n'); // biome-ignore format: a table
}

function csv(value: string): string {
  return /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
