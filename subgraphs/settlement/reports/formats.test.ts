import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { projectFile } from '../../../platform/paths.ts';
import { MAX_RECORD_LENGTH } from './delimited.ts';
import { REPORT_FORMATS } from './formats.ts';
import type { ReportFormat } from './model.ts';

const read = (format: ReportFormat, text: string | Buffer, piece = 1_000_000) => {
  const reader = REPORT_FORMATS[format]({ channelCode: 'AMAZON' });
  const bytes = Buffer.from(text);
  const lines = [];
  for (let at = 0; at < bytes.length; at += piece) lines.push(...reader.push(bytes.subarray(at, at + piece)));
  const end = reader.end();
  return { report: end.report, lines: [...lines, ...end.lines] };
};
const refusal = (format: ReportFormat, text: string) => {
  try {
    read(format, text);
  } catch (error) {
    return error as { code: string; lineNumber: number | null; column: string | null; message: string };
  }
  throw new Error('was not refused');
};
const brief = ({ lines }: ReturnType<typeof read>) =>
  lines.map((line) => [line.lineNumber, line.kind, line.class, line.channelOrderId, line.sku, line.amountMinor]);

const AMAZON_HEAD =
  'settlement-id\tsettlement-start-date\tsettlement-end-date\tdeposit-date\ttotal-amount\tcurrency\ttransaction-type\torder-id\tmerchant-order-id\tadjustment-id\tshipment-id\tmarketplace-name\tamount-type\tamount-description\tamount\tfulfillment-id\tposted-date\tposted-date-time\torder-item-code\tmerchant-order-item-id\tmerchant-adjustment-item-id\tsku\tquantity-purchased\tpromotion-id';
const amazonRow = (transaction: string, order: string, type: string, description: string, amount: string, sku = '', quantity = '') =>
  `177\t\t\t\t\t\t${transaction}\t${order}\t\t\t\t\t${type}\t${description}\t${amount}\tMFN\t01.11.2026\t01.11.2026 10:00:00 UTC\t\t\t\t${sku}\t${quantity}\t`; // biome-ignore format: one thought
const amazonFile = (total: string, rows: readonly string[]) =>
  [AMAZON_HEAD, `177\t01.11.2026 00:00:00 UTC\t15.11.2026 00:00:00 UTC\t17.11.2026 00:00:00 UTC\t${total}\tEUR${'\t'.repeat(18)}`, ...rows, ''].join('\r\n'); // biome-ignore format: one thought

