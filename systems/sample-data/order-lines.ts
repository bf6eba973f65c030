import { parseCsv } from './csv.ts';

/** One line of `data/online-retail/order-lines.csv`, as it stands there. */
export interface OrderLine {
  /** Line in the file, from 2 (1 is the header). */
  readonly lineNo: number;
  /** Starts with `C` for a cancellation or return. */
  readonly invoiceNo: string;
  readonly stockCode: string;
  /** Trimmed; may be empty or a clerk's note. */
  readonly description: string;
  /** Negative for returns and write-offs. */
  readonly quantity: number;
  readonly invoiceDate: string;
  /** Pence. 0 where the source has no price. */
  readonly unitPricePence: number;
  /** Empty where the source names none. */
  readonly customerId: string;
  readonly country: string;
}

const HEADER = 'invoice_no,stock_code,description,quantity,invoice_date,unit_price_gbp,customer_id,country';

/** @throws Error that names the line when the file is not the expected one */
export function parseOrderLines(csvText: string): OrderLine[] {
  const [header, ...rows] = parseCsv(csvText);
  if (header?.join(',') !== HEADER) throw new Error(`the first line must be ${HEADER}`);
  return rows.map((row, index) => {
    const lineNo = index + 2;
    const [invoiceNo, stockCode, description, quantity, invoiceDate, price, customerId, country] = row;
    if (row.length !== 8 || !invoiceNo || !stockCode || !invoiceDate || !country) {
      throw new Error(`line ${lineNo} has not the eight fields of the header`);
    }
    return {
      lineNo,
      invoiceNo,
      stockCode,
      description: (description ?? '').trim(),
      quantity: wholeNumber(quantity, lineNo),
      invoiceDate,
      unitPricePence: pence(price, lineNo),
      customerId: customerId ?? '',
      country,
    };
  });
}

/**
 * The SKU of a stock code, or null when the code is not goods (postage, discount, bank charges and the like).
 * Goods have five digits and up to two letters. The source spells some codes both ways, 85123A and 85123a, with the
 * same description: they are one article, spelt with capitals here.
 */
export function skuOf(stockCode: string): string | null {
  const code = stockCode.trim().toUpperCase();
  return /^\d{5}[A-Z]{0,2}$/.test(code) ? code : null;
}

function wholeNumber(text: string | undefined, lineNo: number): number {
  if (!/^-?\d{1,9}$/.test(text ?? '')) throw new Error(`line ${lineNo}: quantity must be a whole number`);
  return Number(text);
}

function pence(text: string | undefined, lineNo: number): number {
  const match = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(text ?? '');
  if (!match) throw new Error(`line ${lineNo}: unit price must be pounds with at most two digits`);
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
}
