import type { LineClass } from '../reports/model.ts';
import type { MatchLine } from './model.ts';

/** What a line is compared with: our invoices, our credit memos, or neither. */
export type Side = 'SALE' | 'REFUND' | null;

/** Delivery is not on our invoices: what a channel settles for it is income by rule, not compared. */
export function isAboutDelivery(line: Pick<MatchLine, 'class' | 'words'>): boolean {
  if (line.class === 'SHIPPING' || line.class === 'SHIPPING_TAX') return true;
  // Some channels tell delivery from goods by the description alone.
  const ofPrice = ['SALE_TAX', 'REFUND', 'REFUND_TAX', 'PROMOTION'].includes(line.class);
  return ofPrice && /shipping|gift ?wrap|delivery/i.test(`${line.words.type} ${line.words.description}`);
}

export function sideOf(line: Pick<MatchLine, 'class' | 'words' | 'amountMinor'>): Side {
  if (isAboutDelivery(line)) return null;
  switch (line.class) {
    case 'SALE':
    case 'SALE_TAX':
      return 'SALE';
    case 'REFUND':
    case 'REFUND_TAX':
      return 'REFUND';
    // A discount is given with the sale and taken back with the refund.
    case 'PROMOTION':
      return line.amountMinor > 0n ? 'REFUND' : 'SALE';
    default:
      return null;
  }
}

/** Whether the line tells units of goods. */
export function countsUnits(line: Pick<MatchLine, 'class'>): boolean {
  return line.class === 'SALE' || line.class === 'REFUND';
}

/** The class by which a matched line is posted. */
export function classToPost(line: MatchLine): LineClass {
  if (!isAboutDelivery(line)) return line.class;
  return line.class === 'SALE_TAX' || line.class === 'REFUND_TAX' || line.class === 'SHIPPING_TAX' ? 'SHIPPING_TAX' : 'SHIPPING'; // biome-ignore format: one thought
}