describe('Amazon Settlement V2', () => {
  const rows = [
    amazonRow('Order', '302-1', 'ItemPrice', 'Principal', '1.234,50', 'A1', '2'),
    amazonRow('Order', '302-1', 'ItemPrice', 'Tax', '100,00', 'A1'),
    amazonRow('Order', '302-1', 'ItemWithheldTax', 'MarketplaceFacilitatorTax-Principal', '-100,00', 'A1'),
    amazonRow('Order', '302-1', 'ItemFees', 'Commission', '-185,18', 'A1'),
    amazonRow('Refund', '302-2', 'ItemPrice', 'Principal', '-10,00', 'B2'),
    amazonRow('other-transaction', '', 'other-transaction', 'Subscription Fee', '-39,00'),
    amazonRow('other-transaction', '', 'other-transaction', 'Previous Reserve Amount Balance', '5,00'),
    amazonRow('Frobnication', 'S-9', 'Novelty', 'Something new', '-0,32'),
    amazonRow('Transfer', '', '', '', '-1.005,00'),
  ];

  it('reads a European report: decimal commas, dates, words that nobody knows, the payout', () => {
    const found = read('AMAZON_SETTLEMENT_V2', amazonFile('1.005,00', rows), 7);
    expect(found.report).toEqual({
      channelCode: 'AMAZON',
      externalId: '177',
      format: 'AMAZON_SETTLEMENT_V2',
      periodStart: new Date('2026-11-01T00:00:00Z'),
      periodEnd: new Date('2026-11-15T00:00:00Z'),
      currencyCode: 'EUR',
      totalMinor: 100500n,
      payout: { externalId: null, reference: '177', depositAt: new Date('2026-11-17T00:00:00Z') },
    });
    expect(brief(found)).toEqual([
      [3, 'ORDER', 'SALE', '302-1', 'A1', 123450n],
      [4, 'ORDER', 'SALE_TAX', '302-1', 'A1', 10000n],
      [5, 'ORDER', 'TAX_WITHHELD', '302-1', 'A1', -10000n],
      [6, 'ORDER', 'COMMISSION', '302-1', 'A1', -18518n],
      [7, 'REFUND', 'REFUND', '302-2', 'B2', -1000n],
      [8, 'OTHER', 'FEE', null, null, -3900n],
      [9, 'OTHER', 'RESERVE_RELEASE', null, null, 500n],
      [10, 'OTHER', 'OTHER', 'S-9', null, -32n],
      [11, 'TRANSFER', 'PAYOUT', null, null, -100500n],
    ]);
    expect(found.lines[0]).toMatchObject({
      quantity: 2,
      words: { transaction: 'Order', type: 'ItemPrice', description: 'Principal' },
      postedAt: new Date('2026-11-01T10:00:00Z'),
      references: { fulfillment: 'MFN' },
    });
  });

  it('reads a report as it comes, however large, also with CRLF line ends', () => {
    const many = Array.from({ length: 3_000 }, () => rows[0] ?? '');
    const bytes = Buffer.from(amazonFile('3703500,00', many));
    expect(bytes.length).toBeGreaterThan(MAX_RECORD_LENGTH);
    const reader = REPORT_FORMATS.AMAZON_SETTLEMENT_V2({ channelCode: 'AMAZON' });
    expect(reader.push(bytes.subarray(0, 1_000))).not.toEqual([]);
    reader.push(bytes.subarray(1_000));
    expect(reader.end().report.totalMinor).toBe(370_350_000n);
  });

  it('refuses a report whose lines do not add up, at the line of the total', () => {
    expect(refusal('AMAZON_SETTLEMENT_V2', amazonFile('1.005,01', rows.slice(0, 8)))).toMatchObject({
      code: 'TOTAL_MISMATCH',
      lineNumber: 2,
      message:
        'Line 2 states a total of 1005.01 EUR, but the lines add up to 1005.00 EUR: a difference of -0.01 EUR. Ask the channel for a correct report.',
    });
  });

  it('blames the transfer when it is the transfer that is wrong', () => {
    const wrong = [...rows.slice(0, 8), amazonRow('Transfer', '', '', '', '-1.005,10')];
    expect(refusal('AMAZON_SETTLEMENT_V2', amazonFile('1.005,00', wrong))).toMatchObject({
      code: 'TOTAL_MISMATCH',
      lineNumber: 11,
      column: 'amount',
    });
  });

  it('reads a settlement that is owed to the channel', () => {
    const found = read('AMAZON_SETTLEMENT_V2', amazonFile('-39,00', [rows[5] as string]));
    expect(found.report.totalMinor).toBe(-3900n);
  });

  it.each([
    ['an amount', amazonFile('1.005,00', rows).replace('-185,18', '-185,1x'), { code: 'UNREADABLE', lineNumber: 6, column: 'amount' }],
    ['a decimal point after commas', amazonFile('1.005,00', rows).replace('-185,18', '-185.18'), { code: 'UNREADABLE', lineNumber: 6, column: 'amount' }],
    ['a date', amazonFile('1.005,00', rows).replace('01.11.2026 10:00:00', '32.11.2026 10:00:00'), { code: 'UNREADABLE', lineNumber: 3, column: 'posted-date-time' }],
    ['a quantity', amazonFile('1.005,00', rows).replace('\tA1\t2\t', '\tA1\t1,5\t'), { code: 'UNREADABLE', lineNumber: 3, column: 'quantity-purchased' }],
    ['a total', amazonFile('', rows), { code: 'UNREADABLE', lineNumber: 2, column: 'total-amount' }],
    ['another currency', amazonFile('1.005,00', rows).replace('177\t\t\t\t\t\tRefund', '177\t\t\t\t\tSEK\tRefund'), { code: 'CURRENCY_MISMATCH', lineNumber: 7, column: 'currency' }],
    ['another settlement', amazonFile('1.005,00', rows).replace('177\t\t\t\t\t\tRefund', '178\t\t\t\t\t\tRefund'), { code: 'UNREADABLE', lineNumber: 7, column: 'settlement-id' }],
    ['a field too many', amazonFile('1.005,00', rows).replace('MFN\t', 'MFN\t\tx\t'), { code: 'UNREADABLE', lineNumber: 3 }],
    ['a missing column', amazonFile('1.005,00', rows).replace('amount-type', 'amount-kind'), { code: 'UNREADABLE', lineNumber: 1 }],
    ['nothing at all', '', { code: 'UNREADABLE', lineNumber: null }],
    ['no data', AMAZON_HEAD, { code: 'UNREADABLE', lineNumber: null }],
    ['a zip file', 'PK\u0003\u0004\0\0\0', { code: 'UNREADABLE', lineNumber: null }],
  ])('refuses %s with its place, and never says what the cell holds', (_name, text, expected) => {
    const refused = refusal('AMAZON_SETTLEMENT_V2', text);
    expect(refused).toMatchObject(expected);
    expect(refused.message).not.toMatch(/1x|185\.18|32\.11|SEK/);
  }); // biome-ignore format: a table
});

