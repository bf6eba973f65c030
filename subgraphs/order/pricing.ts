import { addMoney, formatAmount, type Money, money, multiplyMoney, taxOf } from '../../platform/money.ts';
import type { OrderPlaceRefusal } from './errors.ts';
import type { ChannelKind } from './model.ts';

/** What the catalogue says about one requested line. */
export interface Quote {
  readonly known: boolean;
  readonly title: string;
  /** Null when the price list has none in this currency. */
  readonly unitPriceMinor: bigint | null;
  readonly taxBasisPoints: number;
  readonly taxIncluded: boolean;
}

export interface RequestedLine {
  readonly sku: string;
  readonly quantity: number;
  /** As the channel gave it. Null when it gave none. */
  readonly unitPrice: Money | null;
  readonly channelLineId: string | null;
}

export interface PricedLine extends RequestedLine {
  readonly title: string;
  readonly unitPrice: Money;
  readonly total: Money;
  readonly tax: Money;
  readonly taxBasisPoints: number;
}

export interface Totals {
  readonly subtotal: Money;
  readonly discount: Money;
  readonly shipping: Money;
  readonly tax: Money;
  readonly grandTotal: Money;
  readonly taxIncluded: boolean;
}

/** Prices every line, or says for each why not. `quotes` are in the order of `lines`. */
export function priceLines(
  lines: readonly RequestedLine[],
  quotes: readonly Quote[],
  currencyCode: string,
  channelKind: ChannelKind,
): { priced: PricedLine[] } | { refusals: OrderPlaceRefusal[] } {
  const refusals: OrderPlaceRefusal[] = [];
  const priced: PricedLine[] = [];
  lines.forEach((line, index) => {
    const quote = quotes[index];
    const result = quote ? priceLine(line, quote, currencyCode, channelKind, index) : unknownSku(line.sku, index);
    if ('code' in result) refusals.push(result);
    else priced.push(result);
  });
  return refusals.length > 0 ? { refusals } : { priced };
}

function priceLine(
  line: RequestedLine,
  quote: Quote,
  currencyCode: string,
  channelKind: ChannelKind,
  index: number,
): PricedLine | OrderPlaceRefusal {
  if (!quote.known) return unknownSku(line.sku, index);
  const listPrice = quote.unitPriceMinor === null ? null : money(quote.unitPriceMinor, currencyCode);
  const given = line.unitPrice;
  const field = ['input', 'lines', String(index), 'unitPrice'];
  if (given && given.currencyCode !== currencyCode) {
    return {
      code: 'PRICE_CHANGED',
      sku: line.sku,
      field,
      message: `The unit price must be in ${currencyCode}, the currency of the order.`,
    };
  }
  if (given && given.amountMinor < 0n) {
    return { code: 'PRICE_CHANGED', sku: line.sku, field, message: 'The unit price must not be negative.' };
  }
  // A marketplace made its own price with the buyer: it is stored as given.
  const unitPrice = channelKind === 'MARKETPLACE' && given ? given : listPrice;
  if (!unitPrice) {
    return {
      code: 'CURRENCY_NOT_SUPPORTED',
      sku: line.sku,
      field: ['input', 'currencyCode'],
      message: `This item has no price in ${currencyCode} on this channel.`,
    };
  }
  if (given && given.amountMinor !== unitPrice.amountMinor) {
    return {
      code: 'PRICE_CHANGED',
      sku: line.sku,
      field,
      message: `The price is now ${formatAmount(unitPrice)} ${currencyCode}. Show it to the buyer and place the order again.`,
    };
  }
  const total = multiplyMoney(unitPrice, line.quantity);
  return {
    ...line,
    title: quote.title,
    unitPrice,
    total,
    tax: taxOf(total, quote.taxBasisPoints, quote.taxIncluded),
    taxBasisPoints: quote.taxBasisPoints,
  };
}

function unknownSku(sku: string, index: number): OrderPlaceRefusal {
  return {
    code: 'UNKNOWN_SKU',
    sku,
    field: ['input', 'lines', String(index), 'sku'],
    message: 'The catalogue has no such SKU.',
  };
}

/** Sums of an order. Delivery is free and there are no discounts until a price source offers them. */
export function totalsOf(lines: readonly PricedLine[], currencyCode: string, taxIncluded: boolean): Totals {
  const zero = money(0, currencyCode);
  const subtotal = lines.reduce((sum, line) => addMoney(sum, line.total), zero);
  const tax = lines.reduce((sum, line) => addMoney(sum, line.tax), zero);
  return {
    subtotal,
    discount: zero,
    shipping: zero,
    tax,
    grandTotal: taxIncluded ? subtotal : addMoney(subtotal, tax),
    taxIncluded,
  };
}
