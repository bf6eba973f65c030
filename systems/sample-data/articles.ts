import type { LeftOut } from './model.ts';
import { type OrderLine, skuOf } from './order-lines.ts';

/** What the order lines tell about one SKU. */
export interface Article {
  readonly sku: string;
  /** The most frequent description of the source, as written there. */
  readonly description: string;
  /** Opening price in pence; see {@link openingPrice}. */
  readonly pricePence: number;
  /** Lines that name it. */
  readonly lineCount: number;
  /** Pieces sold over the whole file. */
  readonly sold: number;
  /** Lines of the largest invoice that names it. */
  readonly largestInvoice: number;
}

/** One article per SKU, in the order of the SKU, and the SKUs that lack what an article must have. */
export function articlesOf(lines: readonly OrderLine[]): { articles: Article[]; leftOut: LeftOut[] } {
  const bySku = new Map<string, OrderLine[]>();
  const invoiceLines = new Map<string, number>();
  for (const line of lines) {
    invoiceLines.set(line.invoiceNo, (invoiceLines.get(line.invoiceNo) ?? 0) + 1);
    const sku = skuOf(line.stockCode);
    if (sku === null) continue;
    const known = bySku.get(sku);
    if (known) known.push(line);
    else bySku.set(sku, [line]);
  }
  const articles: Article[] = [];
  const leftOut: LeftOut[] = [];
  for (const [sku, own] of [...bySku].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const description = usualDescription(own);
    const pricePence = openingPrice(own);
    if (description === null) leftOut.push({ sku, reason: 'NO_DESCRIPTION' });
    else if (pricePence === null) leftOut.push({ sku, reason: 'NO_PRICE' });
    else {
      articles.push({
        sku,
        description,
        pricePence,
        lineCount: own.length,
        sold: own.reduce((sum, line) => sum + (line.unitPricePence > 0 ? Math.max(0, line.quantity) : 0), 0),
        largestInvoice: Math.max(...own.map((line) => invoiceLines.get(line.invoiceNo) ?? 0)),
      });
    }
  }
  return { articles, leftOut };
}

/** The till writes capitals; what has none is a clerk's note ("amazon", "?") and not a name. */
const isNote = (description: string) => !/\p{Lu}/u.test(description);

/** The first of the most frequent ones. Null when the source never names the article. */
function usualDescription(lines: readonly OrderLine[]): string | null {
  const counts = new Map<string, number>();
  for (const { description } of lines) {
    if (!isNote(description)) counts.set(description, (counts.get(description) ?? 0) + 1);
  }
  let usual: string | null = null;
  for (const [description, count] of counts) {
    if (usual === null || count > (counts.get(usual) ?? 0)) usual = description;
  }
  return usual;
}

/**
 * The price of the first sale to a known customer: the list price of the day the file opens. Later prices are quantity
 * discounts, price changes, and the higher till prices of lines without a customer. An article that no known customer
 * bought has the price of its first sale; one that only came back, the price of its first return.
 */
function openingPrice(lines: readonly OrderLine[]): number | null {
  const priced = lines.filter((line) => line.unitPricePence > 0);
  const sales = priced.filter((line) => line.quantity > 0);
  const opening = sales.find((line) => line.customerId !== '') ?? sales[0] ?? priced[0];
  return opening?.unitPricePence ?? null;
}