describe('Walmart recon', () => {
  const head =
    'Period Start Date,Period End Date,Total Payable,Currency,Transaction Key,Transaction Posted Timestamp,Transaction Type,Transaction Description,Customer Order #,Purchase Order #,Amount,Amount Type,Ship Qty,Partner Item Id,Partner Item Name,Ship to City';
  const text = [
    head,
    '10/01/2026,10/15/2026,49.65,USD,,,PaymentSummary,,,,49.65,,,,,',
    '10/01/2026,10/15/2026,,,k1,10/03/2026,Sale,Purchase,2000-1,108-1,60.00,Item Price,2,W1,"Lantern, ""big""",Springfield',
    ',,,USD,k2,10/03/2026,Sale,Purchase,2000-1,108-1,-9.00,Commission on Product,2,W1,,',
    ',,,,k3,10/03/2026,Sale,Purchase,2000-1,108-1,4.20,Item Tax,2,W1,,',
    ',,,,k4,10/03/2026,Sale,Purchase,2000-1,108-1,-4.20,Item Tax Withheld,2,W1,,',
    ',,,,k5,10/04/2026,Refund,Return,2000-0,108-0,-6.35,Item Price,1,W2,,',
    ',,,,k6,10/05/2026,Reserve,Hold,,,-5.00,Reserve,,,,',
    ',,,,k7,10/05/2026,Release Reserve,Hold,,,10.00,Reserve,,,,',
    '',
  ].join('\n'); // biome-ignore format: a table

  it('reads by the names of the columns', () => {
    const found = read('WALMART_RECON_V1', text, 11);
    expect(found.report).toMatchObject({
      externalId: '2026-10-01/2026-10-15/USD',
      totalMinor: 4965n,
      currencyCode: 'USD',
    });
    expect(brief(found)).toEqual([
      [3, 'ORDER', 'SALE', '108-1', 'W1', 6000n],
      [4, 'ORDER', 'COMMISSION', '108-1', 'W1', -900n],
      [5, 'ORDER', 'SALE_TAX', '108-1', 'W1', 420n],
      [6, 'ORDER', 'TAX_WITHHELD', '108-1', 'W1', -420n],
      [7, 'REFUND', 'REFUND', '108-0', 'W2', -635n],
      [8, 'RESERVE', 'RESERVE', null, null, -500n],
      [9, 'RESERVE', 'RESERVE_RELEASE', null, null, 1000n],
    ]);
    expect(found.lines[0]?.references).toEqual({ transactionKey: 'k1', customerOrderId: '2000-1' });
  });

  it('is the same with its columns in another order and one more of them', () => {
    const turned = text.split('\n').map((line) => line === '' ? '' : line.startsWith('Period') ? `New 2027,${line}` : `x,${line}`).join('\n'); // biome-ignore format: one thought
    expect(read('WALMART_RECON_V1', turned)).toEqual(read('WALMART_RECON_V1', text));
  });

  it('refuses a summary that differs from the total, and a total that differs from the lines', () => {
    expect(refusal('WALMART_RECON_V1', text.replace(',49.65,,,', ',49.60,,,'))).toMatchObject({ code: 'TOTAL_MISMATCH', lineNumber: 2 }); // biome-ignore format: one thought
    expect(refusal('WALMART_RECON_V1', text.replace(',60.00,', ',60.01,'))).toMatchObject({
      code: 'TOTAL_MISMATCH',
      lineNumber: 2,
      message: expect.stringContaining('49.65 USD, but the lines add up to 49.66 USD'),
    });
  });
});

