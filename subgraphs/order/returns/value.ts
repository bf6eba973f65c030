import { addMoney, type Money, money } from '../../../platform/money.ts';
import type { OrderLine } from '../model.ts';

/**
 * What the credit memo over units of an order line will give back, tax included. Its tax is a share of the line's: that
 * of the first n units is rounded half up, and a memo gets the difference between two such shares.
 * @param creditedBefore units of the line on earlier credit memos
 */
export function creditOf(
  line: Pick<OrderLine, 'unitPrice' | 'tax' | 'quantities'>,
  units: number,
  taxIncluded: boolean,
  creditedBefore: number,
): Money {
  const { currencyCode, amountMinor } = line.unitPrice;
  const goods = money(amountMinor * BigInt(units), currencyCode);
  if (taxIncluded) return goods;
  const ordered = BigInt(line.quantities.ordered);
  const share = (of: number) => (line.tax.amountMinor * BigInt(of) * 2n + ordered) / (ordered * 2n);
  return addMoney(goods, money(share(creditedBefore + units) - share(creditedBefore), currencyCode));
}
