import type { LineClass, TransactionKind } from '../model.ts';

const KINDS: readonly (readonly [RegExp, TransactionKind])[] = [
  [/chargeback|guarantee/, 'CHARGEBACK'],
  [/refund/, 'REFUND'],
  [/shipment|order/, 'ORDER'],
  [/reserve/, 'RESERVE'],
  [/transfer|disbursement/, 'TRANSFER'],
  [/fee/, 'FEE'],
  [/adjustment|reimbursement/, 'ADJUSTMENT'],
];

/** Kind of a transaction by its type; OTHER when Amazon has a new one. */
export function kindOf(transactionType: string): TransactionKind {
  const type = transactionType.toLowerCase();
  return KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? 'OTHER';
}

/** From the particular to the general: the first word of the path that fits decides. */
const CLASSES: readonly (readonly [RegExp, LineClass, returned?: LineClass])[] = [
  [/commission/, 'COMMISSION'],
  [/withheld|withholding/, 'TAX_WITHHELD'],
  [/promo|rebate|discount/, 'PROMOTION'],
  [/reserve.*(release|previous)|previous.*reserve/, 'RESERVE_RELEASE'],
  [/reserve/, 'RESERVE'],
  [/fee/, 'FEE'],
  [/shipping.*tax|gift ?wrap.*tax/, 'SHIPPING_TAX'],
  [/tax/, 'SALE_TAX', 'REFUND_TAX'],
  [/shipping|gift ?wrap/, 'SHIPPING'],
  [/principal|product ?charges|price/, 'SALE', 'REFUND'],
];

/** What a buyer paid: where it is taken back against our will, it is charged back. */
const TAKEN_BACK: readonly LineClass[] = ['SALE', 'SALE_TAX', 'SHIPPING', 'SHIPPING_TAX'];

/** Our class of a leaf of a breakdown by the names on the way to it. OTHER marks what is not known. */
export function classOf(kind: TransactionKind, path: readonly string[]): LineClass {
  const returned = kind === 'REFUND';
  for (const name of [...path].reverse()) {
    const word = name.toLowerCase();
    const found = CLASSES.find(([pattern]) => pattern.test(word));
    if (found && kind === 'CHARGEBACK' && TAKEN_BACK.includes(found[1])) return kind;
    if (found) return (returned ? found[2] : undefined) ?? found[1];
  }
  return kind === 'CHARGEBACK' || kind === 'ADJUSTMENT' || kind === 'FEE' ? kind : 'OTHER';
}