describe('Amazon finances', () => {
  const published = readFileSync(projectFile('data', 'amazon-sp-api', 'listTransactions.json'), 'utf8');
  const transaction = (rest: object) => ({
    transactionId: 'T1',
    transactionType: 'Shipment',
    transactionStatus: 'RELEASED',
    postedDate: '2026-11-02T00:00:00Z',
    relatedIdentifiers: [
      { relatedIdentifierName: 'SETTLEMENT_ID', relatedIdentifierValue: '177' },
      { relatedIdentifierName: 'ORDER_ID', relatedIdentifierValue: '302-1' },
    ],
    totalAmount: { currencyAmount: 8.5, currencyCode: 'USD' },
    ...rest,
  });
  const usd = (type: string, amount: number, breakdowns: object[] = []) => ({
    breakdownType: type,
    breakdownAmount: { currencyAmount: amount, currencyCode: 'USD' },
    breakdowns,
  });
  const page = (...transactions: object[]) => JSON.stringify({ payload: { transactions } });
  const breakdowns = [usd('Product Charges', 10, [usd('Principal', 9.9), usd('Tax', 0.1)]), usd('AmazonFees', -1.5, [usd('Commission', -1.5)])]; // biome-ignore format: one thought

  it('reads the published example, once its last page is there', () => {
    expect(refusal('AMAZON_FINANCES_2024', published).message).toContain('nextToken');
    const found = read('AMAZON_FINANCES_2024', published.replace('Next token value', ''));
    expect(found.report).toMatchObject({
      externalId: '4MVaHcsAfaYAlwlaPWrXJxrfUiKfYZ2ooWtY7528FUA',
      totalMinor: 1000n,
    });
    expect(brief(found)).toEqual([[1, 'ORDER', 'OTHER', '8129762527551', null, 1000n]]);
  });

  it('takes the leaves of the breakdown as lines, and only what was released', () => {
    const deferred = transaction({ transactionId: 'T2', transactionStatus: 'DEFERRED' });
    const found = read('AMAZON_FINANCES_2024', `${page(transaction({ breakdowns }), deferred)}\n${page()}\n`, 13);
    expect(found.report).toMatchObject({ externalId: '177', totalMinor: 850n });
    expect(brief(found)).toEqual([
      [1, 'ORDER', 'SALE', '302-1', null, 990n],
      [2, 'ORDER', 'SALE_TAX', '302-1', null, 10n],
      [3, 'ORDER', 'COMMISSION', '302-1', null, -150n],
    ]);
  });

  it('tells what a buyer took back through his bank from what was sold', () => {
    const found = read('AMAZON_FINANCES_2024', page(transaction({ transactionType: 'Chargeback', breakdowns })));
    expect(brief(found).map(([, kind, of]) => `${kind} ${of}`)).toEqual(['CHARGEBACK CHARGEBACK', 'CHARGEBACK CHARGEBACK', 'CHARGEBACK COMMISSION']); // biome-ignore format: one thought
  });

  it('prefers items, which name the SKU, unless they do not come to the total', () => {
    const items = (amount: number) => [
      { totalAmount: { currencyAmount: amount, currencyCode: 'USD' }, contexts: [{ contextType: 'ProductContext', sku: 'A1', quantityShipped: 2 }], breakdowns: [usd('Product Charges', amount)] },
    ]; // biome-ignore format: one thought
    expect(brief(read('AMAZON_FINANCES_2024', page(transaction({ breakdowns, items: items(8.5) }))))).toEqual([
      [1, 'ORDER', 'SALE', '302-1', 'A1', 850n],
    ]);
    expect(read('AMAZON_FINANCES_2024', page(transaction({ breakdowns, items: items(8) }))).lines).toHaveLength(3);
  });

  it('refuses a breakdown that does not add up, naming the transaction and the amount', () => {
    expect(refusal('AMAZON_FINANCES_2024', page(transaction({ breakdowns: [usd('Product Charges', 8.5, [usd('Principal', 9)])] })))).toMatchObject({
      code: 'TOTAL_MISMATCH',
      message: 'Transaction T1: totalAmount > Product Charges is stated as 8.50 USD, but its parts add up to 9.00 USD: a difference of 0.50 USD.',
    }); // biome-ignore format: one thought
  });

  it('reads amounts as they are written, not as a float would have them', () => {
    const text = page(transaction({ totalAmount: { currencyAmount: 0, currencyCode: 'USD' } })).replace('"currencyAmount":0', '"currencyAmount":9007199254.93'); // biome-ignore format: one thought
    expect(read('AMAZON_FINANCES_2024', text).report.totalMinor).toBe(900719925493n);
  });
});
