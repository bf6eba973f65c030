import type { LineClass, TransactionKind } from '../model.ts';

const KINDS: Readonly<Record<string, TransactionKind>> = {
  sale: 'ORDER',
  refund: 'REFUND',
  return: 'REFUND',
  adjustment: 'ADJUSTMENT',
  disputesettlement: 'ADJUSTMENT',
  reserve: 'RESERVE',
  releasereserve: 'RESERVE',
  reserverelease: 'RESERVE',
  chargeback: 'CHARGEBACK',
  servicefee: 'FEE',
  fee: 'FEE',
  wfs: 'FEE',
};

/** Kind of a row by its `Transaction Type`; OTHER when Walmart has a new one. */
export function kindOf(transactionType: string): TransactionKind {
  return KINDS[plain(transactionType)] ?? 'OTHER';
}

/** Whether the row repeats the total instead of adding to it. */
export function isSummary(transactionType: string): boolean {
  return ['paymentsummary', 'totalpayable', 'payment'].includes(plain(transactionType));
}

/** Our class of a row by Walmart's words. OTHER marks what is not known: the row is kept and a person decides. */
export function classOf(kind: TransactionKind, transactionType: string, amountType: string): LineClass {
  if (kind === 'RESERVE') return plain(transactionType).includes('release') ? 'RESERVE_RELEASE' : 'RESERVE';
  if (kind === 'CHARGEBACK') return 'CHARGEBACK';
  const type = plain(amountType);
  const returned = kind === 'REFUND';
  if (type.includes('commission')) return 'COMMISSION';
  if (type.includes('withheld')) return 'TAX_WITHHELD';
  const shipping = type.includes('shipping') || type.includes('freight');
  if (type.includes('tax')) return shipping ? 'SHIPPING_TAX' : returned ? 'REFUND_TAX' : 'SALE_TAX';
  if (type.includes('fee') || kind === 'FEE') return 'FEE';
  if (kind === 'ADJUSTMENT') return 'ADJUSTMENT';
  if (type.includes('funded') || type.includes('saving') || type.includes('promo')) return 'PROMOTION';
  if (shipping) return 'SHIPPING';
  if (type.includes('price') || type === 'product' || type === 'item') {
    return returned ? 'REFUND' : kind === 'ORDER' ? 'SALE' : 'OTHER';
  }
  return 'OTHER';
}

function plain(words: string): string {
  return words.toLowerCase().replaceAll(/[^a-z]/g, '');
}
