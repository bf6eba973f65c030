import type { LineClass, TransactionKind } from '../model.ts';

const KINDS: Readonly<Record<string, TransactionKind>> = {
  order: 'ORDER',
  refund: 'REFUND',
  'service fee': 'FEE',
  servicefee: 'FEE',
  adjustment: 'ADJUSTMENT',
  'a-to-z guarantee refund': 'CHARGEBACK',
  'chargeback refund': 'CHARGEBACK',
  chargeback: 'CHARGEBACK',
  transfer: 'TRANSFER',
  liquidations: 'ORDER',
  'other-transaction': 'OTHER',
};

/** Amounts of `ItemPrice` by description: of an order, and given back. */
const PRICES: Readonly<Record<string, readonly [sold: LineClass, returned: LineClass]>> = {
  principal: ['SALE', 'REFUND'],
  shipping: ['SHIPPING', 'SHIPPING'],
  giftwrap: ['SHIPPING', 'SHIPPING'],
  tax: ['SALE_TAX', 'REFUND_TAX'],
  shippingtax: ['SHIPPING_TAX', 'SHIPPING_TAX'],
  giftwraptax: ['SHIPPING_TAX', 'SHIPPING_TAX'],
};

const COMMISSIONS = new Set([
  'commission',
  'refundcommission',
  'digitalservicesfee',
  'shippinghb',
  'variableclosingfee',
]);

/** Descriptions that decide by themselves, mostly of rows of `other-transaction`. */
const DESCRIPTIONS: readonly (readonly [RegExp, LineClass])[] = [
  [/^previous reserve amount/, 'RESERVE_RELEASE'],
  [/^current reserve amount/, 'RESERVE'],
  [/reimbursement|warehouse_(lost|damage)|compensated_clawback|missing_from_inbound|free_replacement/, 'ADJUSTMENT'],
  [/currency conversion|exchange/, 'EXCHANGE'],
  [/fee\b|fees\b|subscription|storage|labeling|removal|disposal/, 'FEE'],
];

/** Kind of a row by its `transaction-type`; OTHER when Amazon has a new one. */
export function kindOf(transactionType: string): TransactionKind {
  return KINDS[transactionType.toLowerCase()] ?? 'OTHER';
}

/** Our class of a row by Amazon's words. OTHER marks what is not known: the row is kept and a person decides. */
export function classOf(kind: TransactionKind, amountType: string, amountDescription: string): LineClass {
  const type = amountType.toLowerCase().replaceAll(/[\s_-]/g, '');
  const description = amountDescription.toLowerCase();
  const word = description.replaceAll(/[\s_-]/g, '');
  if (kind === 'CHARGEBACK' && type === 'itemprice') return 'CHARGEBACK';
  switch (type) {
    case 'itemprice':
      return PRICES[word]?.[kind === 'REFUND' ? 1 : 0] ?? 'OTHER';
    case 'itemfees':
      return COMMISSIONS.has(word) ? 'COMMISSION' : 'FEE';
    case 'promotion':
      return 'PROMOTION';
    case 'itemwithheldtax':
      return 'TAX_WITHHELD';
    case 'shipmentfees':
    case 'orderfees':
    case 'costofadvertising':
      return 'FEE';
    default:
      return (
        DESCRIPTIONS.find(([pattern]) => pattern.test(description) || pattern.test(amountType.toLowerCase()))?.[1] ??
        (kind === 'FEE' || kind === 'ADJUSTMENT' || kind === 'CHARGEBACK' ? kind : 'OTHER')
      );
  }
}
